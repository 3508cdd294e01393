"""One result out of all values: `fold`, `reduce`, `count`."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Coroutine
from typing import TYPE_CHECKING, Any, Final, TypeVar, overload

from flowws._core import NoSuchElementError

from .._arguments import require_callable
from .._fusion import Template

if TYPE_CHECKING:
    from .._flow import Flow

T = TypeVar("T")
R = TypeVar("R")

_NOTHING: Final[Any] = object()


@overload
async def fold(self: Flow[T], initial: R, operation: Callable[[R, T], Coroutine[Any, Any, R]]) -> R: ...
@overload
async def fold(self: Flow[T], initial: R, operation: Callable[[R, T], R]) -> R: ...
async def fold(self: Flow[T], initial: R, operation: Callable[[R, T], Any]) -> R:
    """What is left of `initial` after ``operation(accumulated, value)``, sync or async, with every value.

    `initial` itself when the flow is empty. `scan` shows the steps.

    >>> run(flow_of(1, 2, 3).fold, 10, lambda total, n: total + n)
    16
    """
    require_callable(operation, "operation")
    result: R = await self._finish(_FOLD, initial=initial, operation=operation)
    return result


@overload
async def reduce(self: Flow[T], operation: Callable[[T, T], Coroutine[Any, Any, T]]) -> T: ...
@overload
async def reduce(self: Flow[T], operation: Callable[[T, T], T]) -> T: ...
async def reduce(self: Flow[T], operation: Callable[[T, T], Any]) -> T:
    """As `fold`, beginning with the first value.

    Raises `NoSuchElementError` when the flow is empty.

    >>> run(flow_of(3, 1, 2).reduce, max)
    3
    """
    require_callable(operation, "operation")
    result: T = await self._finish(_REDUCE, _nothing=_NOTHING, operation=operation)
    if result is _NOTHING:
        raise NoSuchElementError(f"no value came out of {self!r}")
    return result


_FOLD = Template(
    "fold",
    "accumulated = @operation(accumulated, value)",
    before="accumulated = initial",
    last="return accumulated",
)
_REDUCE = Template("reduce", """
    if accumulated is _nothing:
        accumulated = value
    else:
        accumulated = @operation(accumulated, value)
""", before="accumulated = _nothing", last="return accumulated")  # fmt: skip  # a template reads best as a block


async def count(self: Flow[T], test: Callable[[T], Awaitable[object]] | Callable[[T], object] | None = None) -> int:
    """How many values there are, or for how many of them ``test(value)`` holds.

    >>> run(flow_of(1, 2, 3).count, lambda n: n > 1)
    2
    """
    counted: int = await (self if test is None else self.filter(test))._finish(_COUNT)
    return counted


_COUNT = Template("count", "counted += 1", before="counted = 0", last="return counted")
