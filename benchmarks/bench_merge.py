"""Many flows as one, beside aiostream where it has the operator: values per second."""

from __future__ import annotations

import time
from collections.abc import AsyncIterable, AsyncIterator, Callable, Mapping
from contextlib import nullcontext
from importlib.util import find_spec
from typing import Any

import anyio
import anyio.lowlevel
from _rounds import compare

from flowws import as_flow, combine, flow, merge

COUNT = 2_000
SOURCES = 10
CALLS = 16
HAS_AIOSTREAM = find_spec("aiostream") is not None


async def numbers(count: int = COUNT) -> AsyncIterator[int]:
    for n in range(count):
        yield n


ours = flow(numbers)


def rate(make: Callable[[], AsyncIterable[Any]]) -> Callable[[], float]:
    """How many values a second come out."""

    async def timed() -> float:
        start = time.perf_counter()
        came = 0
        made: Any = make()
        async with made.stream() if hasattr(made, "stream") else nullcontext(made) as values:
            async for _ in values:
                came += 1
        return came / (time.perf_counter() - start)

    return lambda: anyio.run(timed)


def of_aiostream() -> Mapping[str, Callable[[], AsyncIterable[Any]]]:
    from aiostream import stream

    return {
        "merge": lambda: stream.merge(*(numbers() for _ in range(SOURCES))),
        "flat_map_merge": lambda: stream.flatmap(stream.range(COUNT // 10), lambda n: numbers(10), task_limit=16),
        "zip": lambda: stream.zip(numbers(), numbers()),
        "combine": lambda: stream.ziplatest(numbers(), numbers(), partial=False),
        "map_concurrent": lambda: stream.map(numbers(), later, ordered=True, task_limit=CALLS),
    }


async def later(n: int) -> int:
    await anyio.lowlevel.checkpoint()
    return n


def main() -> None:
    candidates: dict[str, Callable[[], AsyncIterable[Any]]] = {
        "merge": lambda: merge(*(ours() for _ in range(SOURCES))),
        "flat_map_merge": lambda: as_flow(range(COUNT // 10)).flat_map_merge(lambda n: ours(10)),
        "zip": lambda: ours().zip(ours()),
        "combine": lambda: combine(ours(), ours()),
        "map_concurrent": lambda: ours().map_concurrent(later, CALLS),
    }
    peers = of_aiostream() if HAS_AIOSTREAM else {}
    for name, make in candidates.items():
        compare(name, {"flowws": rate(make)} | ({"aiostream": rate(peers[name])} if name in peers else {}))


if __name__ == "__main__":
    main()
