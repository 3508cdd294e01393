"""Many calls at once: `map_concurrent`."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Coroutine
from typing import TYPE_CHECKING, Any, TypeVar, overload

from flowws._core import Deferred, Semaphore
from flowws.channels import Channel, ProducerScope

from .._arguments import require_callable, require_count, settled
from .._beginning import heed_cancellation
from .._channel_settings import ChannelSettings
from .._closing import close

if TYPE_CHECKING:
    from .._flow import Flow

T = TypeVar("T")
R = TypeVar("R")


@overload
def map_concurrent(
    self: Flow[T], transform: Callable[[T], Coroutine[Any, Any, R]], limit: int, *, ordered: bool = True
) -> Flow[R]: ...
@overload
def map_concurrent(self: Flow[T], transform: Callable[[T], R], limit: int, *, ordered: bool = True) -> Flow[R]: ...
def map_concurrent(self: Flow[T], transform: Callable[[T], Any], limit: int, *, ordered: bool = True) -> Flow[Any]:
    """``transform(value)`` for every value, with up to `limit` of these calls at work at once.

    The results come in the order of the values: a call that is slow holds back those after it, and no more than `limit`
    are at work or wait for their turn. With ``ordered=False`` they come as they are ready (a buffer of 64). Nothing is
    asked from above while the limit is reached.

    A failure of one call cancels the others; one that ends with a `CancellationError` gives no value.

    Raises `ValueError` when `limit` is not positive.

    >>> async def slowly(n):
    ...     await delay(0.003 / n)
    ...     return n
    >>> run(flow_of(1, 2, 3).map_concurrent(slowly, 3).to_list)
    [1, 2, 3]
    >>> run(flow_of(1, 2, 3).map_concurrent(slowly, 3, ordered=False).to_list)
    [3, 2, 1]
    """
    require_callable(transform, "transform")
    require_count(limit, "limit", least=1)
    if ordered:
        return self._through(_map_concurrent, transform, limit)
    return self._sent_by(_map_concurrent_unordered, transform, limit, _Unordered())


async def _map_concurrent(source: AsyncIterator[T], transform: Callable[[T], Any], limit: int) -> AsyncIterator[Any]:
    from .._channel_flow import collected

    permits = Semaphore(limit)

    async def work(value: T) -> Any:
        return await settled(transform(value))

    async def main(producer: ProducerScope[Deferred[Any]]) -> None:
        def launch(value: T) -> None:
            producer.try_send(producer.async_(work, value, name="map_concurrent"))

        await _launch_for_each(producer, source, permits, launch)

    results = collected(main, ChannelSettings(Channel.UNLIMITED), "map_concurrent")  # the permits are its limit
    try:
        async for result in results:
            await result.join()
            permits.release()
            if not result.is_cancelled:
                yield result.get_completed()
    except BaseException as failure:
        await close(results, failure)
        raise


class _Unordered:
    """How the option is shown in a pipeline."""

    def __repr__(self) -> str:
        return "ordered=False"


async def _map_concurrent_unordered(
    producer: ProducerScope[Any], source: AsyncIterator[T], transform: Callable[[T], Any], limit: int, _: _Unordered
) -> None:
    permits = Semaphore(limit)

    async def work(value: T) -> None:
        await producer.channel.send(await settled(transform(value)))

    def launch(value: T) -> None:
        producer.launch(work, value, name="map_concurrent").invoke_on_completion(lambda _: permits.release())

    await _launch_for_each(producer, source, permits, launch)


_map_concurrent_unordered.__name__ = "map_concurrent"  # as pipelines and jobs show it


async def _launch_for_each(
    producer: ProducerScope[Any], source: AsyncIterator[T], permits: Semaphore, launch: Callable[[T], object]
) -> None:
    """Launch the work for every value; the next one is asked for when there is a permit for it."""
    try:
        await permits.acquire()
        async for value in source:
            await heed_cancellation(producer)
            launch(value)
            await permits.acquire()
    except BaseException as failure:
        await close(source, failure)
        raise
