"""What is above runs in a job of its own: `buffer`, `conflate`, `conflate_by`, `flow_on`."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Hashable
from contextvars import Context
from functools import partial
from typing import TYPE_CHECKING, Any, TypeVar

from flowws._core import CoroutineContext
from flowws.channels import BufferOverflow, Channel

from .._arguments import require_callable, settled
from .._channel_settings import CONFLATING, ChannelSettings
from .._closing import close, close_source

if TYPE_CHECKING:
    from flowws.channels import ProducerScope

    from .._flow import Flow

T = TypeVar("T")


def buffer(
    self: Flow[T],
    capacity: int = Channel.BUFFERED,
    on_buffer_overflow: BufferOverflow = BufferOverflow.SUSPEND,
) -> Flow[T]:
    """The same values, made by a job of its own, which may be up to `capacity` ahead of the collector.

    Neighbouring buffers make one channel: sizes add up, an explicit size beats the default of 64, and a policy that
    drops makes what was said before it forgotten. Behind `channel_flow`, `merge` and other flows with a channel, this
    configures theirs.

    A failure above reaches the collector after the values before it. However the collection ends, the job is cancelled
    and joined. Besides what the buffer holds, one value may be made already that waits for room.

    Raises what `Channel` raises for such arguments.

    >>> run(flow_of(1, 2, 3).buffer(10).to_list)
    [1, 2, 3]
    >>> flow_of(1, 2, 3).buffer(10).buffer(20)
    flow_of(1, 2, 3).buffer(30)

    Kotlin: `buffer`.
    """
    Channel[object](capacity, on_buffer_overflow)  # refuses what it would refuse later
    if capacity == Channel.CONFLATED:
        return self._with_channel(CONFLATING)
    return self._with_channel(ChannelSettings(capacity, on_buffer_overflow))


def conflate(self: Flow[T]) -> Flow[T]:
    """The newest value at any time: those that came while the collector was busy are dropped, save the last.

    ``buffer(Channel.CONFLATED)``. The first value is always delivered, and so is the last. A following ``buffer(n)``
    keeps the newest n. On a `StateFlow`, which conflates by itself, the flow itself.

    >>> run(as_flow(range(100)).conflate().to_list)
    [0, 99]

    Kotlin: `conflate`.
    """
    return self._with_channel(CONFLATING)


def conflate_by(self: Flow[T], key: Callable[[T], Awaitable[Hashable] | Hashable]) -> Flow[T]:
    """The newest value of every ``key(value)``: a value that nobody has taken yet gives way to the next of its key.

    A key keeps its place in the queue, so that one that changes all the time cannot push in front of the others. Holds
    as many values as there are keys.

    `key` belongs to what is above. A failure reaches the collector after the values before it.

    >>> prices = flow_of(("A", 1), ("B", 1), ("A", 2), ("B", 2), ("A", 3))
    >>> run(prices.conflate_by(lambda price: price[0]).to_list)
    [('A', 3), ('B', 2)]
    """
    require_callable(key, "key")
    return self._through(_conflate_by, key)


async def _conflate_by(values: AsyncIterator[T], key: Callable[[T], Any]) -> AsyncIterator[T]:
    from .._channel_flow import collected

    newest: dict[Any, T] = {}
    news = collected(partial(_keep_newest, values, key, newest), CONFLATING, "conflate_by")
    try:
        async for _ in news:
            while newest:
                yield newest.pop(next(iter(newest)))
    finally:
        await close_source(news)


async def _keep_newest(
    values: AsyncIterator[T], key: Callable[[T], Any], newest: dict[Any, T], producer: ProducerScope[None]
) -> None:
    try:
        async for value in values:
            newest[await settled(key(value))] = value
            await producer.send(None)  # conflated as well: it never waits for the collector
    except BaseException as failure:
        await close(values, failure)
        raise


def flow_on(self: Flow[T], context: CoroutineContext | Context) -> Flow[T]:
    """The same values, made by a job of its own that runs in `context`; what is below runs where it did.

    A `CoroutineContext` gives the job its name; a ``contextvars.Context`` gives it its context variables (a copy: what
    is set above is not seen anywhere else). Of several, the one nearest to the source counts. There are no threads to
    choose from: a Python loop has one.

    Uses a buffer of 64, unless a neighbouring `buffer` says otherwise. A hot flow runs in nobody's context: on it this
    changes nothing.

    Raises `ValueError` for a context with a job, since whose job it is does not change.

    >>> async def name():
    ...     return current_job().name
    >>> run(as_flow(name).flow_on(CoroutineContext(name="feed")).to_list)
    ['feed']

    Kotlin: `flowOn`.
    """
    if isinstance(context, Context):
        return self._with_channel(ChannelSettings(variables=context.copy()))
    if not isinstance(context, CoroutineContext):  # pyright: ignore[reportUnnecessaryIsInstance]  # untyped callers
        raise TypeError(f"flow_on takes a CoroutineContext or a contextvars.Context, not {context!r}")
    if context.job is not None:
        raise ValueError(f"flow_on cannot move a flow to another job: {context!r}")
    if context == CoroutineContext():
        return self
    return self._with_channel(ChannelSettings(context=context))
