"""A chain of operators beside what one could write by hand: one loop, or one async generator per operator."""

from __future__ import annotations

import time
from collections.abc import AsyncIterable, AsyncIterator, Callable

import anyio
from _rounds import compare

from flowws import as_flow

COUNT = 100_000


def add(n: int) -> int:
    return n + 1


def is_even(n: int) -> bool:
    return n % 2 == 0


fused = as_flow(range(COUNT)).map(add).filter(is_even).map(add)


async def one_loop() -> AsyncIterator[int]:
    for n in range(COUNT):
        added = add(n)
        if is_even(added):
            yield add(added)


async def source() -> AsyncIterator[int]:
    for n in range(COUNT):
        yield n


async def mapped(values: AsyncIterator[int]) -> AsyncIterator[int]:
    async for value in values:
        yield add(value)


async def filtered(values: AsyncIterator[int]) -> AsyncIterator[int]:
    async for value in values:
        if is_even(value):
            yield value


def rate(stream: Callable[[], AsyncIterable[int]]) -> Callable[[], float]:
    async def timed() -> float:
        start = time.perf_counter()
        async for _ in stream():
            pass
        return COUNT / (time.perf_counter() - start)

    return lambda: anyio.run(timed)


def main() -> None:
    compare(
        "map.filter.map: values",
        {
            "flowws": rate(lambda: fused),
            "one loop by hand": rate(one_loop),
            "one async generator per operator": rate(lambda: mapped(filtered(mapped(source())))),
        },
    )


if __name__ == "__main__":
    main()
