"""Only the newest counts: `transform_latest`, `map_latest`, `flat_map_latest`."""

from __future__ import annotations

from collections.abc import AsyncIterable, AsyncIterator, Callable, Coroutine
from typing import TYPE_CHECKING, Any, TypeVar, overload

from flowws._core import Job, coroutine_scope
from flowws.channels import ProducerScope

from .._arguments import require_callable, settled
from .._beginning import begun
from .._closing import close
from .._sending import send_all

if TYPE_CHECKING:
    from .._flow import Flow

T = TypeVar("T")
R = TypeVar("R")


def transform_latest(self: Flow[T], generate: Callable[[T], AsyncIterable[R]]) -> Flow[R]:
    """Everything that the async generator function ``generate(value)`` yields for the newest value above; a new value
    cancels the generator of the one before.

    The old one is cancelled, and its cleanup awaited, before the new one starts. What it had yielded before that is
    still delivered (a buffer of 64). A generator that never waits is never interrupted.

    >>> async def steps(n):
    ...     yield n
    ...     await delay(0.001)
    ...     yield n * 10
    >>> run(flow_of(1, 2).transform_latest(steps).to_list)
    [1, 2, 20]

    Kotlin: `transformLatest`.
    """
    require_callable(generate, "generate")
    return self._sent_by(_transform_latest, generate)


@overload
def map_latest(self: Flow[T], transform: Callable[[T], Coroutine[Any, Any, R]]) -> Flow[R]: ...
@overload
def map_latest(self: Flow[T], transform: Callable[[T], R]) -> Flow[R]: ...
def map_latest(self: Flow[T], transform: Callable[[T], Any]) -> Flow[Any]:
    """``transform(value)`` for the newest value above; a new value cancels the call for the one before.

    `transform_latest` with one value each. A call that never waits is never interrupted.

    >>> async def slowly(n):
    ...     await delay(0.001)
    ...     return n * 10
    >>> run(flow_of(1, 2).map_latest(slowly).to_list)
    [20]

    Kotlin: `mapLatest`.
    """
    require_callable(transform, "transform")
    return self._sent_by(_map_latest, transform)


@overload
def flat_map_latest(self: Flow[T], transform: Callable[[T], Coroutine[Any, Any, AsyncIterable[R]]]) -> Flow[R]: ...
@overload
def flat_map_latest(self: Flow[T], transform: Callable[[T], AsyncIterable[R]]) -> Flow[R]: ...
def flat_map_latest(self: Flow[T], transform: Callable[[T], Any]) -> Flow[Any]:
    """The values of ``transform(value)``, a flow, for the newest value above; a new one cancels the flow of the one
    before.

    `transform_latest` with all values of a flow: the old flow is cancelled, and its cleanup awaited, before the new one
    starts. What it had handed over before that is still delivered (a buffer of 64). A flow that never waits is never
    interrupted.

    >>> run(flow_of(1, 2).flat_map_latest(lambda n: flow_of(n, n * 10)).to_list)
    [1, 10, 2, 20]

    Kotlin: `flatMapLatest`.
    """
    require_callable(transform, "transform")
    return self._sent_by(_flat_map_latest, transform)


async def _transform_latest(
    producer: ProducerScope[Any], source: AsyncIterator[T], generate: Callable[[T], AsyncIterable[Any]]
) -> None:
    async def block(value: T) -> None:
        await send_all(aiter(generate(value)), producer.channel.send)

    await switch(source, block, "transform_latest")


async def _map_latest(producer: ProducerScope[Any], source: AsyncIterator[T], transform: Callable[[T], Any]) -> None:
    async def block(value: T) -> None:
        await producer.channel.send(await settled(transform(value)))

    await switch(source, block, "map_latest")


async def _flat_map_latest(
    producer: ProducerScope[Any], source: AsyncIterator[T], transform: Callable[[T], Any]
) -> None:
    async def block(value: T) -> None:
        await send_all(aiter(await settled(transform(value))), producer.channel.send)

    await switch(source, block, "flat_map_latest")


async def switch(source: AsyncIterator[T], block: Callable[[T], Coroutine[Any, Any, object]], name: str) -> None:
    """Run ``block(value)`` for every value, one at a time: a new value cancels and joins the block before.

    A block runs up to its first wait before the next value may interrupt it. Waits for the last one.
    """
    async with coroutine_scope(name) as blocks:
        try:
            running: Job | None = None
            async for value in source:
                if running is not None:
                    await running.cancel_and_join()
                running = await begun(blocks, block, value, name=name)
        except BaseException as failure:
            await close(source, failure)
            raise
