"""How many values pass: `take`, `take_while`, `drop`."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, TypeVar

from .._arguments import require_callable, require_count
from .._fusion import Template

if TYPE_CHECKING:
    from .._flow import Flow

T = TypeVar("T")


def take(self: Flow[T], count: int) -> Flow[T]:
    """The first `count` values.

    What is above is closed once the last of them has been dealt with below; its cleanup is awaited.

    Raises `ValueError` when `count` is not positive.

    >>> run(flow_of(1, 2, 3).take(2).to_list)
    [1, 2]
    """
    require_count(count, "count", least=1)
    return self._then(_TAKE, count=count)


_TAKE = Template("take", """
    left -= 1
    ...
    if not left: return
""", before="left = count")  # fmt: skip  # a template reads best as a block


def take_while(self: Flow[T], test: Callable[[T], Awaitable[object]] | Callable[[T], object]) -> Flow[T]:
    """The values up to the first for which ``test(value)`` fails; that one is dropped.

    >>> run(flow_of(1, 2, 3, 1).take_while(lambda n: n < 3).to_list)
    [1, 2]

    Kotlin: `takeWhile`.
    """
    require_callable(test, "test")
    return self._then(_TAKE_WHILE, test=test)


_TAKE_WHILE = Template("take_while", """
    keep = @test(value)
    if not keep: return
    ...
""")  # fmt: skip  # a template reads best as a block


def drop(self: Flow[T], count: int) -> Flow[T]:
    """All but the first `count` values.

    Raises `ValueError` when `count` is negative.

    >>> run(flow_of(1, 2, 3).drop(1).to_list)
    [2, 3]
    """
    require_count(count, "count", least=0)
    return self._then(_DROP, count=count)


_DROP = Template("drop", """
    if left:
        left -= 1
    else:
        ...
""", before="left = count")  # fmt: skip  # a template reads best as a block
