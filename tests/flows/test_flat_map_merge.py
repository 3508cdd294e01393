"""`flat_map_merge`."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import anyio
import pytest

from flowws import DEFAULT_CONCURRENCY, CancellationError, Flow, as_flow, coroutine_scope, delay, flow, flow_of
from flowws.testing import TestScope
from tests.flows.timed import at, stamped
from tests.flows.upstream import SPELLINGS, Upstream, settle, spelled


@pytest.mark.parametrize("how", SPELLINGS)
async def test_gives_the_values_of_all_flows(how: str) -> None:
    chain = flow_of(1, 2, 3).flat_map_merge(spelled(how, lambda n: flow_of(n, n * 10)))
    assert sorted(await chain.to_list()) == [1, 2, 3, 10, 20, 30]


async def test_the_flows_run_at_once_and_each_keeps_its_order(test_scope: TestScope) -> None:
    chain = flow_of(3, 2).flat_map_merge(lambda n: at((n, f"{n}a"), (2 * n, f"{n}b")))
    assert await stamped(test_scope, chain) == [(2, "2a"), (3, "3a"), (4, "2b"), (6, "3b")]


@pytest.mark.parametrize("concurrency", [2, 3, None])
async def test_no_more_flows_than_the_limit_run_at_once(test_scope: TestScope, concurrency: int | None) -> None:
    """K226"""
    limit = DEFAULT_CONCURRENCY if concurrency is None else concurrency
    active: set[int] = set()
    most: list[int] = []

    @flow
    async def inner(n: int) -> AsyncIterator[int]:
        active.add(n)
        most.append(len(active))
        await delay(1)
        active.remove(n)
        yield n

    chain = as_flow(range(40)).flat_map_merge(inner, *(() if concurrency is None else (concurrency,)))
    assert sorted(await chain.to_list()) == list(range(40))
    assert max(most) == limit
    assert test_scope.current_time == -(-40 // limit)


async def test_what_is_above_is_held_back_and_transform_called_in_order(test_scope: TestScope) -> None:
    """K226"""
    upstream = Upstream(1, 2, 3, 4, 5)
    transformed: list[int] = []

    def transform(n: int) -> Flow[int]:
        transformed.append(n)
        return at((10, n))

    collecting = test_scope.async_(upstream.flow().flat_map_merge(transform, 2).to_list)
    await test_scope.run_current()
    assert transformed == [1, 2, 3]
    assert upstream.story == ["start", 1, 2, 3]
    assert sorted(await collecting) == [1, 2, 3, 4, 5]
    assert transformed == [1, 2, 3, 4, 5]


async def test_a_transform_that_waits_holds_back_what_is_above(test_scope: TestScope) -> None:
    """K227"""
    upstream = Upstream(1, 2)

    async def transform(n: int) -> Flow[int]:
        await delay(10)
        return flow_of(n)

    came = test_scope.async_(stamped, test_scope, upstream.flow().flat_map_merge(transform))
    await test_scope.advance_time_by(5)
    assert upstream.story == ["start", 1]
    assert await came == [(10, 1), (20, 2)]


async def test_a_failure_of_transform_cancels_the_flows_that_run(test_scope: TestScope) -> None:
    """K227"""
    inner, outer = Upstream("a", endless=True), Upstream(1, 0)
    got: list[str] = []

    async def transform(n: int) -> Flow[str]:
        await delay(1)
        1 // n
        return inner.flow()

    with pytest.raises(ZeroDivisionError):
        await outer.flow().flat_map_merge(transform).to_list(got)
    assert got == ["a"]
    assert inner.ends == ["cancelled"]
    assert len(outer.ends) == 1


@pytest.mark.parametrize("where", ["inner", "upstream", "below"])
async def test_a_failure_anywhere_is_raised_as_itself_and_ends_the_rest(test_scope: TestScope, where: str) -> None:
    """K224, for this operator"""
    failure = ValueError(where)
    upstream = Upstream(1, 2, failure=failure if where == "upstream" else None, endless=True)
    waiting = Upstream("a", endless=True)

    def transform(n: int) -> Flow[str]:
        return waiting.flow() if n == 1 else at((1, "b"), failure=failure if where == "inner" else None, end=2)

    def below(value: str) -> None:
        if where == "below" and value == "b":
            raise failure

    with pytest.raises(ValueError, match=where) as raised:
        await upstream.flow().flat_map_merge(transform).collect(below)
    assert raised.value is failure
    assert len(upstream.ends) == 1
    assert waiting.starts == len(waiting.ends)


async def test_a_flow_that_ends_with_a_cancellation_error_just_drops_out() -> None:
    """K228"""
    chain = flow_of(1, 2).flat_map_merge(
        lambda n: Upstream(n, failure=CancellationError("gone") if n == 1 else None).flow()
    )
    assert sorted(await chain.to_list()) == [1, 2]


async def test_a_cancellation_error_of_the_upstream_fails_the_flow() -> None:
    """K228"""
    with pytest.raises(CancellationError, match="gone"):
        await Upstream(1, failure=CancellationError("gone")).flow().flat_map_merge(flow_of).to_list()


async def test_with_a_concurrency_of_one_it_is_flat_map_concat(test_scope: TestScope) -> None:
    """K229"""
    chain = flow_of(3, 2).flat_map_merge(lambda n: at((n, f"{n}a"), (2 * n, f"{n}b")), 1)
    assert await stamped(test_scope, chain) == [(3, "3a"), (6, "3b"), (8, "2a"), (10, "2b")]


async def test_take_below_stops_the_pulling_above() -> None:
    """K230"""
    upstream = Upstream(*range(1000))
    assert len(await upstream.flow().flat_map_merge(lambda n: flow_of(n, n)).take(1).to_list()) == 1
    assert len(upstream.story) < 100
    assert len(upstream.ends) == 1


async def test_a_collection_that_is_cancelled_from_the_start_begins_nothing() -> None:
    inner = Upstream(1)
    with anyio.move_on_after(0):
        await as_flow(range(10)).flat_map_merge(lambda _: inner.flow()).collect()
    assert inner.starts == len(inner.ends)


async def test_a_buffer_below_is_its_own_channel() -> None:
    """K226, with K193's arithmetic"""
    sent: list[int] = []

    @flow
    async def inner(n: int) -> AsyncIterator[int]:
        for each in range(n):
            sent.append(each)
            yield each

    gate = anyio.Event()
    async with coroutine_scope() as scope:
        job = flow_of(100).flat_map_merge(inner).buffer(3).on_each(lambda _: gate.wait()).launch_in(scope)
        await settle()
        assert len(sent) == 5  # with the collector, three in the buffer, and one that waits
        job.cancel()


def test_shows_itself() -> None:
    assert repr(flow_of(1).flat_map_merge(flow_of, 3)) == "flow_of(1).flat_map_merge(flow_of, 3)"
    assert repr(flow_of(1).flat_map_merge(flow_of)) == "flow_of(1).flat_map_merge(flow_of)"


@pytest.mark.parametrize("wrong", [0, -1])
def test_refuses_a_concurrency_that_is_not_positive(wrong: int) -> None:
    """K229"""
    with pytest.raises(ValueError, match=str(wrong)):
        flow_of(1).flat_map_merge(flow_of, wrong)


@pytest.mark.parametrize("wrong", [1.5, True, None])
def test_refuses_a_concurrency_that_is_no_number(wrong: Any) -> None:
    with pytest.raises(TypeError, match=str(wrong)):
        flow_of(1).flat_map_merge(flow_of, wrong)


@pytest.mark.parametrize("wrong", [None, 3])
def test_refuses_what_is_no_function(wrong: Any) -> None:
    with pytest.raises(TypeError, match=repr(wrong)):
        flow_of(1).flat_map_merge(wrong)
