"""`Channel` beside `asyncio.Queue` and anyio's memory object stream: one producer, one consumer, on both loops."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable

import anyio
from _rounds import compare

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


def rate(transfer: Callable[[int], Awaitable[None]], capacity: int, backend: str) -> Callable[[], float]:
    async def timed() -> float:
        start = time.perf_counter()
        await transfer(capacity)
        return COUNT / (time.perf_counter() - start)

    return lambda: anyio.run(timed, backend=backend)


def main() -> None:
    for backend in ("asyncio", "trio"):
        for capacity in (0, 64):
            candidates = {
                "flowws": rate(channel, capacity, backend),
                "anyio memory object stream": rate(memory_stream, capacity, backend),
            }
            if backend == "asyncio":
                candidates[f"asyncio.Queue({capacity or 1})"] = rate(queue, capacity or 1, backend)
            compare(f"{backend}, capacity {capacity}: elements", candidates)


if __name__ == "__main__":
    main()
