"""Candidates measured in turns: a machine that slows down slows them all. What counts is the ratio.

Where nothing is waited for, a candidate's time is the processor's: what else the machine does then counts less.
"""

from __future__ import annotations

import statistics
from collections.abc import Awaitable, Callable, Mapping
from importlib.util import find_spec
from typing import TypeVar

import anyio

T = TypeVar("T")

ROUNDS = 7
LOOPS = ("asyncio", *(("uvloop",) if find_spec("uvloop") else ()), "trio")


def run_on(loop: str, main: Callable[[], Awaitable[T]]) -> T:
    """Run `main` on one of `LOOPS`."""
    if loop == "trio":
        return anyio.run(main, backend="trio")
    return anyio.run(main, backend_options={"use_uvloop": loop == "uvloop"})


def compare(title: str, candidates: Mapping[str, Callable[[], float]], *, rounds: int = ROUNDS) -> None:
    """Print the median rate of each candidate (a function that runs once and returns things per second) and its ratio.

    The ratio says how many times the rate of that candidate the first one reaches.
    """
    for run in candidates.values():  # once unmeasured: imports, caches
        run()
    rates: dict[str, list[float]] = {name: [] for name in candidates}
    for _ in range(rounds):
        for name, run in candidates.items():
            rates[name].append(run())
    first = next(iter(candidates))
    print(f"\n{title}")
    for name, measured in rates.items():
        ratio = statistics.median(ours / theirs for ours, theirs in zip(rates[first], measured, strict=True))
        print(f"  {name:<34}{statistics.median(measured):>14,.0f} /s   {first} is {ratio:5.2f} times as fast")
