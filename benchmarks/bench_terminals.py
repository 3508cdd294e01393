"""Terminals beside the loop that one would write by hand, and the price of the bridge to aioreactive."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable

import aioreactive as rx
import anyio
from _rounds import compare

from flowws import as_flow, flow_of, from_observable

COUNT = 100_000
SHORT = 5_000
BRIDGED = 10_000


def add(total: int, n: int) -> int:
    return total + n


def rate(main: Callable[[], Awaitable[object]], count: int) -> Callable[[], float]:
    async def timed() -> float:
        start = time.perf_counter()
        await main()
        return count / (time.perf_counter() - start)

    return lambda: anyio.run(timed)


def many_times(main: Callable[[], Awaitable[object]]) -> Callable[[], float]:
    async def repeated() -> None:
        for _ in range(SHORT):
            await main()

    return rate(repeated, SHORT)


short = flow_of(1).map(abs).filter(bool).map(abs)
numbers = as_flow(range(COUNT))
bridged = as_flow(range(BRIDGED))


async def comprehension() -> list[int]:
    return [n async for n in short]


async def break_out() -> None:
    async for _ in short:
        break


async def loop() -> int:
    total = 0
    async for n in numbers:
        total = add(total, n)
    return total


async def own_source() -> None:
    """One way only, from an async iterable to an observer."""
    over: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    async def close() -> None:
        over.set_result(None)

    mapped = rx.map(abs)(rx.from_async_iterable(as_flow(range(BRIDGED))))
    async with await mapped.subscribe_async(rx.AsyncAnonymousObserver(aclose=close)):
        await over


async def own_iterator() -> None:
    """There and back, through its observer that can be iterated."""
    mapped = rx.map(abs)(rx.from_async_iterable(as_flow(range(BRIDGED))))
    async for _ in rx.to_async_iterable(mapped):
        pass


def main() -> None:
    compare(
        "all of a short flow: collections",
        {"to_list": many_times(short.to_list), "a comprehension": many_times(comprehension)},
    )
    compare(
        "one value of a short flow: collections",
        {"first": many_times(short.first), "last": many_times(short.last), "a loop with break": many_times(break_out)},
    )
    compare(
        "a sum: values",
        {"fold": rate(lambda: numbers.fold(0, add), COUNT), "a loop by hand": rate(loop, COUNT)},
    )
    compare(
        "through one operator of aioreactive and back: values",
        {
            "pipe": rate(bridged.pipe(rx.map(abs)).collect, BRIDGED),
            "pipe, with a buffer": rate(bridged.pipe(rx.map(abs)).buffer(64).collect, BRIDGED),
            "from_observable": rate(from_observable(rx.map(abs)(bridged.as_observable())).collect, BRIDGED),
            "aioreactive, there only": rate(own_source, BRIDGED),
            "aioreactive, there and back": rate(own_iterator, BRIDGED),
        },
    )


if __name__ == "__main__":
    main()
