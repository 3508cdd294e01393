"""Operators of time: a burst through `debounce`, and values that all come in time through `timeout`."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterable, AsyncIterator, Awaitable, Callable
from typing import Any

import aioreactive as rx
import anyio
import reactivex
import reactivex.operators as ops
from _rounds import compare
from aiostream import stream
from reactivex.scheduler.eventloop import AsyncIOScheduler

from flowws import as_flow

COUNT = 50_000
QUIET = 0.001


async def numbers() -> AsyncIterator[int]:
    for n in range(COUNT):
        yield n


def rate(main: Callable[[], Awaitable[object]]) -> Callable[[], float]:
    async def timed() -> float:
        start = time.perf_counter()
        await main()
        return COUNT / (time.perf_counter() - start)

    return lambda: anyio.run(timed)


async def drain(values: AsyncIterable[Any]) -> None:
    async for _ in values:
        pass


# debounce: only the last value of the burst passes


async def a_timer_per_value() -> None:
    """By hand: the timer is moved with every value."""
    loop = asyncio.get_running_loop()
    passed: asyncio.Future[int] = loop.create_future()
    timer: asyncio.TimerHandle | None = None
    async for n in numbers():
        if timer is not None:
            timer.cancel()
        timer = loop.call_later(QUIET, passed.set_result, n)
    await passed


async def debounce_of_reactivex() -> None:
    loop = asyncio.get_running_loop()
    over: asyncio.Future[None] = loop.create_future()
    source = reactivex.range(COUNT).pipe(ops.debounce(QUIET, AsyncIOScheduler(loop)))
    source.subscribe(on_completed=lambda: over.set_result(None))
    await over


async def debounce_of_aioreactive() -> None:
    over: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    async def close() -> None:
        over.set_result(None)

    source = rx.from_iterable(range(COUNT))
    async with await rx.pipe(source, rx.debounce(QUIET)).subscribe_async(rx.AsyncAnonymousObserver(aclose=close)):
        await over


# timeout: every value is in time


async def a_deadline_per_value() -> None:
    """By hand: a deadline around every step, in one task."""
    values = numbers()
    while True:
        with anyio.fail_after(1):
            try:
                await anext(values)
            except StopAsyncIteration:
                return


async def timeout_of_aiostream() -> None:
    async with stream.timeout(numbers(), 1).stream() as values:
        await drain(values)


def main() -> None:
    source = as_flow(range(COUNT))
    compare(
        "debounce: values of a burst",
        {
            "flowws": rate(lambda: drain(source.debounce(QUIET))),
            "a timer per value, by hand": rate(a_timer_per_value),
            "reactivex": rate(debounce_of_reactivex),
            "aioreactive": rate(debounce_of_aioreactive),
        },
    )
    compare(
        "timeout: values that come in time",
        {
            "flowws": rate(lambda: drain(source.timeout(1))),
            "a deadline per value, by hand": rate(a_deadline_per_value),
            "aiostream": rate(timeout_of_aiostream),
        },
    )


if __name__ == "__main__":
    main()
