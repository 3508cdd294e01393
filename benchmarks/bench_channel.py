"""`Channel` beside `asyncio.Queue`, trio's memory channel and anyio's memory object stream: one producer, one consumer.

On asyncio, on uvloop where it is installed, and on trio. Bounds of the project: rendezvous at least 3 times anyio's
stream, capacity 64 at least 10 times it and 1.7 times `asyncio.Queue`; on trio at least 1.4 times trio's own channel at
capacity 0 and 10 times at 64.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable

import anyio
import trio
from _rounds import LOOPS, compare, run_on

from flowws import Channel, coroutine_scope

COUNT = 50_000


async def channel(capacity: int) -> None:
    elements = Channel[int](capacity)

    async def produce() -> None:
        for n in range(COUNT):
            await elements.send(n)
        elements.close()

    async with coroutine_scope() as scope:
        scope.launch(produce)
        async for _ in elements:
            pass


async def queue(capacity: int) -> None:
    elements: asyncio.Queue[int] = asyncio.Queue(capacity)

    async def produce() -> None:
        for n in range(COUNT):
            await elements.put(n)

    producer = asyncio.create_task(produce())
    for _ in range(COUNT):
        await elements.get()
    await producer


async def memory_stream(capacity: int) -> None:
    send, receive = anyio.create_memory_object_stream[int](capacity)

    async def produce() -> None:
        with send:
            for n in range(COUNT):
                await send.send(n)

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(produce)
        with receive:
            async for _ in receive:
                pass


async def trio_channel(capacity: int) -> None:
    send, receive = trio.open_memory_channel[int](capacity)

    async def produce() -> None:
        async with send:
            for n in range(COUNT):
                await send.send(n)

    async with trio.open_nursery() as nursery:
        nursery.start_soon(produce)
        async for _ in receive:
            pass


def rate(transfer: Callable[[int], Awaitable[None]], capacity: int, loop: str) -> Callable[[], float]:
    async def timed() -> float:
        start = time.process_time()
        await transfer(capacity)
        return COUNT / (time.process_time() - start)

    return lambda: run_on(loop, timed)


def main() -> None:
    for loop in LOOPS:
        for capacity in (0, 64):
            candidates = {
                "flowws": rate(channel, capacity, loop),
                "anyio memory object stream": rate(memory_stream, capacity, loop),
            }
            if loop == "trio":
                candidates["trio memory channel"] = rate(trio_channel, capacity, loop)
            else:
                candidates[f"asyncio.Queue({capacity or 1})"] = rate(queue, capacity or 1, loop)
            compare(f"{loop}, capacity {capacity}: elements", candidates)


if __name__ == "__main__":
    main()
