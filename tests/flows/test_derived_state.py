"""`map_state` and `combine_states`."""

from __future__ import annotations

import gc
import weakref
from typing import Any

import pytest

from flowws import (
    CoroutineScope,
    MutableSharedFlow,
    MutableStateFlow,
    SharingStarted,
    StateFlow,
    combine_states,
    coroutine_scope,
    flow_of,
)
from tests.flows.upstream import settle


async def test_it_has_a_value_at_any_time_and_no_scope() -> None:
    name = MutableStateFlow("ann")
    length = name.map_state(len)
    assert isinstance(length, StateFlow)
    assert not hasattr(length, "update")
    assert length.value == 3
    assert length.replay_cache == (3,)
    name.value = "bobby"
    assert length.value == 5
    assert repr(length) == "<StateFlow 5>"


async def test_collectors_see_its_changes_and_no_repetition() -> None:
    """K100 to K103, for what is derived"""
    state = MutableStateFlow(1)
    got: list[str] = []
    async with CoroutineScope() as scope:
        state.map_state(lambda n: "odd" if n % 2 else "even").on_each(got.append).launch_in(scope)
        await settle()
        for n in (3, 5, 6, 8, 9):
            state.value = n
            await settle()
        state.value = 10
        state.value = 11
        await settle()
    assert got == ["odd", "even", "odd"]


async def test_several_states_that_change_together_are_one_change() -> None:
    left, right = MutableStateFlow(1), MutableStateFlow(2)
    got: list[tuple[int, int]] = []
    async with CoroutineScope() as scope:
        combine_states(left, right, transform=lambda left, right: (left, right)).on_each(got.append).launch_in(scope)
        await settle()
        left.value, right.value = 10, 20
        await settle()
        right.value = 30
        await settle()
        left.value = 40
        await settle()
    assert got == [(1, 2), (10, 20), (10, 30), (40, 30)]
    assert not left._parked
    assert not right._parked


async def test_a_collector_counts_as_one_of_every_state_below() -> None:
    one, two = MutableStateFlow(1), MutableStateFlow(2)
    twice = combine_states(one, two, one.map_state(lambda n: -n), transform=lambda *values: sum(values))
    assert twice.value == 2
    values: Any = aiter(twice.map(lambda n: n))
    assert (one.subscription_count.value, two.subscription_count.value) == (1, 1)
    assert await anext(values) == 2
    await values.aclose()
    assert (one.subscription_count.value, two.subscription_count.value) == (0, 0)


async def test_it_starts_what_state_in_shares() -> None:
    async with CoroutineScope() as scope:
        state = flow_of(7).state_in(scope, SharingStarted.while_subscribed(), 0)
        assert await state.map_state(lambda n: n * 2).first(lambda n: n > 0) == 14


async def test_of_a_subscription_count_it_shows_the_newest() -> None:
    shared = MutableSharedFlow[int]()
    crowded = shared.subscription_count.map_state(lambda count: count > 1)
    got: list[bool] = []
    async with coroutine_scope() as scope:
        job = crowded.on_each(got.append).launch_in(scope)
        await settle()
        jobs = [shared.launch_in(scope) for _ in range(3)]
        await settle()
        for each in jobs:
            each.cancel()
        await settle()
        job.cancel()
    assert got == [False, True, False]


async def test_transform_is_called_once_per_value_however_many_look() -> None:
    state = MutableStateFlow(1)
    calls: list[int] = []

    def double(n: int) -> int:
        calls.append(n)
        return n * 2

    doubled = state.map_state(double)
    assert calls == []
    async with CoroutineScope() as scope:
        for _ in range(5):
            doubled.launch_in(scope)
        await settle()
        state.value = 2
        await settle()
        assert doubled.value == 4
    assert calls == [1, 2]


def test_an_equal_result_keeps_the_old_object() -> None:
    """K101"""
    state = MutableStateFlow(1)
    halves = state.map_state(lambda n: [n // 2])
    before = halves.value
    state.value = 0
    assert halves.value is before
    state.value = 2
    assert halves.value == [1]


async def test_a_failure_of_transform_reaches_whoever_asks() -> None:
    state = MutableStateFlow(1)
    inverse = state.map_state(lambda n: 1 / n)
    assert inverse.value == 1
    state.value = 0
    with pytest.raises(ZeroDivisionError):
        _ = inverse.value
    with pytest.raises(ZeroDivisionError):
        await inverse.first()
    state.value = 2
    assert inverse.value == 0.5
    assert state.subscription_count.value == 0


async def test_views_and_actions_are_states_too() -> None:
    state = MutableStateFlow(1)
    story: list[int] = []
    view = state.as_state_flow().on_subscription(lambda: story.append(0)).on_subscription(lambda: None)
    assert await view.map_state(str).map_state(str.encode).first() == b"1"
    assert story == []  # the actions stay behind


def test_a_state_keeps_nothing_of_what_was_derived_from_it() -> None:
    state = MutableStateFlow(1)

    class Transform:
        def __call__(self, n: int) -> str:
            return str(n)

    transform = Transform()
    reference = weakref.ref(transform)
    derived = state.map_state(transform)
    assert derived.value == "1"
    del derived, transform
    gc.collect()
    assert reference() is None


@pytest.mark.parametrize("state", [MutableStateFlow(1), MutableStateFlow(1).as_state_flow()])
def test_refuses_what_could_not_have_a_value_at_any_time(state: Any) -> None:
    async def later(n: int) -> int:
        return n

    for make in (state.map_state, lambda transform: combine_states(state, transform=transform)):
        with pytest.raises(TypeError, match="transform must not be async"):
            make(later)
        with pytest.raises(TypeError, match="transform must not be async"):
            _ = make(lambda n: later(n)).value  # noqa: PLW0108  # as people write it
        with pytest.raises(TypeError, match="transform must be a function"):
            make(3)


def test_refuses_what_is_no_state() -> None:
    wrong: Any = flow_of(1)
    with pytest.raises(TypeError, match="combine_states takes states, not flow_of"):
        combine_states(MutableStateFlow(1), wrong, transform=lambda *values: values)
    with pytest.raises(ValueError, match="combine_states needs a state"):
        combine_states(transform=lambda *values: values)


async def test_a_transform_that_fails_is_not_called_before_somebody_asks() -> None:
    state = MutableStateFlow(0)
    inverse = state.map_state(lambda n: 1 / n)
    shown = inverse.map_state(str)  # would have called it, for a name
    async with coroutine_scope() as scope:
        seen: list[object] = []
        inverse.catch(seen.append).launch_in(scope)  # as would this
    assert [type(failure) for failure in seen] == [ZeroDivisionError]
    state.value = 4
    assert shown.value == "0.25"
