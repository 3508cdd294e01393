"""Operators over many flows against what they make of lists, for random lists and random pauses, on both loops."""

from __future__ import annotations

from collections import Counter
from collections.abc import Awaitable, Callable
from itertools import groupby
from typing import Any, TypeAlias

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from flowws import Flow, combine, delay, merge, race
from flowws.testing import TestScope, run_test
from tests.flows.timed import at

Timetable: TypeAlias = list[tuple[float, int]]
BOTH = pytest.mark.parametrize("backend", ["asyncio", "trio"])


def timetable(values: list[tuple[int, int]]) -> Timetable:
    """Pauses and values, as moments and values."""
    moments: Timetable = []
    for pause, value in values:
        moments.append(((moments[-1][0] if moments else 0) + pause, value))
    return moments


TIMETABLES = st.lists(st.tuples(st.integers(0, 2), st.integers(0, 9)), max_size=8).map(timetable)


def run(backend: str, test: Callable[[], Awaitable[object]]) -> None:
    async def body(_: TestScope) -> None:
        await test()

    run_test(body, backend=backend)


def values_of(plan: Timetable) -> list[int]:
    return [value for _, value in plan]


@BOTH
@settings(max_examples=25, deadline=None)
@given(one=TIMETABLES, two=TIMETABLES, busy=st.integers(0, 2))
def test_pairs_and_sums(backend: str, one: Timetable, two: Timetable, busy: int) -> None:
    async def paced(chain: Flow[Any]) -> list[Any]:
        return await chain.on_each(lambda _: delay(busy)).to_list()

    async def test() -> None:
        a, b = values_of(one), values_of(two)
        assert await paced(at(*one).zip(at(*two))) == list(zip(a, b, strict=False))
        assert Counter(await paced(merge(at(*one), at(*two)))) == Counter(a + b)
        assert await paced(race(at(*one), at(*two))) in (a, b)
        pairs = await paced(combine(at(*one), at(*two)))
        assert pairs[-1:] == ([(a[-1], b[-1])] if a and b else [])
        for place, values in enumerate((a, b)):
            assert follows([pair[place] for pair in pairs], values)

    run(backend, test)


def follows(seen: list[int], values: list[int]) -> bool:
    """Whether `seen` goes through the last of `values` one after the other, staying at some: none is skipped."""
    return not seen or any(steps(seen) == steps(values[start:]) for start in range(len(values)))


def steps(values: list[int]) -> list[int]:
    """Without repetitions."""
    return [value for value, _ in groupby(values)]


@BOTH
@settings(max_examples=25, deadline=None)
@given(plan=TIMETABLES, limit=st.integers(1, 4))
def test_concurrent_calls_and_flows(backend: str, plan: Timetable, limit: int) -> None:
    async def slowly(n: int) -> int:
        await delay(n % 3)
        return -n

    async def test() -> None:
        expected = [-value for value in values_of(plan)]
        assert await at(*plan).map_concurrent(slowly, limit).to_list() == expected
        unordered = at(*plan).map_concurrent(slowly, limit, ordered=False)
        assert Counter(await unordered.to_list()) == Counter(expected)
        inner = at(*plan).flat_map_merge(lambda n: at((n % 3, -n)), limit)
        assert Counter(await inner.to_list()) == Counter(expected)

    run(backend, test)


@BOTH
@settings(max_examples=25, deadline=None)
@given(plan=TIMETABLES, capacity=st.integers(0, 2))
def test_groups(backend: str, plan: Timetable, capacity: int) -> None:
    async def test() -> None:
        groups = at(*plan).group_by_key(lambda n: n % 3, capacity=capacity)
        came = await groups.map_concurrent(lambda group: group.to_list(), 3).to_list()
        values = values_of(plan)
        keys = list(dict.fromkeys(n % 3 for n in values))
        assert came == [[n for n in values if n % 3 == key] for key in keys]

    run(backend, test)
