"""Two flows, pair by pair: `zip`."""

from __future__ import annotations

from collections.abc import AsyncIterable, AsyncIterator, Callable, Coroutine
from typing import TYPE_CHECKING, Any, TypeVar, overload

from flowws.channels import Channel

from .._arguments import require_async_iterable, require_callable, settled
from .._beside import Beside
from .._sending import send_all

if TYPE_CHECKING:
    from .._flow import Flow

T = TypeVar("T")
U = TypeVar("U")
R = TypeVar("R")


@overload
def zip(self: Flow[T], other: AsyncIterable[U], transform: None = None) -> Flow[tuple[T, U]]: ...
@overload
def zip(self: Flow[T], other: AsyncIterable[U], transform: Callable[[T, U], Coroutine[Any, Any, R]]) -> Flow[R]: ...
@overload
def zip(self: Flow[T], other: AsyncIterable[U], transform: Callable[[T, U], R]) -> Flow[R]: ...
def zip(self: Flow[T], other: AsyncIterable[U], transform: Callable[[T, U], Any] | None = None) -> Flow[Any]:
    """The first value of this flow with the first of `other`, the second with the second, and so on: as tuples, or what
    ``transform(mine, theirs)`` makes of them.

    It ends as soon as one of the two does; the other is cancelled. `other` runs in a job of its own and is one value
    ahead at most. A failure of either ends both.

    Raises `TypeError` when `other` is no flow or `transform` no function.

    >>> run(flow_of(1, 2, 3).zip(flow_of("a", "b")).to_list)
    [(1, 'a'), (2, 'b')]
    """
    require_async_iterable(other, "other")
    if transform is not None:
        require_callable(transform, "transform")
    return self._together((other,), _zip, transform)


async def _zip(iterators: list[AsyncIterator[Any]], transform: Callable[[Any, Any], Any] | None) -> AsyncIterator[Any]:
    source, other = iterators
    theirs: Channel[Any] = Channel()
    async with Beside(source, "zip") as mine:
        theirs.invoke_on_close(mine.stop)
        mine.scope.launch(_fill, theirs, other, name="zip").invoke_on_completion(theirs.close)
        async for value in mine:
            try:
                pair = value, await anext(theirs)
            except StopAsyncIteration:
                break
            yield pair if transform is None else await settled(transform(*pair))


async def _fill(channel: Channel[Any], values: AsyncIterator[Any]) -> None:
    try:
        await send_all(values, channel.send)
    except Exception as failure:  # noqa: BLE001  # it goes down the channel to the collector
        channel.close(failure)
    else:
        channel.close()
