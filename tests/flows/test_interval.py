"""`interval`."""

from __future__ import annotations

from datetime import timedelta
from math import nan
from typing import Any

import pytest

from flowws import coroutine_scope, delay, interval
from flowws.testing import TestScope
from tests.flows.timed import stamped


@pytest.mark.parametrize("period", [2, 2.0, timedelta(seconds=2)])
async def test_counts_once_per_period(test_scope: TestScope, period: float | timedelta) -> None:
    assert await stamped(test_scope, interval(period).take(4)) == [(0, 0), (2, 1), (4, 2), (6, 3)]


@pytest.mark.parametrize("initial_delay", [5, timedelta(seconds=5)])
async def test_the_first_may_wait(test_scope: TestScope, initial_delay: float | timedelta) -> None:
    assert await stamped(test_scope, interval(2, initial_delay).take(3)) == [(5, 0), (7, 1), (9, 2)]
    assert await stamped(test_scope, interval(2, initial_delay=1).take(2)) == [(1, 0), (3, 1)]


async def test_the_time_that_the_collector_needs_does_not_move_the_ticks(test_scope: TestScope) -> None:
    assert await stamped(test_scope, interval(2).take(4), busy=1.5) == [(0, 0), (2, 1), (4, 2), (6, 3)]
    assert await stamped(test_scope, interval(2).take(3), busy=2) == [(0, 0), (2, 1), (4, 2)]


async def test_ticks_that_a_busy_collector_misses_are_left_out(test_scope: TestScope) -> None:
    """Neither counted nor made up for, and the others stay where they are."""
    assert await stamped(test_scope, interval(2).take(3), busy=2.5) == [(0, 0), (4, 1), (8, 2)]
    assert await stamped(test_scope, interval(1).take(3), busy=10.5) == [(0, 0), (11, 1), (22, 2)]


async def test_every_collection_has_a_clock_of_its_own(test_scope: TestScope) -> None:
    ticks = interval(2).take(2)
    one = test_scope.async_(stamped, test_scope, ticks)
    await delay(1)
    assert await stamped(test_scope, ticks) == [(0, 0), (2, 1)] == await one


async def test_ends_with_its_collection(test_scope: TestScope) -> None:
    got: list[int] = []
    async with coroutine_scope() as scope:
        job = interval(1).on_each(got.append).launch_in(scope)
        await delay(2.5)
        job.cancel()
    assert got == [0, 1, 2]
    assert test_scope.current_time == 2.5


@pytest.mark.parametrize("wrong", [0, -1, timedelta(), nan])
def test_a_period_that_is_not_positive_is_refused(wrong: Any) -> None:
    with pytest.raises(ValueError, match="period must"):
        interval(wrong)


@pytest.mark.parametrize("wrong", [-1, timedelta(seconds=-1), nan])
def test_a_negative_delay_is_refused(wrong: Any) -> None:
    with pytest.raises(ValueError, match="initial_delay must"):
        interval(1, wrong)


@pytest.mark.parametrize("wrong", [None, "1", True])
def test_what_is_no_time_is_refused(wrong: Any) -> None:
    with pytest.raises(TypeError, match="period must be seconds or a timedelta"):
        interval(wrong)
    with pytest.raises(TypeError, match="initial_delay must be seconds or a timedelta"):
        interval(1, wrong)


def test_it_shows_its_times() -> None:
    assert repr(interval(1, 2).take(3)) == "interval(1.0, 2.0).take(3)"
