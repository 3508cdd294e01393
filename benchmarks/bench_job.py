"""Launching and joining jobs that do nothing, beside an anyio task group, on both loops."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable

import anyio
from _rounds import compare

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


def rate(run: Callable[[], Awaitable[None]], backend: str) -> Callable[[], float]:
    async def timed() -> float:
        start = time.perf_counter()
        await run()
        return COUNT / (time.perf_counter() - start)

    return lambda: anyio.run(timed, backend=backend)


def main() -> None:
    for backend in ("asyncio", "trio"):
        candidates = {"flowws": rate(scope, backend), "anyio task group": rate(task_group, backend)}
        compare(f"{backend}: jobs", candidates)


if __name__ == "__main__":
    main()
