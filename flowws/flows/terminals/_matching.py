"""Whether values pass a test: `any`, `all`, `none`."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, TypeVar

from .._arguments import require_callable
from .._fusion import Template

if TYPE_CHECKING:
    from .._flow import Flow

T = TypeVar("T")


async def any(self: Flow[T], test: Callable[[T], Awaitable[object]] | Callable[[T], object]) -> bool:
    """Whether ``test(value)`` holds for some value; what is above is closed at the first.

    So it ends on an endless flow, if there is one. False when the flow is empty.

    >>> run(flow_of(1, 2).any, lambda n: n > 1)
    True
    """
    require_callable(test, "test")
    found: bool = await self._finish(_ANY, test=test)
    return found


async def none(self: Flow[T], test: Callable[[T], Awaitable[object]] | Callable[[T], object]) -> bool:
    """Whether ``test(value)`` holds for no value; what is above is closed at the first for which it does.

    True when the flow is empty.

    >>> run(flow_of(1, 2).none, lambda n: n > 1)
    False
    """
    require_callable(test, "test")
    not_found: bool = await self._finish(_NONE, test=test)
    return not_found


async def all(self: Flow[T], test: Callable[[T], Awaitable[object]] | Callable[[T], object]) -> bool:
    """Whether ``test(value)`` holds for every value; what is above is closed at the first for which it does not.

    True when the flow is empty.

    >>> run(flow_of(1, 2).all, lambda n: n > 1)
    False
    """
    require_callable(test, "test")
    not_found: bool = await self._finish(_ALL, test=test)
    return not_found


_ANY = Template("any", """
    holds = @test(value)
    if holds: return True
""", last="return False")  # fmt: skip  # a template reads best as a block
_NONE = Template("none", """
    holds = @test(value)
    if holds: return False
""", last="return True")  # fmt: skip  # a template reads best as a block
_ALL = Template("all", """
    holds = @test(value)
    if not holds: return False
""", last="return True")  # fmt: skip  # a template reads best as a block
