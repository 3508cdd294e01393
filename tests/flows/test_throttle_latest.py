"""`throttle_latest`."""

from __future__ import annotations

from datetime import timedelta
from math import nan
from typing import Any

import pytest

from flowws import CancellationError, MutableStateFlow, delay, flow_of
from flowws.testing import TestScope
from tests.flows.timed import at, stamped


@pytest.mark.parametrize("period", [1, 1.0, timedelta(seconds=1)])
async def test_the_first_at_once_then_the_newest_of_each_period(
    test_scope: TestScope, period: float | timedelta
) -> None:
    story = at((0, "A"), (0.5, "B"), (0.9, "C"), (1.5, "D"), (7, "E"), (7.1, "F"), end=60)
    assert await stamped(test_scope, story.throttle_latest(period)) == [
        (0, "A"),
        (1, "C"),
        (2, "D"),
        (7, "E"),
        (8, "F"),
    ]


async def test_the_last_value_arrives_as_soon_as_the_flow_ends(test_scope: TestScope) -> None:
    assert await stamped(test_scope, at((0, 1), (1, 2), (2, 3), end=3).throttle_latest(60)) == [(0, 1), (3, 3)]
    assert await flow_of().throttle_latest(1).to_list() == []


async def test_of_values_that_come_at_once_the_newest_counts() -> None:
    assert await flow_of(1, 2, 3).throttle_latest(1).to_list() == [3]


async def test_a_busy_collector_gets_what_is_newest_when_it_is_back(test_scope: TestScope) -> None:
    """A period begins when its value is given."""
    story = at(*((n / 2, n) for n in range(12)), end=20)
    assert await stamped(test_scope, story.throttle_latest(1), busy=1.8) == [
        (0, 0),
        (1.8, 3),
        (3.6, 7),
        (5.4, 10),
        (7.2, 11),
    ]


async def test_a_state_that_changes_too_fast_to_look_at(test_scope: TestScope) -> None:
    state = MutableStateFlow(0)
    came = test_scope.async_(stamped, test_scope, state.throttle_latest(1).take(3))
    for n in range(1, 25):
        await delay(0.11)
        state.value = n
    assert await came == [(0, 0), (1, 9), (2, 18)]


async def test_a_failure_is_raised_at_once_and_drops_what_waited(test_scope: TestScope) -> None:
    for failure in (ValueError("above"), CancellationError("above")):
        got: list[int] = []
        with pytest.raises(type(failure), match="above") as raised:
            await at((0, 1), (0.5, 2), end=0.7, failure=failure).throttle_latest(1).to_list(got)
        assert raised.value is failure
        assert got == [1]
    assert test_scope.current_time == pytest.approx(1.4)


async def test_none_is_a_value(test_scope: TestScope) -> None:
    assert await at((0, None), (0.5, 1), (0.7, None), end=2).throttle_latest(1).to_list() == [None, None]


@pytest.mark.parametrize("wrong", [0, -1, timedelta(), nan])
def test_a_period_that_is_not_positive_is_refused(wrong: Any) -> None:
    with pytest.raises(ValueError, match="period must"):
        flow_of(1).throttle_latest(wrong)


@pytest.mark.parametrize("wrong", [None, "1", True])
def test_what_is_no_time_is_refused(wrong: Any) -> None:
    with pytest.raises(TypeError, match="period must be seconds or a timedelta"):
        flow_of(1).throttle_latest(wrong)
