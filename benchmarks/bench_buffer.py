"""A source that runs ahead of its collector, beside what one could write by hand.

aiostream has no operator like it; a `merge` of one stream is the nearest, for it gives the source a task.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterable, AsyncIterator, Callable
from functools import partial
from importlib.util import find_spec
from typing import Any

import anyio
from _rounds import compare

from flowws import BufferOverflow, ProducerScope, as_flow, channel_flow, flow

COUNT = 20_000
STARTS = 500
HAS_AIOSTREAM = find_spec("aiostream") is not None


async def numbers(count: int = COUNT) -> AsyncIterator[int]:
    for n in range(count):
        yield n


ours = flow(numbers)


@channel_flow
async def sent(producer: ProducerScope[int]) -> None:
    for n in range(COUNT):
        await producer.send(n)


def as_buffered(size: int) -> AsyncIterable[int]:
    return ours().buffer(size)


async def by_queue(size: int) -> AsyncIterator[int]:
    end = object()
    queue: asyncio.Queue[Any] = asyncio.Queue(size)

    async def fill() -> None:
        async for n in numbers():
            await queue.put(n)
        await queue.put(end)

    task = asyncio.create_task(fill())
    while (value := await queue.get()) is not end:
        yield value
    await task


async def by_stream(size: int) -> AsyncIterator[int]:
    send, receive = anyio.create_memory_object_stream[int](size)

    async def fill() -> None:
        async with send:
            async for n in numbers():
                await send.send(n)

    async with anyio.create_task_group() as tasks, receive:
        tasks.start_soon(fill)
        async for value in receive:
            yield value


def of_aiostream(count: int = COUNT) -> AsyncIterable[int]:
    from aiostream import stream

    return stream.merge(numbers(count))


def rate(make: Callable[[], AsyncIterable[Any]], count: int = COUNT) -> Callable[[], float]:
    """How many values a second go in."""

    async def timed() -> float:
        start = time.perf_counter()
        async for _ in make():
            pass
        return count / (time.perf_counter() - start)

    return lambda: anyio.run(timed)


def starts(make: Callable[[], AsyncIterable[Any]]) -> Callable[[], float]:
    """How many collections of one value a second."""

    async def timed() -> float:
        start = time.perf_counter()
        for _ in range(STARTS):
            async for _ in make():
                pass
        return STARTS / (time.perf_counter() - start)

    return lambda: anyio.run(timed)


def main() -> None:
    for size in (0, 64):
        compare(
            f"buffer({size})",
            {
                "flowws": rate(partial(as_buffered, size)),
                "asyncio.Queue by hand": rate(partial(by_queue, max(size, 1))),
                "anyio stream by hand": rate(partial(by_stream, size)),
            }
            | ({"aiostream's merge of one": rate(of_aiostream)} if HAS_AIOSTREAM else {}),
        )
    compare(
        "other ways to be ahead",
        {
            "buffer": rate(lambda: ours().buffer()),
            "conflate": rate(lambda: ours().conflate()),
            "buffer(64, DROP_OLDEST)": rate(lambda: ours().buffer(64, BufferOverflow.DROP_OLDEST)),
            "conflate_by, 100 keys": rate(lambda: ours().conflate_by(lambda n: n % 100)),
            "channel_flow": rate(sent),
        },
    )
    compare(
        "collections of one value",
        {"buffer": starts(lambda: as_flow((1,)).buffer())}
        | ({"aiostream's merge of one": starts(partial(of_aiostream, 1))} if HAS_AIOSTREAM else {}),
    )


if __name__ == "__main__":
    main()
