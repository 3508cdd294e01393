"""`map_concurrent`."""

from __future__ import annotations

from typing import Any

import pytest

from flowws import CancellationError, as_flow, delay, flow_of
from flowws.testing import TestScope
from tests.flows.timed import at, stamped
from tests.flows.upstream import SPELLINGS, Upstream, spelled

ORDERED = pytest.mark.parametrize("ordered", [True, False])


async def slowly(seconds: float) -> float:
    await delay(seconds)
    return seconds


@ORDERED
@pytest.mark.parametrize("how", SPELLINGS)
async def test_takes_any_function(how: str, ordered: bool) -> None:
    chain = flow_of(1, 2, 3).map_concurrent(spelled(how, lambda n: n * 10), 2, ordered=ordered)
    assert sorted(await chain.to_list()) == [10, 20, 30]


async def test_the_results_come_in_the_order_of_the_values(test_scope: TestScope) -> None:
    assert await stamped(test_scope, flow_of(3, 1, 2).map_concurrent(slowly, 3)) == [(3, 3), (3, 1), (3, 2)]


async def test_or_as_they_are_ready(test_scope: TestScope) -> None:
    chain = flow_of(3, 1, 2).map_concurrent(slowly, 3, ordered=False)
    assert await stamped(test_scope, chain) == [(1, 1), (2, 2), (3, 3)]


@ORDERED
@pytest.mark.parametrize("limit", [1, 2, 7])
async def test_up_to_the_limit_at_once(test_scope: TestScope, limit: int, ordered: bool) -> None:
    at_work: set[int] = set()
    most: list[int] = []

    async def work(n: int) -> int:
        at_work.add(n)
        most.append(len(at_work))
        await delay(1)
        at_work.remove(n)
        return n

    chain = as_flow(range(20)).map_concurrent(work, limit, ordered=ordered)
    assert sorted(await chain.to_list()) == list(range(20))
    assert max(most) == limit
    assert test_scope.current_time == -(-20 // limit)


@ORDERED
async def test_nothing_is_asked_from_above_while_the_limit_is_reached(test_scope: TestScope, ordered: bool) -> None:
    upstream = Upstream(5.0, 5.0, 5.0)
    collecting = test_scope.async_(upstream.flow().map_concurrent(slowly, 2, ordered=ordered).to_list)
    await test_scope.advance_time_by(1)
    assert upstream.story == ["start", 5.0, 5.0]
    assert await collecting == [5.0, 5.0, 5.0]


async def test_one_that_is_slow_holds_back_those_after_it(test_scope: TestScope) -> None:
    begun: list[float] = []

    async def work(seconds: float) -> float:
        begun.append(seconds)
        return await slowly(seconds)

    collecting = test_scope.async_(flow_of(9, 1, 2, 3).map_concurrent(work, 3).to_list)
    await test_scope.advance_time_by(5)
    assert sorted(begun) == [1, 2, 9]
    assert await collecting == [9, 1, 2, 3]


@ORDERED
async def test_a_collector_that_is_busy_holds_back_the_work(test_scope: TestScope, ordered: bool) -> None:
    upstream = Upstream(*range(1000))
    chain = upstream.flow().map_concurrent(lambda n: n, 2, ordered=ordered)
    job = chain.on_each(lambda _: delay(1000)).launch_in(test_scope)
    await test_scope.run_current()
    assert len(upstream.story) < 100
    job.cancel()


@ORDERED
async def test_a_failure_of_one_call_cancels_the_others(test_scope: TestScope, ordered: bool) -> None:
    ends: list[float] = []
    upstream = Upstream(5.0, 1.0, 9.0, endless=True)

    async def work(seconds: float) -> float:
        try:
            await delay(seconds)
        finally:
            ends.append(seconds)
        raise ValueError(seconds)

    with pytest.raises(ValueError, match=r"1\.0"):
        await upstream.flow().map_concurrent(work, 5, ordered=ordered).collect()
    assert sorted(ends) == [1.0, 5.0, 9.0]
    assert upstream.ends == ["cancelled"]
    assert test_scope.current_time == 1


@ORDERED
async def test_a_failure_above_cancels_the_calls(test_scope: TestScope, ordered: bool) -> None:
    failure = ValueError("above")
    with pytest.raises(ValueError, match="above") as raised:
        await at((0, 9.0), end=1, failure=failure).map_concurrent(slowly, 5, ordered=ordered).collect()
    assert raised.value is failure
    assert test_scope.current_time == 1


@ORDERED
async def test_a_call_that_ends_with_a_cancellation_error_gives_no_value(ordered: bool) -> None:
    async def work(n: int) -> int:
        if n % 2:
            raise CancellationError("gone")
        return n

    chain = as_flow(range(10)).map_concurrent(work, 2, ordered=ordered)
    assert sorted(await chain.to_list()) == [0, 2, 4, 6, 8]


@ORDERED
async def test_none_is_a_value(ordered: bool) -> None:
    assert await flow_of(1).map_concurrent(lambda _: None, 1, ordered=ordered).to_list() == [None]


def test_shows_itself() -> None:
    assert repr(flow_of(1).map_concurrent(slowly, 3)) == "flow_of(1).map_concurrent(slowly, 3)"
    shown = "flow_of(1).map_concurrent(slowly, 3, ordered=False)"
    assert repr(flow_of(1).map_concurrent(slowly, 3, ordered=False)) == shown


@ORDERED
@pytest.mark.parametrize("wrong", [0, -1])
def test_refuses_a_limit_that_is_not_positive(wrong: int, ordered: bool) -> None:
    with pytest.raises(ValueError, match=str(wrong)):
        flow_of(1).map_concurrent(slowly, wrong, ordered=ordered)


@pytest.mark.parametrize("wrong", [None, 3])
def test_refuses_what_is_no_function(wrong: Any) -> None:
    with pytest.raises(TypeError, match=repr(wrong)):
        flow_of(1).map_concurrent(wrong, 1)
