"""Launching and joining jobs that do nothing, beside an anyio task group: asyncio, uvloop where it is installed, trio.

Bounds of the project: at most 0.6 of the task group's time on asyncio (1.67 times its rate), 0.9 on trio (1.11 times).
"""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable

import anyio
from _rounds import LOOPS, compare, run_on

from flowws import coroutine_scope

COUNT = 10_000


async def nothing() -> None: ...


async def scope() -> None:
    async with coroutine_scope() as jobs:
        for _ in range(COUNT):
            jobs.launch(nothing)


async def task_group() -> None:
    async with anyio.create_task_group() as tasks:
        for _ in range(COUNT):
            tasks.start_soon(nothing)


def rate(run: Callable[[], Awaitable[None]], loop: str) -> Callable[[], float]:
    async def timed() -> float:
        start = time.process_time()
        await run()
        return COUNT / (time.process_time() - start)

    return lambda: run_on(loop, timed)


def main() -> None:
    for loop in LOOPS:
        candidates = {"flowws": rate(scope, loop), "anyio task group": rate(task_group, loop)}
        compare(f"{loop}: jobs", candidates)


if __name__ == "__main__":
    main()
