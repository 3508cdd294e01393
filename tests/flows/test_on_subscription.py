"""`on_subscription`, on a shared flow and on a state."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest

from flowws import MutableSharedFlow, MutableStateFlow, SharedFlow, StateFlow, coroutine_scope, flow_of
from tests.flows.upstream import SPELLINGS, settle, spelled


async def test_the_action_runs_after_the_registration_and_before_the_replay() -> None:
    """K92"""
    shared = MutableSharedFlow[str](replay=1)
    await shared.emit("replay")
    counts: list[int] = []

    async def greet() -> AsyncIterator[str]:
        counts.append(shared.subscription_count.value)
        yield "hello"

    assert await shared.on_subscription(greet).take(2).to_list() == ["hello", "replay"]
    assert counts == [1]
    assert shared.subscription_count.value == 0


async def test_the_order_of_several_actions_and_what_is_heard_of_them() -> None:
    """K92: D, C, A, B; what A and B emit is received, what C and D emit is not"""
    shared = MutableSharedFlow[str](extra_buffer_capacity=10)
    story: list[str] = []

    def saying(name: str) -> Any:
        async def action() -> None:
            story.append(name)
            await shared.emit(name)

        return action

    chain = shared.on_subscription(saying("A")).on_subscription(saying("B")).on_start(saying("C")).on_start(saying("D"))
    assert await chain.take(2).to_list() == ["A", "B"]
    assert story == ["D", "C", "A", "B"]


@pytest.mark.parametrize("how", SPELLINGS)
async def test_the_action_may_be_spelled_in_many_ways(how: str) -> None:
    shared = MutableSharedFlow[int](extra_buffer_capacity=1)
    assert await shared.on_subscription(spelled(how, lambda: shared.try_emit(7))).first() == 7


async def test_a_flow_that_the_action_gives_comes_first() -> None:
    shared = MutableSharedFlow[int](replay=1)
    await shared.emit(3)
    assert await shared.on_subscription(lambda: flow_of(1, 2)).take(3).to_list() == [1, 2, 3]


@pytest.mark.parametrize("hot", [MutableSharedFlow[int](replay=1), MutableStateFlow(1)])
async def test_a_failure_of_the_action_reaches_the_subscriber_and_ends_the_subscription(hot: Any) -> None:
    """K93"""
    hot.try_emit(1)
    got: list[int] = []

    def fail() -> None:
        raise ValueError("action")

    with pytest.raises(ValueError, match="action"):
        await hot.on_subscription(fail).on_subscription(lambda: got.append(0)).collect(got.append)
    assert got == []
    assert hot.subscription_count.value == 0


async def test_the_subscription_begins_with_the_iteration_and_is_given_up_with_it() -> None:
    """K75"""
    shared = MutableSharedFlow[int](extra_buffer_capacity=4)
    chain = shared.on_subscription(lambda: None).on_subscription(lambda: None)
    values: Any = aiter(chain.map(lambda n: n))
    assert shared.subscription_count.value == 1
    assert shared.try_emit(5)
    assert await anext(values) == 5
    await values.aclose()
    dropped = aiter(chain)
    assert shared.subscription_count.value == 1
    del dropped
    assert shared.subscription_count.value == 0


async def test_on_a_state_it_may_yield_and_assign_and_what_is_overwritten_is_lost() -> None:
    """K111"""
    state = MutableStateFlow(1)

    async def begin() -> AsyncIterator[int]:
        yield 10
        state.value = 2
        state.value = 3
        yield 20

    watched = state.on_subscription(begin).on_subscription(lambda: None)
    assert isinstance(watched, StateFlow)
    assert watched.value == 1
    got: list[int] = []
    async with coroutine_scope() as scope:
        job = watched.on_each(got.append).launch_in(scope)
        await settle()
        job.cancel()
    assert got == [10, 20, 3]
    assert watched.replay_cache == (3,)


async def test_it_is_shared_still_and_shown_as_written() -> None:
    shared = MutableSharedFlow[int](replay=1)
    await shared.emit(1)

    def greet() -> None: ...

    chain = shared.on_subscription(greet)
    assert isinstance(chain, SharedFlow)
    assert chain.replay_cache == (1,)
    assert repr(chain) == "<MutableSharedFlow of 0 subscribers>.on_subscription(greet)"
    assert repr(MutableStateFlow(1).on_subscription(greet)) == "<MutableStateFlow 1>.on_subscription(greet)"


@pytest.mark.parametrize("hot", [MutableSharedFlow[int](), MutableStateFlow(1)])
def test_refuses_what_is_no_function(hot: Any) -> None:
    for flow in (hot, hot.on_subscription(lambda: None)):
        with pytest.raises(TypeError, match="action must be a function, sync or async, not 3"):
            flow.on_subscription(3)


async def test_what_an_action_yields_may_repeat_itself() -> None:
    state = MutableStateFlow(1)
    flow = state.on_subscription(lambda: flow_of(1, 1)).distinct_until_changed()
    assert await flow.timeout(0.01).catch(lambda _: None).to_list() == [1]
