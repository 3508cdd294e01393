"""`MutableStateFlow`, and what every `StateFlow` promises."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import anyio
import anyio.lowlevel
import pytest

from flowws import MutableSharedFlow, MutableStateFlow, SharedFlow, StateFlow, coroutine_scope
from tests.flows.upstream import settle


class Point:
    """Equal by content, with an identity to tell apart."""

    def __init__(self, at: int) -> None:
        self.at = at

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Point) and self.at == other.at

    def __hash__(self) -> int:
        return hash(self.at)


async def test_a_collector_gets_the_current_value_at_once_and_then_the_changes() -> None:
    """K100, K74"""
    state = MutableStateFlow(1)
    got: list[int] = []
    async with coroutine_scope() as scope:
        job = state.on_each(got.append).launch_in(scope)
        await settle()
        assert got == [1]
        state.value = 2
        await settle()
        assert got == [1, 2]
        assert job.is_active
        job.cancel()


async def test_assigning_an_equal_value_is_silent_and_keeps_the_object() -> None:
    """K101"""
    one = Point(1)
    state = MutableStateFlow(one)
    got: list[Point] = []
    async with coroutine_scope() as scope:
        job = state.on_each(got.append).launch_in(scope)
        await settle()
        state.value = Point(1)
        await settle()
        job.cancel()
    assert state.value is one
    assert len(got) == 1


async def test_there_and_back_between_two_steps_of_the_collector_is_silent() -> None:
    """K102"""
    state = MutableStateFlow(0)
    got: list[int] = []
    async with coroutine_scope() as scope:
        job = state.on_each(got.append).launch_in(scope)
        await settle()
        state.value = 1
        state.value = 0
        await settle()
        state.value = 2
        await settle()
        job.cancel()
    assert got == [0, 2]


async def test_there_and_back_is_silent_for_equal_objects_too() -> None:
    """K102: the comparison is with the value last delivered, by equality"""
    state = MutableStateFlow(Point(0))
    got: list[int] = []
    async with coroutine_scope() as scope:
        job = state.on_each(lambda point: got.append(point.at)).launch_in(scope)
        await settle()
        state.value = Point(1)
        state.value = Point(0)
        await settle()
        job.cancel()
    assert got == [0]


async def test_a_slow_collector_skips_but_ends_on_the_newest() -> None:
    """K103"""
    state = MutableStateFlow(0)
    got: list[int] = []

    async def slowly(n: int) -> None:
        got.append(n)
        for _ in range(3):
            await anyio.lowlevel.checkpoint()

    async with coroutine_scope() as scope:
        job = state.on_each(slowly).launch_in(scope)
        for n in range(50):
            state.value = n
            await anyio.lowlevel.checkpoint()
        await settle()
        job.cancel()
    assert got[-1] == 49
    assert got == sorted(got)
    assert len(got) < 40


async def test_emit_and_try_emit_are_assignments() -> None:
    """K104"""
    state = MutableStateFlow(0)
    subscribers = [aiter(state) for _ in range(3)]  # nobody reads
    await state.emit(1)
    assert state.value == 1
    assert state.try_emit(2) is True
    assert state.value == 2
    assert state.subscription_count.value == 3
    del subscribers
    assert state.subscription_count.value == 0


def test_compare_and_set() -> None:
    """K105"""
    one = Point(1)
    state = MutableStateFlow(one)
    assert not state.compare_and_set(Point(2), Point(3))
    assert state.value is one
    assert state.compare_and_set(Point(1), Point(1))
    assert state.value is one
    assert state.compare_and_set(Point(1), Point(2))
    assert state.value == Point(2)


def test_update_and_its_kin() -> None:
    """K106"""
    state = MutableStateFlow(1)
    state.update(lambda n: n + 1)
    assert state.value == 2
    assert state.update_and_get(lambda n: n * 10) == 20
    assert state.get_and_update(lambda n: n + 1) == 20
    assert state.value == 21
    with pytest.raises(ZeroDivisionError):
        state.update(lambda n: n // 0)
    assert state.value == 21


@pytest.mark.parametrize("method", ["update", "update_and_get", "get_and_update"])
def test_update_refuses_an_async_function(method: str) -> None:
    """K106"""
    state = MutableStateFlow[Any](1)

    async def later(n: int) -> int:
        return n + 1

    for function in (later, lambda n: later(n)):  # noqa: PLW0108  # as people write it
        with pytest.raises(TypeError, match="must not be async"):
            getattr(state, method)(function)
    with pytest.raises(TypeError, match="must be a function"):
        getattr(state, method)(3)
    assert state.value == 1


async def test_none_is_a_state() -> None:
    """K107"""
    state = MutableStateFlow[int | None](None)
    assert state.value is None
    assert state.replay_cache == (None,)
    got: list[int | None] = []
    async with coroutine_scope() as scope:
        job = state.on_each(got.append).launch_in(scope)
        await settle()
        state.value = 1
        await settle()
        state.value = None
        await settle()
        job.cancel()
    assert got == [None, 1, None]


def test_the_replay_is_always_the_value() -> None:
    """K108; there is nothing that could reset it"""
    state = MutableStateFlow(1)
    state.value = 2
    assert state.replay_cache == (2,)
    assert not hasattr(state, "reset_replay_cache")


def test_identity_first_then_equality_and_neither_for_what_has_no_truth() -> None:
    """K112"""
    nan = float("nan")
    state = MutableStateFlow(nan)
    state.value = other = float("nan")
    assert state.value is other

    class Array:
        def __eq__(self, other: object) -> Array:  # type: ignore[override]  # as arrays do
            return self

        def __bool__(self) -> bool:
            raise ValueError("ambiguous")

        __hash__ = None  # type: ignore[assignment]  # as any class with an __eq__ of its own

    one, two = Array(), Array()
    arrays = MutableStateFlow(one)
    arrays.value = two
    assert arrays.value is two


async def test_a_collector_may_assign_to_the_state_it_watches() -> None:
    """K113"""
    state = MutableStateFlow(0)
    got: list[int] = []
    others: list[int] = []

    def push_on(n: int) -> None:
        got.append(n)
        if n < 5:
            state.value = n + 1

    async with coroutine_scope() as scope:
        jobs = [state.on_each(push_on).launch_in(scope), state.on_each(others.append).launch_in(scope)]
        await settle()
        for job in jobs:
            job.cancel()
    assert got == [0, 1, 2, 3, 4, 5]
    assert others[-1] == 5


async def test_the_subscription_begins_with_the_iteration_and_ends_with_it() -> None:
    """K75, K91"""
    state = MutableStateFlow(1)
    unstarted = aiter(state.map(lambda n: n))
    assert state.subscription_count.value == 1
    del unstarted
    assert state.subscription_count.value == 0
    assert await state.first() == 1
    assert state.subscription_count.value == 0
    with anyio.CancelScope() as scope:
        scope.cancel()
        await state.collect()
    assert state.subscription_count.value == 0


async def test_no_change_of_the_subscription_count_is_missed() -> None:
    """K91"""
    state = MutableStateFlow(1)
    seen: list[int] = []
    async with coroutine_scope() as scope:
        watching = state.subscription_count.on_each(seen.append).launch_in(scope)
        await settle()
        await state.first()
        await state.first()
        await settle()
        watching.cancel()
    assert seen == [0, 1, 0, 1, 0]


async def test_a_value_that_changes_at_every_step_does_not_starve_the_neighbours() -> None:
    state = MutableStateFlow(0)
    turns: list[int] = []

    async def neighbour() -> None:
        while state.value < 1000:
            turns.append(state.value)
            await anyio.lowlevel.checkpoint()

    def push_on(n: int) -> None:
        state.value = n + 1

    async with coroutine_scope() as scope:
        scope.launch(neighbour)
        await state.on_each(push_on).take_while(lambda n: n < 1000).collect()
    assert max(after - before for before, after in pairwise(turns)) <= 3 * 130


def test_what_it_is() -> None:
    state = MutableStateFlow(1)
    assert isinstance(state, StateFlow)
    assert isinstance(state, SharedFlow)
    assert not isinstance(MutableSharedFlow[int](), StateFlow)
    assert repr(state) == "<MutableStateFlow 1>"
