"""`sample`."""

from __future__ import annotations

from datetime import timedelta
from math import nan
from typing import Any

import pytest

from flowws import CancellationError, MutableSharedFlow, delay, flow_of
from flowws.testing import TestScope
from tests.flows.timed import at, stamped

STORY = at((0, "A"), (1.5, "B"), (2.1, "C"), (2.25, "D"), (4.25, "E"), end=4.25)


@pytest.mark.parametrize("period", [1, 1.0, timedelta(seconds=1)])
async def test_gives_the_newest_value_of_each_period(test_scope: TestScope, period: float | timedelta) -> None:
    """K247: and what has not been given when the flow ends is dropped"""
    assert await stamped(test_scope, STORY.sample(period)) == [(1, "A"), (2, "B"), (3, "D")]
    assert test_scope.current_time == 4.25


async def test_a_period_without_a_new_value_gives_nothing(test_scope: TestScope) -> None:
    """K248: the periods begin with the collection, whether or not values arrive"""
    assert await stamped(test_scope, at((3.5, 1), (7.2, 2), end=20).sample(1)) == [(4, 1), (8, 2)]


async def test_a_period_that_ends_while_the_collector_is_busy_is_late(test_scope: TestScope) -> None:
    """K248: the next one begins then"""
    chain = at(*((n / 2 + 0.1, n) for n in range(14)), end=7.2).sample(1)
    assert await stamped(test_scope, chain, busy=1.5) == [(1, 1), (2.5, 4), (4, 7), (5.5, 10), (7, 13)]


async def test_of_what_ends_at_once_is_nothing(test_scope: TestScope) -> None:
    """K249"""
    assert await flow_of(1, 2, 3).sample(0.001).to_list() == []


@pytest.mark.parametrize("wrong", [0, -1, timedelta(), timedelta(seconds=-1), nan])
def test_a_period_that_is_not_positive_is_refused(wrong: Any) -> None:
    """K249"""
    with pytest.raises(ValueError, match="period must"):
        flow_of(1).sample(wrong)


@pytest.mark.parametrize("wrong", [None, "1", True, lambda _: 1])
def test_what_is_no_time_is_refused(wrong: Any) -> None:
    with pytest.raises(TypeError, match="period must be seconds or a timedelta"):
        flow_of(1).sample(wrong)


async def test_none_is_a_value(test_scope: TestScope) -> None:
    """K254"""
    assert await stamped(test_scope, at((0.5, None), (1.5, 3), (2.5, None), end=4).sample(1)) == [
        (1, None),
        (2, 3),
        (3, None),
    ]


async def test_a_failure_is_raised_at_once(test_scope: TestScope) -> None:
    """K240: a cancellation error too"""
    for failure in (ValueError("above"), CancellationError("above")):
        got: list[int] = []
        with pytest.raises(type(failure), match="above") as raised:
            await at((0.5, 1), (1.2, 2), end=1.5, failure=failure).sample(1).to_list(got)
        assert raised.value is failure
        assert got == [1]
    assert test_scope.current_time == 3


async def test_does_not_hold_an_emitter(test_scope: TestScope) -> None:
    feed = MutableSharedFlow[int]()
    job = test_scope.async_(stamped, test_scope, feed.sample(1).take(2), 1.8)
    await test_scope.run_current()
    for n in range(40):
        await delay(0.13)
        await feed.emit(n)
    assert await job == [(1, 6), (2.8, 20)]
