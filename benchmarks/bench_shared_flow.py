"""`MutableSharedFlow` to many subscribers, beside an `asyncio.Queue` per subscriber and aioreactive's subject.

``one by one``: every value wakes every subscriber, and the next is emitted when all have taken it. ``bursts of 64``: 64
values are emitted before the subscribers run. Bounds of the project: at least 1.5 times the queues one by one and 4
times in bursts, 1.5 times the subject in bursts (it calls its observers inline, so nobody is woken); a delivery costs
the same, within 1.3 times, from 10 subscribers to 10,000; a subscriber takes less than 1 KB beside its task.

For a single subscriber the turns of the loop are most of the time, and the bounds are out of anybody's reach: the
subscriber written by hand, which can do nothing else, shows how far one can get.
"""

from __future__ import annotations

import asyncio
import gc
import time
import tracemalloc
from collections.abc import AsyncIterator, Awaitable, Callable
from functools import partial
from typing import Any

import anyio
import trio
from _rounds import LOOPS, compare, run_on

from flowws import MutableSharedFlow, coroutine_scope, yield_now

DELIVERIES = 100_000
Broadcast = Callable[[int, int], Awaitable[None]]


def rounds_for(subscribers: int, burst: int) -> int:
    """How many bursts make up about as many deliveries as we want to time."""
    return max(2, DELIVERIES // subscribers // burst)


class Tally:
    """Counts what subscribers have taken at the end of each burst; its last value is 0."""

    def __init__(self, subscribers: int, burst: int) -> None:
        self._expected = subscribers * rounds_for(subscribers, burst)
        self.bursts = 0

    def check(self) -> None:
        """Fail if a burst has not reached everybody: the figure would be worth nothing."""
        assert self.bursts == self._expected, f"{self.bursts} of {self._expected} bursts arrived"


async def shared_flow(subscribers: int, burst: int) -> float:
    shared = MutableSharedFlow[int](extra_buffer_capacity=4 * burst)
    tally = Tally(subscribers, burst)
    turn = trio.lowlevel.checkpoint if trio.lowlevel.in_trio_run() else partial(asyncio.sleep, 0)

    async def subscribe() -> None:
        async for n in shared:
            if not n:
                tally.bursts += 1

    async with coroutine_scope() as scope:
        for _ in range(subscribers):
            scope.launch(subscribe)
        await yield_now()
        await yield_now()
        start = time.process_time()
        for _ in range(rounds_for(subscribers, burst)):
            for n in reversed(range(burst)):
                await shared.emit(n)
            await turn()
        await turn()
        took = time.process_time() - start
        scope.job.cancel_children()
    tally.check()
    return took


async def queues(subscribers: int, burst: int) -> float:
    each: list[asyncio.Queue[int]] = [asyncio.Queue(4 * burst) for _ in range(subscribers)]
    tally = Tally(subscribers, burst)

    async def subscribe(queue: asyncio.Queue[int]) -> None:
        while True:
            if not await queue.get():
                tally.bursts += 1

    tasks = [asyncio.create_task(subscribe(queue)) for queue in each]
    await asyncio.sleep(0)
    start = time.process_time()
    for _ in range(rounds_for(subscribers, burst)):
        for n in reversed(range(burst)):
            for queue in each:
                await queue.put(n)
        await asyncio.sleep(0)
    await asyncio.sleep(0)
    took = time.process_time() - start
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    tally.check()
    return took


async def by_hand(subscribers: int, burst: int) -> float:
    """What is left of a hot flow when it can do nothing but this: the most that `async for` over futures allows."""
    values: list[int] = []
    parked: list[asyncio.Future[None]] = []
    tally = Tally(subscribers, burst)
    loop = asyncio.get_running_loop()

    async def delivered() -> AsyncIterator[int]:
        while True:
            for n in values:
                yield n
            waiter: asyncio.Future[None] = loop.create_future()
            parked.append(waiter)
            await waiter

    async def subscribe() -> None:
        async for n in delivered():
            if not n:
                tally.bursts += 1

    async def emit(n: int) -> None:
        if parked:
            values.clear()
        values.append(n)
        waiting = parked[:]
        parked.clear()
        for waiter in waiting:
            waiter.set_result(None)

    tasks = [asyncio.create_task(subscribe()) for _ in range(subscribers)]
    await asyncio.sleep(0)
    start = time.process_time()
    for _ in range(rounds_for(subscribers, burst)):
        for n in reversed(range(burst)):
            await emit(n)
        await asyncio.sleep(0)
    await asyncio.sleep(0)
    took = time.process_time() - start
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    tally.check()
    return took


async def subject(subscribers: int, burst: int) -> float:
    import aioreactive as rx

    subject: Any = rx.AsyncSubject[int]()
    tally = Tally(subscribers, burst)

    async def taken(n: int) -> None:
        if not n:
            tally.bursts += 1

    disposables = [await subject.subscribe_async(rx.AsyncAnonymousObserver(taken)) for _ in range(subscribers)]
    start = time.process_time()
    for _ in range(rounds_for(subscribers, burst)):
        for n in reversed(range(burst)):
            await subject.asend(n)
        await asyncio.sleep(0)
    took = time.process_time() - start
    for disposable in disposables:
        await disposable.dispose_async()
    tally.check()
    return took


def rate(
    broadcast: Callable[[int, int], Awaitable[float]], subscribers: int, burst: int, loop: str
) -> Callable[[], float]:
    async def timed() -> float:
        gc.collect()
        gc.disable()  # as `timeit` does: looking through 10,000 tasks takes longer than waking them
        try:
            deliveries = rounds_for(subscribers, burst) * burst * subscribers
            return deliveries / await broadcast(subscribers, burst)
        finally:
            gc.enable()

    return lambda: run_on(loop, timed)


async def memory_of_a_subscriber() -> float:
    """In bytes, of a subscriber that waits, without its task and the coroutine that reads."""
    count = 1000
    shared = MutableSharedFlow[int](extra_buffer_capacity=1)
    gates = [anyio.Event() for _ in range(count)]

    async def subscribe(gate: anyio.Event) -> None:
        await gate.wait()
        async for _ in shared:
            pass

    async with coroutine_scope() as scope:
        for gate in gates:
            scope.launch(subscribe, gate)
        for _ in range(4):
            await yield_now()
        gc.collect()
        tracemalloc.start()
        for gate in gates:
            gate.set()
        for _ in range(4):
            await yield_now()
        gc.collect()
        taken, _ = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        scope.job.cancel_children()
    return taken / count


def main() -> None:
    for loop in LOOPS:
        for burst, title in ((1, "one by one"), (64, "bursts of 64")):
            for subscribers in (1, 100, 1000):
                candidates = {"flowws": rate(shared_flow, subscribers, burst, loop)}
                if loop != "trio":
                    candidates["asyncio.Queue each"] = rate(queues, subscribers, burst, loop)
                    candidates["a list and futures by hand"] = rate(by_hand, subscribers, burst, loop)
                    candidates["aioreactive subject"] = rate(subject, subscribers, burst, loop)
                compare(f"{loop}, {subscribers} subscribers, {title}: deliveries", candidates)
            candidates = {f"{n} subscribers": rate(shared_flow, n, burst, loop) for n in (10, 100, 1000, 10_000)}
            compare(f"{loop}, {title}, is the cost flat? deliveries", candidates)
        print(f"\n{loop}: {run_on(loop, memory_of_a_subscriber):,.0f} bytes per subscriber that waits")


if __name__ == "__main__":
    main()
