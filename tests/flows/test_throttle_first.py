"""`throttle_first`."""

from __future__ import annotations

from datetime import timedelta
from math import nan
from typing import Any

import pytest

from flowws import delay, flow_of
from flowws.testing import TestScope
from tests.flows.timed import at, stamped


@pytest.mark.parametrize("period", [1, 1.0, timedelta(seconds=1)])
async def test_the_first_value_closes_the_gate_for_a_period(test_scope: TestScope, period: float | timedelta) -> None:
    story = at((0, "A"), (0.5, "B"), (0.9, "C"), (1.5, "D"), (2.4, "E"), (2.5, "F"), (9, "G"))
    assert await stamped(test_scope, story.throttle_first(period)) == [(0, "A"), (1.5, "D"), (2.5, "F"), (9, "G")]


async def test_the_last_value_may_be_dropped(test_scope: TestScope) -> None:
    assert await flow_of(1, 2, 3).throttle_first(1).to_list() == [1]
    assert await flow_of().throttle_first(1).to_list() == []


async def test_the_time_of_the_collector_counts(test_scope: TestScope) -> None:
    """What is above is asked only when the collector is ready: values are not out of date when they come."""
    assert await stamped(test_scope, flow_of(1, 2, 3).throttle_first(1), busy=1) == [(0, 1), (1, 2), (2, 3)]


async def test_every_collection_begins_with_an_open_gate(test_scope: TestScope) -> None:
    chain = flow_of(1, 2).throttle_first(60)
    assert await chain.to_list() == [1]
    await delay(1)
    assert await chain.to_list() == [1]


async def test_is_fused_with_its_neighbours(test_scope: TestScope) -> None:
    chain = at((0, 1), (0.5, 2), (1.2, 3), (1.3, 4)).map(lambda n: n * 2).throttle_first(1).throttle_first(1)
    assert await chain.filter(lambda n: n > 2).to_list() == [6]


async def test_none_is_a_value(test_scope: TestScope) -> None:
    assert await at((0, None), (1, None), (1.5, 3)).throttle_first(1).to_list() == [None, None]


@pytest.mark.parametrize("wrong", [0, -1, timedelta(), nan])
def test_a_period_that_is_not_positive_is_refused(wrong: Any) -> None:
    with pytest.raises(ValueError, match="period must"):
        flow_of(1).throttle_first(wrong)


@pytest.mark.parametrize("wrong", [None, "1", True])
def test_what_is_no_time_is_refused(wrong: Any) -> None:
    with pytest.raises(TypeError, match="period must be seconds or a timedelta"):
        flow_of(1).throttle_first(wrong)
