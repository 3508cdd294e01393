"""With what another flow said last: `with_latest_from`."""

from __future__ import annotations

from collections.abc import AsyncIterable, AsyncIterator, Callable, Coroutine
from typing import TYPE_CHECKING, Any, TypeVar, overload

from .._arguments import require_async_iterable, require_callable, settled
from .._beginning import begun
from .._beside import Beside
from .._sending import send_all

if TYPE_CHECKING:
    from .._flow import Flow

T = TypeVar("T")
U = TypeVar("U")
R = TypeVar("R")


@overload
def with_latest_from(self: Flow[T], other: AsyncIterable[U], transform: None = None) -> Flow[tuple[T, U]]: ...
@overload
def with_latest_from(
    self: Flow[T], other: AsyncIterable[U], transform: Callable[[T, U], Coroutine[Any, Any, R]]
) -> Flow[R]: ...
@overload
def with_latest_from(self: Flow[T], other: AsyncIterable[U], transform: Callable[[T, U], R]) -> Flow[R]: ...
def with_latest_from(
    self: Flow[T], other: AsyncIterable[U], transform: Callable[[T, U], Any] | None = None
) -> Flow[Any]:
    """Each value together with the newest one of `other`: as tuples, or what ``transform(mine, theirs)`` makes of them.

    Only the values of this flow make something come out; those from before the first of `other` are dropped. `other`
    has the first turn. When it ends, its last value stays in use; the end of this flow ends it.

    A failure of either ends both. Raises `TypeError` when `other` is no flow or `transform` no function.

    >>> run(flow_of(1, 2).with_latest_from(flow_of("a", "b")).to_list)
    [(1, 'b'), (2, 'b')]
    """
    require_async_iterable(other, "other")
    if transform is not None:
        require_callable(transform, "transform")
    return self._together((other,), _with_latest_from, transform)


async def _with_latest_from(
    iterators: list[AsyncIterator[Any]], transform: Callable[[Any, Any], Any] | None
) -> AsyncIterator[Any]:
    source, other = iterators
    latest: list[Any] = []
    async with Beside(source, "with_latest_from") as mine:
        job = await begun(mine.scope, _keep_latest, other, latest, mine, name="with_latest_from")
        job.invoke_on_completion(mine.hear)
        async for value in mine:
            if latest:
                pair = value, latest[0]
                yield pair if transform is None else await settled(transform(*pair))


async def _keep_latest(values: AsyncIterator[Any], latest: list[Any], mine: Beside[Any]) -> None:
    async def keep(value: Any) -> None:
        latest[:] = (value,)

    try:
        await send_all(values, keep)
    except Exception as failure:  # noqa: BLE001  # it goes to the collector
        mine.stop(failure)
