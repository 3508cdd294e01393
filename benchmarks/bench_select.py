"""`select` over two channels, beside what one does without it, with two tasks and a queue.

Either two tasks that live as long as the channels pass everything on to the queue, which takes elements out of their
channels before somebody wants them; or, as `select` does, two tasks per element, of which the one that loses is
cancelled.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable

import anyio
import trio
from _rounds import compare

from flowws import Channel, coroutine_scope, select

COUNT = 10_000  # through each of the two
Consume = Callable[[Channel[int], Channel[int]], Awaitable[None]]


async def by_select(left: Channel[int], right: Channel[int]) -> None:
    for _ in range(2 * COUNT):
        await select(left.on_receive(), right.on_receive())


async def by_asyncio_queue(left: Channel[int], right: Channel[int]) -> None:
    merged: asyncio.Queue[int] = asyncio.Queue(1)  # so that they do not run ahead much

    async def forward(channel: Channel[int]) -> None:
        for _ in range(COUNT):
            await merged.put(await channel.receive())

    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(forward(left))
        tasks.create_task(forward(right))
        for _ in range(2 * COUNT):
            await merged.get()


async def by_two_tasks_each_time(left: Channel[int], right: Channel[int]) -> None:
    taken: asyncio.Queue[int] = asyncio.Queue()

    async def take(channel: Channel[int]) -> None:
        taken.put_nowait(await channel.receive())

    got = 0
    while got < 2 * COUNT:
        tasks = [asyncio.create_task(take(channel)) for channel in (left, right)]
        await taken.get()
        for task in tasks:
            task.cancel()
        await asyncio.wait(tasks)
        got += 1
        while not taken.empty():  # both had one
            taken.get_nowait()
            got += 1


async def by_trio_channel(left: Channel[int], right: Channel[int]) -> None:
    merge, merged = trio.open_memory_channel[int](1)

    async def forward(channel: Channel[int]) -> None:
        for _ in range(COUNT):
            await merge.send(await channel.receive())

    async with trio.open_nursery() as tasks:
        tasks.start_soon(forward, left)
        tasks.start_soon(forward, right)
        for _ in range(2 * COUNT):
            await merged.receive()


def rate(consume: Consume, capacity: int, loop: str) -> Callable[[], float]:
    async def produce(channel: Channel[int]) -> None:
        for n in range(COUNT):
            await channel.send(n)

    async def timed() -> float:
        left, right = Channel[int](capacity), Channel[int](capacity)
        start = time.process_time()
        async with coroutine_scope() as scope:
            scope.launch(produce, left)
            scope.launch(produce, right)
            await consume(left, right)
        return 2 * COUNT / (time.process_time() - start)

    if loop == "uvloop":
        return lambda: anyio.run(timed, backend="asyncio", backend_options={"use_uvloop": True})
    return lambda: anyio.run(timed, backend=loop)


def main() -> None:
    for loop in ("asyncio", "uvloop", "trio"):
        peers: dict[str, Consume] = {
            "two tasks, asyncio.Queue(1)": by_asyncio_queue,
            "two tasks per element": by_two_tasks_each_time,
        }
        if loop == "trio":
            peers = {"two tasks, trio's channel": by_trio_channel}
        for capacity in (0, 64):
            candidates = {"select": rate(by_select, capacity, loop)}
            candidates |= {name: rate(peer, capacity, loop) for name, peer in peers.items()}
            compare(f"{loop}, two channels of capacity {capacity}: elements", candidates)


if __name__ == "__main__":
    main()
