"""`MutableSharedFlow.close`."""

from __future__ import annotations

from typing import Any

import pytest

from flowws import BufferOverflow, ClosedSendChannelError, Lag, MutableSharedFlow, coroutine_scope
from tests.flows.subscriber import Subscriber
from tests.flows.upstream import settle


async def test_subscribers_get_what_is_left_and_then_their_iteration_ends() -> None:
    shared = MutableSharedFlow[int](replay=1, extra_buffer_capacity=3)
    slow = Subscriber(shared)
    for n in range(3):
        await shared.emit(n)
    assert not shared.is_closed
    assert shared.close()
    assert shared.is_closed
    assert await slow.take(3) == [0, 1, 2]
    with pytest.raises(StopAsyncIteration):
        await slow.take()
    assert await shared.to_list() == [2]  # who comes late gets the replay
    assert shared.subscription_count.value == 0
    assert repr(shared) == "<MutableSharedFlow closed, of 0 subscribers>"


async def test_those_who_wait_are_woken() -> None:
    shared = MutableSharedFlow[int]()
    async with coroutine_scope() as scope:
        jobs = [shared.launch_in(scope), shared.subscribe(Lag.CONFLATE).launch_in(scope)]
        await settle()
        shared.close()
        await settle()
        assert all(job.is_completed and not job.is_cancelled for job in jobs)


@pytest.mark.parametrize("policy", [Lag.SUSPEND, Lag.DROP_OLDEST])
async def test_a_cause_is_raised_after_the_values(policy: Lag) -> None:
    shared = MutableSharedFlow[int](replay=2)
    await shared.emit(1)
    shared.close(ValueError("the feed broke"))
    got: list[int] = []
    for _ in range(2):
        with pytest.raises(ValueError, match="the feed broke"):
            await shared.subscribe(policy).collect(got.append)
    assert got == [1, 1]


async def test_the_first_one_to_close_it_counts() -> None:
    shared = MutableSharedFlow[int]()
    assert shared.close()
    assert not shared.close(ValueError("too late"))
    assert await shared.to_list() == []


@pytest.mark.parametrize("overflow", BufferOverflow)
async def test_nothing_can_be_emitted_any_more(overflow: BufferOverflow) -> None:
    shared = MutableSharedFlow[int](1, 0, overflow)
    shared.close()
    with pytest.raises(ClosedSendChannelError, match="closed"):
        await shared.emit(1)
    with pytest.raises(ClosedSendChannelError, match="closed"):
        shared.try_emit(1)
    cause = ValueError("why")
    broken = MutableSharedFlow[int](1, 0, overflow)
    broken.close(cause)
    with pytest.raises(ValueError, match="why"):
        await broken.emit(1)
    assert shared.replay_cache == broken.replay_cache == ()


@pytest.mark.parametrize("buffer", [0, 1])
async def test_emitters_that_wait_still_get_through(buffer: int) -> None:
    shared = MutableSharedFlow[int](extra_buffer_capacity=buffer)
    slow, fast = Subscriber(shared), Subscriber(shared)
    values = list(range(buffer + 3))
    async with coroutine_scope() as scope:
        for n in values:
            scope.launch(shared.emit, n)
            await settle()
        shared.close()

        async def read() -> list[int]:
            return [n async for n in fast.values]

        reading = scope.async_(read)
        await settle()
        assert reading.is_active
        assert await slow.take(len(values)) == values
        assert await reading == values
    with pytest.raises(StopAsyncIteration):
        await slow.take()


@pytest.mark.parametrize("buffer", [0, 1])
async def test_when_the_last_waiting_emitter_is_cancelled_readers_end(buffer: int) -> None:
    shared = MutableSharedFlow[int](extra_buffer_capacity=buffer)
    stalled = Subscriber(shared)
    for n in range(buffer):
        assert shared.try_emit(n)
    async with coroutine_scope() as scope:
        got: list[Any] = []
        emitting = scope.launch(shared.emit, 7)
        reading = shared.on_each(got.append).launch_in(scope)
        await settle()
        shared.close()
        await settle()
        assert reading.is_active
        await emitting.cancel_and_join()
        await settle()
        assert reading.is_completed
    await stalled.leave()


async def test_the_cause_has_to_be_an_exception() -> None:
    shared = MutableSharedFlow[int]()
    with pytest.raises(TypeError, match="must be an exception, not 'bye'"):
        shared.close("bye")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    assert not shared.is_closed


async def test_the_cause_does_not_collect_the_frames_of_all_subscribers() -> None:
    shared = MutableSharedFlow[int]()
    shared.close(ValueError("end"))
    lengths: list[int] = []
    for _ in range(3):
        with pytest.raises(ValueError, match="end") as failure:
            await shared.to_list()
        lengths.append(len(failure.traceback))
    assert lengths == [lengths[0]] * 3
