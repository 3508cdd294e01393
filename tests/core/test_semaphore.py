"""`Semaphore`. Facts of section O by number."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from flowws import IllegalStateError, Job, Semaphore, coroutine_scope, yield_now
from tests.core.observing import cancel_natively, turns

INTERRUPTING = pytest.mark.parametrize("interrupt", [Job.cancel, cancel_natively])
Interrupt = Callable[[Job], object]


async def test_it_limits() -> None:
    semaphore = Semaphore(3)
    inside: set[int] = set()
    most = 0

    async def work(name: int) -> None:
        nonlocal most
        async with semaphore:
            inside.add(name)
            most = max(most, len(inside))
            await yield_now()
            inside.remove(name)

    async with coroutine_scope() as scope:
        for name in range(20):
            scope.launch(work, name)
    assert most == 3
    assert semaphore.available_permits == 3


async def test_k312_it_is_fair_and_hands_over_directly() -> None:
    semaphore = Semaphore(1, acquired_permits=1)
    order: list[str] = []

    async def work(name: str) -> None:
        await semaphore.acquire()
        order.append(name)

    async with coroutine_scope() as scope:
        for name in "abc":
            scope.launch(work, name)
            await turns()
        for _ in range(3):
            semaphore.release()
            assert semaphore.available_permits == 0
            assert not semaphore.try_acquire()  # nobody overtakes
            await turns()
    assert order == ["a", "b", "c"]


@INTERRUPTING
async def test_k316_a_cancelled_waiter_takes_no_permit_and_wakes_nobody(interrupt: Interrupt) -> None:
    semaphore = Semaphore(1, 1)
    async with coroutine_scope() as scope:
        first = scope.launch(semaphore.acquire, name="first")
        await turns()
        second = scope.launch(semaphore.acquire)
        await turns()
        interrupt(first)
        await turns()
        assert not second.is_completed
        semaphore.release()
        await second.join()
        assert semaphore.available_permits == 0
    semaphore.release()
    assert semaphore.available_permits == 1


@INTERRUPTING
@pytest.mark.parametrize("waiting", [0, 1])
async def test_k316_a_waiter_cancelled_after_the_hand_over_passes_it_on(interrupt: Interrupt, waiting: int) -> None:
    semaphore = Semaphore(1, 1)

    async def work() -> None:
        async with semaphore:
            await yield_now()

    async with coroutine_scope() as scope:
        first = scope.launch(work, name="first")
        await turns()
        others = [scope.launch(work) for _ in range(waiting)]
        await turns()
        semaphore.release()
        interrupt(first)
    assert semaphore.available_permits == 1
    assert not any(other.is_cancelled for other in others)


async def test_k317_a_permit_is_released_on_failure_and_early_exit() -> None:
    semaphore = Semaphore(2)
    with pytest.raises(ValueError, match="inside"):
        async with semaphore:
            raise ValueError("inside")
    for _ in range(1):
        async with semaphore:
            break
    assert semaphore.available_permits == 2


@pytest.mark.parametrize(("permits", "acquired"), [(0, 0), (-1, 0), (2, -1), (2, 3)])
def test_k318_counts_out_of_range_are_refused(permits: int, acquired: int) -> None:
    with pytest.raises(ValueError, match=f"not {acquired if permits > 0 else permits}"):
        Semaphore(permits, acquired)


@pytest.mark.parametrize("permits", [1.0, "2", True, None])
def test_k318_what_is_not_a_count_is_refused(permits: object) -> None:
    with pytest.raises(TypeError, match="permits must be a whole number"):
        Semaphore(permits)  # type: ignore[arg-type]  # what it refuses
    with pytest.raises(TypeError, match="acquired_permits must be a whole number"):
        Semaphore(3, permits)  # type: ignore[arg-type]  # what it refuses


def test_k318_release_beyond_the_maximum_is_refused() -> None:
    semaphore = Semaphore(2)
    with pytest.raises(IllegalStateError, match="none of the 2 permits"):
        semaphore.release()
    assert semaphore.try_acquire()
    semaphore.release()
    assert semaphore.available_permits == 2


def test_k318_permits_acquired_initially_may_be_released_by_anybody() -> None:
    semaphore = Semaphore(5, acquired_permits=4)
    assert semaphore.try_acquire()
    assert not semaphore.try_acquire()
    for _ in range(5):
        semaphore.release()
    assert semaphore.available_permits == 5


async def test_k319_a_very_long_line() -> None:
    semaphore = Semaphore(1, 1)
    async with coroutine_scope() as scope:
        jobs = [scope.launch(semaphore.acquire) for _ in range(5000)]
        await turns()
        for _ in range(5000):
            semaphore.release()
            await yield_now()
    assert not any(job.is_cancelled for job in jobs)
    assert semaphore.available_permits == 0


async def test_a_loop_of_permits_does_not_starve_the_others() -> None:
    semaphore = Semaphore(1)
    async with coroutine_scope() as scope:
        other = scope.launch(yield_now)
        for _ in range(5 * 128):
            async with semaphore:
                pass
        assert other.is_completed


def test_repr() -> None:
    assert repr(Semaphore(3, 1)) == "<Semaphore 2 of 3 free, 0 waiting>"
