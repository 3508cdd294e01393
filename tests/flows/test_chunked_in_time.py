"""`chunked` with a timeout."""

from __future__ import annotations

from datetime import timedelta
from math import inf, nan
from typing import Any

import pytest

from flowws import CancellationError, as_flow, empty_flow, flow_of
from flowws.testing import TestScope
from tests.flows.timed import at, stamped

STORY = at((0, "A"), (0.4, "B"), (0.9, "C"), (1.5, "D"), (7, "E"), end=7.5)


@pytest.mark.parametrize("timeout", [1, 1.0, timedelta(seconds=1)])
async def test_gives_what_came_within_the_time(test_scope: TestScope, timeout: float | timedelta) -> None:
    """The time of a list begins with its first value, and the last list is given as soon as the flow ends."""
    assert await stamped(test_scope, STORY.chunked(timeout=timeout)) == [
        (1, ["A", "B", "C"]),
        (2.5, ["D"]),
        (7.5, ["E"]),
    ]


async def test_a_full_list_does_not_wait(test_scope: TestScope) -> None:
    assert await stamped(test_scope, STORY.chunked(2, 1)) == [(0.4, ["A", "B"]), (1.5, ["C", "D"]), (7.5, ["E"])]
    assert await stamped(test_scope, STORY.chunked(1, 60)) == [
        (0, ["A"]),
        (0.4, ["B"]),
        (0.9, ["C"]),
        (1.5, ["D"]),
        (7, ["E"]),
    ]


async def test_the_time_of_a_full_list_does_not_cut_the_next_one_short(test_scope: TestScope) -> None:
    chain = at((0, 1), (0.5, 2), (0.6, 3), end=9).chunked(2, 1)
    assert await stamped(test_scope, chain) == [(0.5, [1, 2]), (1.6, [3])]


async def test_of_nothing_is_nothing(test_scope: TestScope) -> None:
    assert await empty_flow().chunked(timeout=1).to_list() == []
    assert await stamped(test_scope, at((5, 1), end=60).chunked(timeout=1)) == [(6, [1])]


async def test_values_that_come_at_once_are_one_list_or_full_ones() -> None:
    assert await as_flow(range(1000)).chunked(timeout=60).to_list() == [list(range(1000))]
    lists = await as_flow(range(1000)).chunked(7, 60).to_list()
    assert sum(lists, []) == list(range(1000))  # noqa: RUF017  # of a test's size
    assert [len(each) for each in lists] == [7] * 142 + [6]
    assert len({id(each) for each in lists}) == len(lists)


async def test_while_the_collector_is_busy_one_value_waits(test_scope: TestScope) -> None:
    chain = at(*((n * 0.6, n) for n in range(6))).chunked(timeout=1)
    assert await stamped(test_scope, chain, busy=10) == [(1, [0, 1]), (12, [2, 3]), (22.6, [4, 5])]


async def test_a_buffer_above_collects_meanwhile(test_scope: TestScope) -> None:
    chain = at(*((n * 0.6, n) for n in range(6))).buffer(64).chunked(timeout=1)
    assert await stamped(test_scope, chain, busy=10) == [(1, [0, 1]), (11, [2, 3, 4, 5])]


async def test_a_failure_loses_the_list_that_had_begun(test_scope: TestScope) -> None:
    for failure in (ValueError("above"), CancellationError("above")):
        got: list[list[int]] = []
        with pytest.raises(type(failure), match="above") as raised:
            await at((0, 1), (2, 2), end=2.5, failure=failure).chunked(timeout=1).to_list(got)
        assert raised.value is failure
        assert got == [[1]]


async def test_without_end_it_only_counts(test_scope: TestScope) -> None:
    assert await stamped(test_scope, STORY.chunked(3, inf)) == [(0.9, ["A", "B", "C"]), (7.5, ["D", "E"])]


async def test_none_is_a_value() -> None:
    assert await flow_of(None, None).chunked(timeout=1).to_list() == [[None, None]]


@pytest.mark.parametrize("wrong", [0, -1, timedelta(), nan])
def test_a_time_that_is_not_positive_is_refused(wrong: Any) -> None:
    with pytest.raises(ValueError, match="timeout must"):
        flow_of(1).chunked(timeout=wrong)


@pytest.mark.parametrize("wrong", ["1", True])
def test_what_is_no_time_is_refused(wrong: Any) -> None:
    with pytest.raises(TypeError, match="timeout must be seconds or a timedelta"):
        flow_of(1).chunked(2, wrong)
