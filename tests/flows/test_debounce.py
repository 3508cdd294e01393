"""`debounce`."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import timedelta
from math import inf, nan
from typing import Any

import pytest

from flowws import CancellationError, as_flow, await_cancellation, delay, flow, flow_of, yield_now
from flowws.testing import TestScope
from tests.flows.timed import at, stamped
from tests.flows.upstream import SPELLINGS, Upstream, spelled

STORY = at((0, "A"), (1.5, "B"), (2, "C"), (2.25, "D"), (4.25, "E"), end=4.25)


@pytest.mark.parametrize("quiet", [1, 1.0, timedelta(seconds=1)])
async def test_gives_the_values_after_which_it_was_quiet(test_scope: TestScope, quiet: float | timedelta) -> None:
    """K241"""
    assert await stamped(test_scope, STORY.debounce(quiet)) == [(1, "A"), (3.25, "D"), (4.25, "E")]


async def test_the_last_value_is_given_as_soon_as_the_flow_ends(test_scope: TestScope) -> None:
    """K242"""
    assert await stamped(test_scope, at((0, 1), (1, 2), end=2).debounce(3600)) == [(2, 2)]
    assert await stamped(test_scope, flow_of(1, 2).debounce(inf)) == [(0, 2)]
    assert await flow_of().debounce(1).to_list() == []


async def test_the_value_that_waits_is_dropped_by_a_failure(test_scope: TestScope) -> None:
    """K242"""
    got: list[str] = []
    failure = ValueError("above")
    with pytest.raises(ValueError, match="above") as raised:
        await at((0, "A"), (5, "B"), (5.5, "C"), end=6, failure=failure).debounce(1).to_list(got)
    assert raised.value is failure
    assert got == ["A"]
    assert test_scope.current_time == 6


def test_zero_is_the_flow_itself() -> None:
    """K243"""
    assert STORY.debounce(0) is STORY
    assert STORY.debounce(timedelta()) is STORY


@pytest.mark.parametrize("how", SPELLINGS)
async def test_each_value_may_have_a_quiet_time_of_its_own(test_scope: TestScope, how: str) -> None:
    """K243: zero gives the value at once, and drops the one that waited"""
    quiet = spelled(how, lambda value: {"A": 1, "B": 0, "C": timedelta(seconds=1), "D": 0, "E": 1}[value])
    assert await stamped(test_scope, STORY.debounce(quiet)) == [(1, "A"), (1.5, "B"), (2.25, "D"), (4.25, "E")]


async def test_a_value_that_waits_shorter_than_the_one_before(test_scope: TestScope) -> None:
    chain = at((0, 10), (1, 2), end=60).debounce(lambda seconds: seconds)
    assert await stamped(test_scope, chain) == [(3, 2)]


async def test_values_with_zero_all_pass() -> None:
    """K243: also when all of them come at once"""
    assert await as_flow(range(300)).debounce(lambda _: 0).to_list() == list(range(300))


@pytest.mark.parametrize("wrong", [-1, -0.5, timedelta(seconds=-1), nan])
async def test_a_negative_time_is_refused(wrong: Any) -> None:
    """K244: at once, or in the collection if a function gave it"""
    with pytest.raises(ValueError, match="quiet must"):
        flow_of(1).debounce(wrong)
    upstream = Upstream(1, endless=True)
    with pytest.raises(ValueError, match="quiet must"):
        await upstream.flow().debounce(lambda _: wrong).collect()
    assert upstream.ends == ["closed"]


@pytest.mark.parametrize("wrong", [None, "1", True])
async def test_what_is_no_time_is_refused(wrong: Any) -> None:
    with pytest.raises(TypeError, match="quiet must be seconds or a timedelta"):
        flow_of(1).debounce(wrong)
    with pytest.raises(TypeError, match="quiet must be seconds or a timedelta"):
        await flow_of(1).debounce(lambda _: wrong).collect()


async def test_a_source_that_does_not_pause_gives_nothing_until_it_does(test_scope: TestScope) -> None:
    """K245"""

    @flow
    async def quick_then_slow() -> AsyncIterator[int]:
        for n in range(10):
            yield n
            await delay(0.099)
        for n in range(10, 20):
            yield n
            await delay(0.101)

    assert await quick_then_slow().debounce(0.1).to_list() == list(range(10, 20))
    assert test_scope.current_time == pytest.approx(2)


async def test_what_is_above_is_held_while_the_collector_is_busy(test_scope: TestScope) -> None:
    """K246: with one value in hand, whose time begins when the collector is back"""
    asked: list[tuple[float, int]] = []

    @flow
    async def source() -> AsyncIterator[int]:
        for n in range(3):
            asked.append((test_scope.current_time, n))
            yield n
            await delay(2)

    assert await stamped(test_scope, source().debounce(1), busy=10) == [(1, 0), (12, 1), (23, 2)]
    assert asked == [(0, 0), (2, 1), (13, 2)]


async def test_a_failure_above_while_the_collector_is_busy_is_raised_when_that_is_back(test_scope: TestScope) -> None:
    """K246: a pulled flow cannot interrupt its collector"""
    with pytest.raises(ValueError, match="above"):
        await stamped(test_scope, at((0, 1), end=5, failure=ValueError("above")).debounce(1), busy=60)
    assert test_scope.current_time == 61


async def test_none_is_a_value(test_scope: TestScope) -> None:
    """K254"""
    assert await stamped(test_scope, at((0, None), (2, 3), (2.5, None)).debounce(1)) == [(1, None), (2.5, None)]
    assert await flow_of(None, None).debounce(lambda _: 0).to_list() == [None, None]


async def test_a_cancellation_error_above_fails_it(test_scope: TestScope) -> None:
    """K240"""
    with pytest.raises(CancellationError, match="gone"):
        await at((0, 1), failure=CancellationError("gone")).debounce(1).to_list()


async def test_it_can_stand_behind_itself(test_scope: TestScope) -> None:
    assert await stamped(test_scope, STORY.debounce(0.5).debounce(1)) == [(1.5, "A"), (3.75, "D"), (4.25, "E")]


async def test_every_collection_has_its_own_time(test_scope: TestScope) -> None:
    chain = STORY.debounce(1)
    one = test_scope.async_(stamped, test_scope, chain)
    await delay(0.5)
    other = test_scope.async_(stamped, test_scope, chain)
    assert await one == await other == [(1, "A"), (3.25, "D"), (4.25, "E")]


async def test_a_failing_function_fails_the_flow_and_closes_what_is_above() -> None:
    upstream = Upstream(1, endless=True)

    async def quiet(_: int) -> float:
        raise KeyError("quiet")

    with pytest.raises(KeyError, match="quiet"):
        await upstream.flow().debounce(quiet).collect()
    assert upstream.ends == ["closed"]


async def test_a_long_burst_lets_others_run(test_scope: TestScope) -> None:
    turns: list[int] = []

    async def neighbour() -> None:
        for turn in range(20):
            turns.append(turn)
            await yield_now()

    @flow
    async def burst() -> AsyncIterator[int]:
        for n in range(10_000):
            yield n
        assert len(turns) == 20
        await await_cancellation()

    test_scope.launch(neighbour)
    assert await burst().debounce(1).first() == 9_999
