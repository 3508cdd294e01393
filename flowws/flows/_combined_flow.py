"""Any number of flows, newest values together: the functions `combine` and `combine_transform`."""

from __future__ import annotations

from collections.abc import AsyncIterable, Callable, Coroutine
from typing import Any, TypeVar, Unpack, overload

from ._arguments import require_async_iterable, require_callable
from ._flow import Flow
from ._together_flow import TogetherFlow
from .operators._combine import _combine, spread

A = TypeVar("A")
B = TypeVar("B")
C = TypeVar("C")
D = TypeVar("D")
E = TypeVar("E")
R = TypeVar("R")
T = TypeVar("T")


@overload
def combine(a: AsyncIterable[A], b: AsyncIterable[B], /, *, transform: None = None) -> Flow[tuple[A, B]]: ...
@overload
def combine(
    a: AsyncIterable[A], b: AsyncIterable[B], c: AsyncIterable[C], /, *, transform: None = None
) -> Flow[tuple[A, B, C]]: ...
@overload
def combine(
    a: AsyncIterable[A], b: AsyncIterable[B], c: AsyncIterable[C], d: AsyncIterable[D], /, *, transform: None = None
) -> Flow[tuple[A, B, C, D]]: ...
@overload
def combine(
    a: AsyncIterable[A],
    b: AsyncIterable[B],
    c: AsyncIterable[C],
    d: AsyncIterable[D],
    e: AsyncIterable[E],
    /,
    *,
    transform: None = None,
) -> Flow[tuple[A, B, C, D, E]]: ...
@overload
def combine(*flows: AsyncIterable[T], transform: None = None) -> Flow[tuple[T, ...]]: ...
@overload
def combine(
    a: AsyncIterable[A], b: AsyncIterable[B], /, *, transform: Callable[[A, B], Coroutine[Any, Any, R]]
) -> Flow[R]: ...
@overload
def combine(a: AsyncIterable[A], b: AsyncIterable[B], /, *, transform: Callable[[A, B], R]) -> Flow[R]: ...
@overload
def combine(
    a: AsyncIterable[A],
    b: AsyncIterable[B],
    c: AsyncIterable[C],
    /,
    *,
    transform: Callable[[A, B, C], Coroutine[Any, Any, R]],
) -> Flow[R]: ...
@overload
def combine(
    a: AsyncIterable[A], b: AsyncIterable[B], c: AsyncIterable[C], /, *, transform: Callable[[A, B, C], R]
) -> Flow[R]: ...
@overload
def combine(
    a: AsyncIterable[A],
    b: AsyncIterable[B],
    c: AsyncIterable[C],
    d: AsyncIterable[D],
    /,
    *,
    transform: Callable[[A, B, C, D], Coroutine[Any, Any, R]],
) -> Flow[R]: ...
@overload
def combine(
    a: AsyncIterable[A],
    b: AsyncIterable[B],
    c: AsyncIterable[C],
    d: AsyncIterable[D],
    /,
    *,
    transform: Callable[[A, B, C, D], R],
) -> Flow[R]: ...
@overload
def combine(
    a: AsyncIterable[A],
    b: AsyncIterable[B],
    c: AsyncIterable[C],
    d: AsyncIterable[D],
    e: AsyncIterable[E],
    /,
    *,
    transform: Callable[[A, B, C, D, E], Coroutine[Any, Any, R]],
) -> Flow[R]: ...
@overload
def combine(
    a: AsyncIterable[A],
    b: AsyncIterable[B],
    c: AsyncIterable[C],
    d: AsyncIterable[D],
    e: AsyncIterable[E],
    /,
    *,
    transform: Callable[[A, B, C, D, E], R],
) -> Flow[R]: ...
@overload
def combine(
    *flows: AsyncIterable[T], transform: Callable[[Unpack[tuple[T, ...]]], Coroutine[Any, Any, R]]
) -> Flow[R]: ...
@overload
def combine(*flows: AsyncIterable[T], transform: Callable[[Unpack[tuple[T, ...]]], R]) -> Flow[R]: ...
def combine(*flows: AsyncIterable[Any], transform: Callable[..., Any] | None = None) -> Flow[Any]:
    """The newest values of all these flows together, each time that there is a new one: as tuples, or what
    ``transform(first, second, ...)`` makes of them.

    Nothing comes before all have given a value. They run in jobs of their own; from then on each waits until its value
    has been used: none is skipped, and values that are there at the same time share one combination. The last value of
    a flow that has ended stays in use; the end of all is the end.

    A failure of one, also a `CancellationError`, ends the others. Raises `TypeError` for what is no flow.

    >>> run(combine(flow_of(1, 2), flow_of("a", "b"), flow_of(True)).to_list)
    [(1, 'a', True), (2, 'b', True)]
    >>> run(combine(flow_of(1), flow_of(2), transform=lambda a, b: a + b).to_list)
    [3]
    """
    _require_flows(flows)
    if transform is not None:
        require_callable(transform, "transform")
    return TogetherFlow(flows, _combine, transform, is_function=True)


@overload
def combine_transform(
    a: AsyncIterable[A], b: AsyncIterable[B], /, *, transform: Callable[[A, B], AsyncIterable[R]]
) -> Flow[R]: ...
@overload
def combine_transform(
    a: AsyncIterable[A],
    b: AsyncIterable[B],
    c: AsyncIterable[C],
    /,
    *,
    transform: Callable[[A, B, C], AsyncIterable[R]],
) -> Flow[R]: ...
@overload
def combine_transform(
    *flows: AsyncIterable[T], transform: Callable[[Unpack[tuple[T, ...]]], AsyncIterable[R]]
) -> Flow[R]: ...
def combine_transform(*flows: AsyncIterable[Any], transform: Callable[..., AsyncIterable[R]]) -> Flow[R]:
    """Everything that the async generator function ``transform(first, second, ...)`` yields for the newest values of
    all these flows, each time that there is a new one.

    The law: ``combine(*flows).transform(lambda values: transform(*values))``.

    >>> async def apart(number, letter):
    ...     yield number
    ...     yield letter
    >>> run(combine_transform(flow_of(1), flow_of("a"), transform=apart).to_list)
    [1, 'a']

    Kotlin: `combineTransform`.
    """
    _require_flows(flows)
    require_callable(transform, "transform")
    return TogetherFlow[Any](flows, _combine, None, is_function=True).transform(spread(transform))


def _require_flows(flows: tuple[object, ...]) -> None:
    for flow in flows:
        require_async_iterable(flow, "what is combined")
