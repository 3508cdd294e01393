"""`Mutex`. Facts of section O by number, and K270."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from flowws import Channel, IllegalStateError, Job, Mutex, coroutine_scope, on_timeout, select, yield_now
from tests.core.observing import cancel_natively, turns

INTERRUPTING = pytest.mark.parametrize("interrupt", [Job.cancel, cancel_natively])
Interrupt = Callable[[Job], object]


async def test_it_excludes() -> None:
    mutex = Mutex()
    inside: set[int] = set()

    async def work(name: int) -> None:
        for _ in range(5):
            async with mutex:
                assert not inside
                inside.add(name)
                await yield_now()
                inside.remove(name)

    async with coroutine_scope() as scope:
        for name in range(10):
            scope.launch(work, name)
    assert not mutex.is_locked


async def test_k312_it_is_fair_and_hands_over_directly() -> None:
    mutex = Mutex(locked=True)
    order: list[str] = []

    async def work(name: str) -> None:
        await mutex.lock()
        order.append(name)

    async with coroutine_scope() as scope:
        for name in "abc":
            scope.launch(work, name)
            await turns()
        for _ in range(3):
            mutex.unlock()
            assert mutex.is_locked
            assert not mutex.try_lock()  # nobody overtakes
            await turns()
    assert order == ["a", "b", "c"]


async def test_k313_it_is_not_reentrant_and_says_so_where_there_is_an_owner() -> None:
    mutex, me = Mutex(), object()
    await mutex.lock(me)
    with pytest.raises(IllegalStateError, match="not re-entrant"):
        await mutex.lock(me)
    with pytest.raises(IllegalStateError, match="not re-entrant"):
        mutex.try_lock(me)
    with pytest.raises(IllegalStateError, match="not re-entrant"):
        await select(mutex.on_lock(owner=me))
    assert not mutex.try_lock()
    assert not mutex.try_lock(object())


async def test_k314_unlock() -> None:
    mutex, me = Mutex(), object()
    with pytest.raises(IllegalStateError, match="not locked"):
        mutex.unlock()
    assert mutex.try_lock(me)
    with pytest.raises(IllegalStateError, match="not by 'somebody else'"):
        mutex.unlock("somebody else")
    mutex.unlock()
    assert mutex.try_lock()
    with pytest.raises(IllegalStateError, match="locked by None"):
        mutex.unlock(me)
    mutex.unlock()
    assert not mutex.is_locked
    with pytest.raises(IllegalStateError, match="not locked"):
        mutex.unlock(me)


async def test_k315_owners_are_compared_by_identity_and_handed_on() -> None:
    mutex = Mutex()
    one, equal = [1], [1]
    await mutex.lock(one)
    assert (mutex.holds_lock(one), mutex.holds_lock(equal), mutex.holds_lock(None)) == (True, False, False)
    async with coroutine_scope() as scope:
        scope.launch(mutex.lock, equal)
        await turns()
        mutex.unlock(one)
        assert (mutex.holds_lock(one), mutex.holds_lock(equal)) == (False, True)
    mutex.unlock(equal)
    assert not mutex.holds_lock(equal)


@INTERRUPTING
async def test_k316_a_cancelled_waiter_leaves_the_line(interrupt: Interrupt) -> None:
    mutex = Mutex(locked=True)
    async with coroutine_scope() as scope:
        first = scope.launch(mutex.lock, name="first")
        await turns()
        second = scope.launch(mutex.lock)
        await turns()
        interrupt(first)
        await turns()
        assert not second.is_completed
        mutex.unlock()
        await second.join()
    assert (first.is_cancelled, second.is_cancelled) == (True, False)
    assert mutex.is_locked
    assert len(mutex._line) == 0


@INTERRUPTING
@pytest.mark.parametrize("waiting", [0, 1])
async def test_k316_a_waiter_cancelled_after_the_hand_over_passes_it_on(interrupt: Interrupt, waiting: int) -> None:
    mutex = Mutex(locked=True)
    async with coroutine_scope() as scope:
        first = scope.launch(lambda: work(mutex), name="first")
        await turns()
        others = [scope.launch(work, mutex) for _ in range(waiting)]
        await turns()
        mutex.unlock()
        interrupt(first)
    assert not mutex.is_locked
    assert not any(other.is_cancelled for other in others)


async def work(mutex: Mutex) -> None:
    async with mutex:
        await yield_now()


async def test_k317_it_is_released_on_failure_and_early_exit() -> None:
    mutex = Mutex()
    with pytest.raises(ValueError, match="inside"):
        async with mutex:
            raise ValueError("inside")
    assert not mutex.is_locked
    for _ in range(1):
        async with mutex:
            break
    assert not mutex.is_locked


async def test_k319_a_very_long_line() -> None:
    mutex = Mutex(locked=True)
    served: list[int] = []

    async def wait(number: int) -> None:
        async with mutex:
            served.append(number)

    async with coroutine_scope() as scope:
        for number in range(5000):
            scope.launch(wait, number)
        await turns()
        mutex.unlock()
    assert sorted(served) == list(range(5000))
    assert not mutex.is_locked


@INTERRUPTING
async def test_k319_a_very_long_line_of_cancelled_waiters(interrupt: Interrupt) -> None:
    mutex = Mutex(locked=True)
    locked: list[int] = []

    async def lock(number: int) -> None:
        await mutex.lock()
        locked.append(number)

    async with coroutine_scope() as scope:
        jobs = [scope.launch(lock, number, name=f"lock {number}") for number in range(500)]
        await turns()
        mutex.unlock()
        for job in jobs:
            interrupt(job)
    # On trio, and after a job's own cancellation, the one that was handed the lock has it.
    assert len(locked) == mutex.is_locked


async def test_k270_on_lock_locks_when_it_is_selected() -> None:
    mutex, channel = Mutex(), Channel[int]()
    me = object()
    assert await select(channel.on_receive(), mutex.on_lock(lambda it: it.is_locked)) is True
    assert await select(mutex.on_lock(), on_timeout(0, lambda: "locked")) == "locked"
    async with coroutine_scope() as scope:
        selecting = scope.async_(lambda: select(channel.on_receive(), mutex.on_lock(owner=me)))
        await turns()
        mutex.unlock()
        assert await selecting is mutex
    assert mutex.holds_lock(me)


async def test_k270_a_losing_on_lock_leaves_the_line() -> None:
    mutex, channel = Mutex(locked=True), Channel[int]()
    async with coroutine_scope() as scope:
        selecting = scope.async_(lambda: select(mutex.on_lock(), channel.on_receive()))
        await turns()
        await channel.send(1)
        assert await selecting == 1
    mutex.unlock()
    assert not mutex.is_locked


@INTERRUPTING
async def test_k270_a_select_cancelled_after_the_hand_over_passes_the_lock_on(interrupt: Interrupt) -> None:
    mutex = Mutex(locked=True)
    async with coroutine_scope() as scope:
        job = scope.launch(lambda: select(mutex.on_lock(Mutex.unlock)), name="first")
        await turns()
        mutex.unlock()
        interrupt(job)
    assert not mutex.is_locked


async def test_a_loop_of_locks_does_not_starve_the_others() -> None:
    mutex = Mutex()
    async with coroutine_scope() as scope:
        other = scope.launch(yield_now)
        for _ in range(5 * 128):
            async with mutex:
                pass
        assert other.is_completed


async def test_a_free_lock_does_not_switch_tasks() -> None:
    mutex = Mutex()
    async with coroutine_scope() as scope:
        other = scope.launch(yield_now)
        async with mutex:
            pass
        assert not other.is_completed


async def test_repr() -> None:
    mutex = Mutex()
    assert repr(mutex) == "<Mutex free>"
    await mutex.lock("me")
    assert repr(mutex) == "<Mutex locked by 'me', 0 waiting>"
