"""`launch_in`."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from flowws import (
    Channel,
    CoroutineScope,
    Flow,
    MutableSharedFlow,
    MutableStateFlow,
    ScopeClosedError,
    coroutine_scope,
    flow,
    flow_of,
    supervisor_scope,
)
from tests.flows.upstream import Upstream, settle


async def test_the_job_completes_when_the_flow_does() -> None:
    """K188"""
    got: list[int] = []
    async with coroutine_scope() as scope:
        job = flow_of(1, 2).on_each(got.append).launch_in(scope)
        assert got == []
        await job.join()
        assert job.is_completed
        assert not job.is_cancelled
    assert got == [1, 2]


async def test_a_failure_fails_the_scope() -> None:
    """K188"""
    sibling = Upstream[int](endless=True)
    with pytest.raises(ValueError, match="above"):  # noqa: PT012  # the scope is part of it
        async with coroutine_scope() as scope:
            sibling.flow().launch_in(scope)
            await settle()
            Upstream(1, failure=ValueError("above")).flow().launch_in(scope)
    assert sibling.ends == ["cancelled"]


async def test_cancelling_the_job_ends_the_collection_and_nothing_else() -> None:
    one, two = Upstream(1, endless=True), Upstream(1, endless=True)
    async with coroutine_scope() as scope:
        first, second = one.flow().launch_in(scope), two.flow().launch_in(scope)
        await settle()
        await first.cancel_and_join()
        assert one.ends == ["cancelled"]
        assert two.ends == []
        assert second.is_active
        second.cancel()


def _chains(hot: MutableSharedFlow[int]) -> dict[str, Flow[int]]:
    return {
        "itself": hot,
        "fused": hot.map(lambda n: n).filter(lambda _: True),
        "stages": hot.on_completion(lambda _: None).catch(lambda _: None).scan(0, lambda _, n: n).drop(1),
        "more than fits": _long(hot),
        "distinct": hot.distinct_until_changed(),
        "flat_map_latest": hot.flat_map_latest(flow_of),
    }


def _long(chain: Flow[int]) -> Flow[int]:
    for _ in range(60):
        chain = chain.map(lambda n: n)
    return chain


@pytest.mark.parametrize("name", _chains(MutableSharedFlow()))
async def test_a_hot_flow_is_subscribed_to_before_it_returns(name: str) -> None:
    """K75"""
    hot = MutableSharedFlow[int](extra_buffer_capacity=1)
    got: list[int] = []
    async with coroutine_scope() as scope:
        job = _chains(hot)[name].on_each(got.append).launch_in(scope)
        assert hot.subscription_count.value == 1
        assert hot.try_emit(1)
        await settle()
        job.cancel()
    assert got == [1]
    assert hot.subscription_count.value == 0


async def test_a_job_that_is_cancelled_before_its_first_step_releases_the_subscription() -> None:
    hot, state, channel = MutableSharedFlow[int](), MutableStateFlow(1), Channel[int]()
    async with coroutine_scope() as scope:
        hot.map(lambda n: n).launch_in(scope).cancel()
        hot.flat_map_latest(flow_of).launch_in(scope).cancel()
        state.launch_in(scope).cancel()
        channel.consume_as_flow().launch_in(scope).cancel()
    assert hot.subscription_count.value == 0
    assert state.subscription_count.value == 0
    assert channel.is_closed_for_receive


async def test_a_closed_scope_refuses_and_leaves_no_subscription() -> None:
    scope = CoroutineScope()
    scope.cancel()
    hot = MutableSharedFlow[int]()
    with pytest.raises(ScopeClosedError):
        hot.map(lambda n: n).launch_in(scope)
    assert hot.subscription_count.value == 0


async def test_under_a_supervisor_a_failure_leaves_the_siblings_alone() -> None:
    failures: list[BaseException] = []
    sibling = Upstream(1, endless=True)
    async with supervisor_scope(exception_handler=lambda _, failure: failures.append(failure)) as scope:
        job = sibling.flow().launch_in(scope)
        Upstream(failure=ValueError("above")).flow().launch_in(scope)
        await settle()
        assert job.is_active
        job.cancel()
    assert [str(each) for each in failures] == ["above"]


async def test_the_job_names_the_flow() -> None:
    @flow
    async def numbers(until: int) -> AsyncIterator[int]:
        for n in range(until):
            yield n

    async with coroutine_scope() as scope:
        job = numbers(3).map(str).launch_in(scope)
        assert job.name == "launch_in numbers(3).map(str)"
