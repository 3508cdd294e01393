"""`MutableSharedFlow`: who waits for whom, who is cancelled, and what gives way when the buffer is full."""

from __future__ import annotations

from itertools import pairwise

import anyio
import anyio.lowlevel
import pytest

from flowws import BufferOverflow, Job, MutableSharedFlow, coroutine_scope
from tests.flows.subscriber import Subscriber
from tests.flows.upstream import settle

SUSPEND, DROP_OLDEST, DROP_LATEST = BufferOverflow


# Emitting


async def test_without_a_buffer_emit_waits_until_all_have_taken_the_value() -> None:
    """K79"""
    shared = MutableSharedFlow[int]()
    story: list[str] = []
    gate = anyio.Event()

    async def work(n: int) -> None:
        story.append(f"begin {n}")
        await gate.wait()
        story.append(f"end {n}")

    async def emit() -> None:
        for n in (1, 2):
            await shared.emit(n)
            story.append(f"emitted {n}")

    async with coroutine_scope() as scope:
        collecting = shared.on_each(work).launch_in(scope)
        emitting = scope.launch(emit)
        await settle()
        assert sorted(story) == ["begin 1", "emitted 1"]  # taken is enough: the work on it is not waited for
        gate.set()
        await emitting.join()
        await settle()
        collecting.cancel()
    assert sorted(story[2:]) == ["begin 2", "emitted 2", "end 1", "end 2"]
    assert story.index("end 1") < story.index("begin 2")


async def test_without_a_buffer_try_emit_fails_while_there_are_subscribers_even_idle_ones() -> None:
    """K80"""
    shared = MutableSharedFlow[int]()
    got: list[int] = []
    async with coroutine_scope() as scope:
        job = shared.on_each(got.append).launch_in(scope)
        await settle()
        assert not shared.try_emit(1)
        await settle()
        job.cancel()
    assert got == []
    assert shared.try_emit(1)


async def test_the_buffer_is_replay_and_extra_together() -> None:
    """K78"""
    shared = MutableSharedFlow[int](replay=2, extra_buffer_capacity=1)
    slow, fast = Subscriber(shared), Subscriber(shared)
    assert [shared.try_emit(n) for n in range(4)] == [True, True, True, False]
    assert await fast.take(3) == [0, 1, 2]
    assert not shared.try_emit(3)  # the slow one still lags by all of it
    assert await slow.take(1) == [0]
    assert shared.try_emit(3)
    assert not shared.try_emit(4)
    assert shared.replay_cache == (2, 3)
    await slow.leave()
    await fast.leave()


async def test_emitter_and_subscriber_alternate_in_batches_of_the_buffer_and_one() -> None:
    """K81"""
    shared = MutableSharedFlow[int](extra_buffer_capacity=2)
    story: list[str] = []

    async def emit() -> None:
        for n in range(9):
            await shared.emit(n)
            story.append("e")

    async with coroutine_scope() as scope:
        job = shared.on_each(lambda _: story.append("c")).launch_in(scope)
        await settle()
        await scope.launch(emit).join()
        await settle()
        job.cancel()
    text = "".join(story)
    assert text.count("c") == 9
    longest = max(len(run) for run in text.replace("c", " ").split())
    assert longest <= 3, text


async def test_waiting_emitters_are_let_in_first_come_first_served() -> None:
    """K82, K83"""
    shared = MutableSharedFlow[int](replay=1)
    subscriber = Subscriber(shared)
    await shared.emit(0)
    async with coroutine_scope() as scope:
        jobs = []
        for n in (1, 2, 3):
            jobs.append(scope.launch(shared.emit, n))
            await settle()
        assert shared.replay_cache == (0,)
        assert await subscriber.take() == [0]
        await settle()
        assert [job.is_completed for job in jobs] == [True, False, False]
        assert shared.replay_cache == (1,)
        assert await subscriber.take(3) == [1, 2, 3]
    await subscriber.leave()


@pytest.mark.parametrize("buffer", [0, 1, 2])
async def test_values_of_several_waiting_emitters_arrive_in_the_order_of_emission(buffer: int) -> None:
    """K82"""
    shared = MutableSharedFlow[int](extra_buffer_capacity=buffer)
    one, two = Subscriber(shared), Subscriber(shared)
    async with coroutine_scope() as scope:
        for n in range(6):
            scope.launch(shared.emit, n)
            await settle()
        assert await one.take(1) == [0]
        assert await two.take(1) == [0]
        await settle()
        first, second = scope.async_(one.take, 5), scope.async_(two.take, 5)
        assert await first == await second == [1, 2, 3, 4, 5]
    await one.leave()
    await two.leave()


@pytest.mark.parametrize("buffer", [0, 1])
@pytest.mark.parametrize("cancelled", [0, 1, 2])
async def test_the_value_of_a_cancelled_emitter_vanishes(buffer: int, cancelled: int) -> None:
    """K84"""
    shared = MutableSharedFlow[int](extra_buffer_capacity=buffer)
    subscriber = Subscriber(shared)
    for n in range(buffer):
        assert shared.try_emit(-1 - n)
    async with coroutine_scope() as scope:
        jobs: list[Job] = []
        for n in range(3):
            jobs.append(scope.launch(shared.emit, n))
            await settle()
        await jobs[cancelled].cancel_and_join()
        got = await subscriber.take(buffer + 2)
    assert got == [-1] * buffer + [n for n in range(3) if n != cancelled]
    await subscriber.leave()


@pytest.mark.parametrize("buffer", [0, 1])
@pytest.mark.parametrize("cancelled", [0, 1, 2])
async def test_it_vanishes_at_once_not_when_its_task_has_noticed(buffer: int, cancelled: int) -> None:
    """K84: the subscriber reads on in the very step in which the emitter was cancelled"""
    shared = MutableSharedFlow[int](extra_buffer_capacity=buffer)
    subscriber = Subscriber(shared)
    for n in range(buffer):
        assert shared.try_emit(-1 - n)
    async with coroutine_scope() as scope:
        jobs: list[Job] = []
        for n in range(3):
            jobs.append(scope.launch(shared.emit, n))
            await settle()
        jobs[cancelled].cancel()
        got = await subscriber.take(buffer + 2)
    assert got == [-1] * buffer + [n for n in range(3) if n != cancelled]
    await subscriber.leave()


async def test_when_the_slowest_leaves_as_many_emitters_as_fit_go_on() -> None:
    """K85"""
    shared = MutableSharedFlow[int](replay=1, extra_buffer_capacity=1)
    slow, fast = Subscriber(shared), Subscriber(shared)
    await shared.emit(1)
    await shared.emit(2)
    assert await fast.take(2) == [1, 2]
    async with coroutine_scope() as scope:
        jobs = []
        for n in (3, 4, 5):
            jobs.append(scope.launch(shared.emit, n))
            await settle()
        await slow.leave()
        await settle()
        assert [job.is_completed for job in jobs] == [True, True, False]
        assert shared.replay_cache == (4,)
        await fast.leave()
        await settle()
        assert all(job.is_completed for job in jobs)
        assert shared.replay_cache == (5,)


async def test_when_the_last_one_leaves_all_emitters_go_on() -> None:
    """K85"""
    shared = MutableSharedFlow[int]()
    subscriber = Subscriber(shared)
    async with coroutine_scope() as scope:
        jobs = [scope.launch(shared.emit, n) for n in range(4)]
        await settle()
        assert not any(job.is_completed for job in jobs)
        await subscriber.leave()
        await settle()
        assert all(job.is_completed for job in jobs)
    assert shared.replay_cache == ()


async def test_a_slow_subscriber_slows_the_others_but_keeps_nothing_from_them() -> None:
    """K96"""
    shared = MutableSharedFlow[int]()
    slow, fast = Subscriber(shared), Subscriber(shared)
    async with coroutine_scope() as scope:
        one = scope.launch(shared.emit, 1)
        await settle()
        assert await fast.take() == [1]
        two = scope.launch(shared.emit, 2)
        taken = scope.async_(fast.take)
        await settle()
        assert not one.is_completed
        assert not taken.is_completed
        assert await slow.take() == [1]
        assert await taken == [2]
        assert one.is_completed
        assert await slow.take() == [2]
        await two.join()
    await slow.leave()
    await fast.leave()


async def test_emitter_and_subscriber_cancelled_together_leave_it_usable() -> None:
    """K97"""
    shared = MutableSharedFlow[int]()
    for order in (0, 1):
        async with coroutine_scope() as scope:
            collecting = shared.launch_in(scope)
            await settle()
            emitting = scope.launch(shared.emit, 1)
            pair = [collecting, emitting]
            pair[order].cancel()
            pair[1 - order].cancel()
        assert shared.subscription_count.value == 0
        assert shared.try_emit(2)
        got: list[int] = []
        async with coroutine_scope() as scope:
            again = shared.on_each(got.append).launch_in(scope)
            await shared.emit(3)
            await settle()
            again.cancel()
        assert got == [3]


async def test_a_cancelled_subscriber_lets_the_emitter_go_on() -> None:
    """K85"""
    shared = MutableSharedFlow[int]()
    gate = anyio.Event()

    async def busy(_: int) -> None:
        await gate.wait()

    async with coroutine_scope() as scope:
        collecting = shared.on_each(busy).launch_in(scope)
        await shared.emit(1)
        emitting = scope.launch(shared.emit, 2)
        await settle()
        assert emitting.is_active
        await collecting.cancel_and_join()
        await emitting.join()
        assert emitting.is_completed
        assert not emitting.is_cancelled


async def test_a_subscriber_that_is_cancelled_gets_at_most_a_budget_of_values_more() -> None:
    """K94, as DESIGN has it: cancellation is noticed where something waits, and after 128 values at the latest"""
    shared = MutableSharedFlow[int](replay=1000)
    for n in range(1000):
        await shared.emit(n)
    got: list[int] = []
    with anyio.CancelScope() as scope:

        def stop_at_three(n: int) -> None:
            got.append(n)
            if n == 3:
                scope.cancel()

        await shared.collect(stop_at_three)
    assert got[:4] == [0, 1, 2, 3]
    assert len(got) <= 4 + 128
    assert got == list(range(len(got)))


# When the buffer is full


async def test_drop_oldest_moves_the_late_on_and_leaves_the_others_alone() -> None:
    """K86: buffer 2 + 2; who stands at 10 misses it when 14 arrives"""
    shared = MutableSharedFlow[int](2, 2, DROP_OLDEST)
    late, quick = Subscriber(shared), Subscriber(shared)
    for n in (10, 11, 12, 13):
        assert shared.try_emit(n)
    assert await quick.take(4) == [10, 11, 12, 13]
    await shared.emit(14)
    assert await quick.take() == [14]
    assert await late.take(4) == [11, 12, 13, 14]
    assert shared.replay_cache == (13, 14)
    await late.leave()
    await quick.leave()


async def test_drop_oldest_far_behind_gets_what_the_buffer_holds() -> None:
    """K86"""
    shared = MutableSharedFlow[int](extra_buffer_capacity=3, on_buffer_overflow=DROP_OLDEST)
    early = Subscriber(shared)
    for n in range(100):
        assert shared.try_emit(n)
    joined = Subscriber(shared)
    assert shared.try_emit(100)
    assert await early.take(3) == [98, 99, 100]
    assert await joined.take(1) == [100]
    await early.leave()
    await joined.leave()


async def test_drop_latest_drops_the_new_value_for_everybody_and_says_all_is_well() -> None:
    """K87"""
    shared = MutableSharedFlow[int](1, 1, DROP_LATEST)
    late, quick = Subscriber(shared), Subscriber(shared)
    assert [shared.try_emit(n) for n in (1, 2)] == [True, True]
    assert await quick.take(2) == [1, 2]
    assert shared.try_emit(3)
    await shared.emit(4)
    assert shared.replay_cache == (2,)
    assert await late.take(2) == [1, 2]
    assert shared.try_emit(5)
    assert await quick.take() == [5]
    assert await late.take() == [5]
    await late.leave()
    await quick.leave()


# Fairness


async def test_neither_emitter_nor_subscriber_starves_its_neighbours() -> None:
    """The budget: after 128 operations in a row that did not have to wait, others get a turn"""
    shared = MutableSharedFlow[int](replay=1000)
    turns: list[int] = []
    emitted: list[int] = []
    got: list[int] = []

    async def neighbour() -> None:
        while len(got) < 1000:
            turns.append(len(emitted) + len(got))
            await anyio.lowlevel.checkpoint()

    async with coroutine_scope() as scope:
        scope.launch(neighbour)
        for n in range(1000):
            await shared.emit(n)
            emitted.append(n)
        await shared.take(1000).collect(got.append)
    gaps = [after - before for before, after in pairwise(turns)]
    assert max(gaps) <= 3 * 129  # trio may let a task run twice in a row, and emitting ends within a budget
