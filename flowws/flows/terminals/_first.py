"""The value at the front: `first`, `first_or_none`."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any, Final, TypeVar

from flowws._core import NoSuchElementError

from .._fusion import Template

if TYPE_CHECKING:
    from .._flow import Flow

T = TypeVar("T")

_NOTHING: Final[Any] = object()


async def first(self: Flow[T], test: Callable[[T], Awaitable[object]] | Callable[[T], object] | None = None) -> T:
    """The first value, or the first for which ``test(value)`` holds; what is above is closed then.

    Raises `NoSuchElementError` when there is none.

    >>> run(flow_of(1, 2, 3).first, lambda n: n > 1)
    2
    """
    value: T = await _first_of(self, test, _NOTHING)
    if value is _NOTHING:
        what = f"no value came out of {self!r}" if test is None else f"no value of {self!r} passes the test"
        raise NoSuchElementError(what)
    return value


async def first_or_none(
    self: Flow[T], test: Callable[[T], Awaitable[object]] | Callable[[T], object] | None = None
) -> T | None:
    """The first value, or the first for which ``test(value)`` holds; what is above is closed then. None without one.

    >>> print(run(flow_of(1, 2, 3).first_or_none, lambda n: n > 3))
    None

    Kotlin: `firstOrNull`.
    """
    value: T | None = await _first_of(self, test, None)
    return value


async def _first_of(flow: Flow[T], test: Callable[[T], Any] | None, otherwise: Any) -> Any:
    return await (flow if test is None else flow.filter(test))._finish(_FIRST, _otherwise=otherwise)


_FIRST = Template("first", "return value", last="return _otherwise")
