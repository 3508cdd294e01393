"""`MutableSharedFlow`, and what every `SharedFlow` promises."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import aclosing
from typing import Any, cast

import anyio
import anyio.lowlevel
import pytest

from flowws import BufferOverflow, MutableSharedFlow, coroutine_scope
from tests.flows.subscriber import Subscriber
from tests.flows.upstream import settle

SUSPEND, DROP_OLDEST, DROP_LATEST = BufferOverflow


# Without subscribers


async def test_without_subscribers_nothing_waits_and_only_the_replay_stays() -> None:
    """K76"""
    shared = MutableSharedFlow[int](replay=2, extra_buffer_capacity=1)
    for n in range(5):
        assert shared.try_emit(n)
        await shared.emit(n + 10)
    assert shared.replay_cache == (4, 14)
    nothing = MutableSharedFlow[int]()
    await nothing.emit(1)
    assert nothing.try_emit(2)
    assert nothing.replay_cache == ()


@pytest.mark.parametrize("overflow", [SUSPEND, DROP_OLDEST, DROP_LATEST])
async def test_without_subscribers_the_newest_stay_whatever_the_policy(overflow: BufferOverflow) -> None:
    """K76, K88"""
    shared = MutableSharedFlow[int](replay=2, extra_buffer_capacity=2, on_buffer_overflow=overflow)
    for n in range(9):
        assert shared.try_emit(n)
    assert shared.replay_cache == (7, 8)


# Subscribing


async def test_a_subscription_begins_with_the_iteration_and_before_any_waiting() -> None:
    """K75"""
    shared = MutableSharedFlow[int](extra_buffer_capacity=2)
    assert shared.subscription_count.value == 0
    subscriber = Subscriber(shared)
    assert shared.subscription_count.value == 1
    assert shared.try_emit(1)
    assert shared.try_emit(2)
    assert await subscriber.take(2) == [1, 2]
    await subscriber.leave()
    assert shared.subscription_count.value == 0


async def test_an_iterator_that_is_dropped_or_closed_unstarted_is_no_subscriber() -> None:
    """K91"""
    shared = MutableSharedFlow[int]()
    dropped = Subscriber(shared)
    assert not shared.try_emit(1)
    del dropped
    assert shared.subscription_count.value == 0
    assert shared.try_emit(1)

    chain = aiter(shared.map(lambda n: n).scan(0, lambda _, n: n).on_completion(lambda _: None))
    assert shared.subscription_count.value == 1
    del chain
    assert shared.subscription_count.value == 0

    closed = Subscriber(shared)
    await closed.leave()
    assert shared.subscription_count.value == 0


async def test_dropping_an_unstarted_iterator_releases_the_emitters_it_held() -> None:
    """K85"""
    shared = MutableSharedFlow[int]()
    subscriber = Subscriber(shared)
    async with coroutine_scope() as scope:
        job = scope.launch(shared.emit, 1)
        await settle()
        assert job.is_active
        del subscriber
        await settle()
        assert job.is_completed


async def test_a_new_subscriber_gets_the_replay_and_then_every_value() -> None:
    """K77"""
    shared = MutableSharedFlow[int](replay=2, extra_buffer_capacity=8)
    for n in (1, 2, 3):
        await shared.emit(n)
    subscriber = Subscriber(shared)
    await shared.emit(4)
    assert await subscriber.take(1) == [2]
    await shared.emit(5)
    assert await subscriber.take(3) == [3, 4, 5]
    await subscriber.leave()


async def test_collecting_never_ends_by_itself() -> None:
    """K74"""
    shared = MutableSharedFlow[int](replay=1)
    await shared.emit(1)
    async with coroutine_scope() as scope:
        job = shared.launch_in(scope)
        await settle()
        assert job.is_active
        job.cancel()


async def test_subscription_count_falls_whatever_ends_the_subscription() -> None:
    """K91"""
    shared = MutableSharedFlow[int](replay=1)
    await shared.emit(1)
    counts = shared.subscription_count

    assert await shared.first() == 1
    assert counts.value == 0
    with pytest.raises(ZeroDivisionError):
        await shared.collect(lambda n: n / 0)
    assert counts.value == 0
    with anyio.CancelScope() as scope:
        scope.cancel()
        await shared.collect()
    assert counts.value == 0
    async with aclosing(cast("Any", aiter(shared))) as values:
        async for _ in values:
            assert counts.value == 1
            break
    assert counts.value == 0
    async with coroutine_scope() as jobs:
        job = shared.launch_in(jobs)
        await settle()
        assert counts.value == 1
        job.cancel()
    assert counts.value == 0


async def test_no_change_of_the_subscription_count_is_missed() -> None:
    """K91"""
    shared = MutableSharedFlow[int]()
    seen: list[int] = []
    async with coroutine_scope() as scope:
        watching = shared.subscription_count.on_each(seen.append).launch_in(scope)
        await settle()
        for _ in range(2):
            subscriber = Subscriber(shared)
            await subscriber.leave()
        await settle()
        watching.cancel()
    assert seen == [0, 1, 0, 1, 0]
    assert await shared.subscription_count.first() == 0


async def test_the_subscription_count_is_one_object_and_may_be_asked_for_late() -> None:
    shared = MutableSharedFlow[int]()
    subscriber = Subscriber(shared)
    assert shared.subscription_count.value == 1
    assert shared.subscription_count is shared.subscription_count
    assert shared.subscription_count.replay_cache == (1,)
    assert repr(shared.subscription_count) == "<StateFlow 1>"
    await subscriber.leave()


# Replay


async def test_resetting_the_replay_touches_only_future_subscribers() -> None:
    """K90"""
    shared = MutableSharedFlow[int](replay=2)
    slow = Subscriber(shared)
    await shared.emit(1)
    await shared.emit(2)
    async with coroutine_scope() as scope:
        waiting = scope.launch(shared.emit, 3)
        await settle()
        shared.reset_replay_cache()
        assert len(shared.replay_cache) == 0
        assert not shared.try_emit(4)  # the room is still taken
        await settle()
        assert waiting.is_active
        late = Subscriber(shared)
        assert await slow.take(3) == [1, 2, 3]
    assert await late.take() == [3]
    assert list(shared.replay_cache) == [3]
    await slow.leave()
    await late.leave()


async def test_after_a_reset_the_replay_fills_anew() -> None:
    """K90"""
    shared = MutableSharedFlow[int](replay=2)
    for n in range(3):
        await shared.emit(n)
    shared.reset_replay_cache()
    await shared.emit(7)
    assert list(shared.replay_cache) == [7]
    await shared.emit(8)
    await shared.emit(9)
    assert shared.replay_cache == (8, 9)


async def test_none_is_a_value() -> None:
    """K14"""
    shared = MutableSharedFlow[int | None](replay=1)
    await shared.emit(None)
    assert shared.replay_cache == (None,)
    assert await shared.first() is None


# Arguments


@pytest.mark.parametrize("overflow", [DROP_OLDEST, DROP_LATEST])
def test_dropping_needs_a_buffer(overflow: BufferOverflow) -> None:
    """K89"""
    with pytest.raises(ValueError, match="needs replay or extra_buffer_capacity"):
        MutableSharedFlow(on_buffer_overflow=overflow)
    MutableSharedFlow(1, 0, overflow)
    MutableSharedFlow(0, 1, overflow)


@pytest.mark.parametrize("sizes", [(-1, 0), (0, -1)])
def test_refuses_negative_sizes(sizes: tuple[int, int]) -> None:
    """K89"""
    with pytest.raises(ValueError, match="must be 0 or more, not -1"):
        MutableSharedFlow(*sizes)


def test_refuses_what_is_no_size_and_no_policy() -> None:
    wrong: Any = "1"
    with pytest.raises(TypeError, match="whole number"):
        MutableSharedFlow(wrong)
    with pytest.raises(TypeError, match="on_buffer_overflow must be a BufferOverflow, not '1'"):
        MutableSharedFlow(1, 1, wrong)


async def test_a_subscription_may_move_to_another_task() -> None:
    shared = MutableSharedFlow[int](extra_buffer_capacity=1)
    values: AsyncIterator[int] = aiter(shared)
    got: list[int] = []

    async def read() -> None:
        got.append(await anext(values))

    async with coroutine_scope() as scope:
        scope.launch(read)
        await shared.emit(1)
    async with coroutine_scope() as scope:
        scope.launch(read)
        await shared.emit(2)
    assert got == [1, 2]
    await cast("Any", values).aclose()


def test_it_is_shown_briefly() -> None:
    assert repr(MutableSharedFlow[int]()) == "<MutableSharedFlow of 0 subscribers>"
