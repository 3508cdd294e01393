"""`join_all` and `await_all`. Facts K291 and K292."""

from __future__ import annotations

import threading

import anyio
import pytest

from flowws import (
    CancellationError,
    CompletableDeferred,
    CompletableJob,
    CoroutineStart,
    Deferred,
    Job,
    await_all,
    coroutine_scope,
    join_all,
    supervisor_scope,
)
from tests.core.observing import turns


async def value(number: int, rounds: int = 0) -> int:
    await turns(rounds)
    return number


async def fail(error: Exception) -> int:
    raise error


# ----------------------------------------------------------------------------------------------------------- await_all


@pytest.mark.parametrize("form", ["arguments", "iterable"])
async def test_k291_the_results_come_in_the_order_of_the_arguments(form: str) -> None:
    async with coroutine_scope() as scope:
        slow, fast = scope.async_(value, 1, 20), scope.async_(value, 2)
        if form == "arguments":
            assert await await_all(slow, fast) == [1, 2]
        else:
            assert await await_all(each for each in (slow, fast)) == [1, 2]


async def test_k291_duplicates_are_allowed_and_nothing_gives_an_empty_list() -> None:
    async with coroutine_scope() as scope:
        one = scope.async_(value, 1, 5)
        assert await await_all(one, one, CompletableDeferred.completed(2), one) == [1, 1, 2, 1]
    assert await await_all() == []
    nothing: list[Deferred[int]] = []
    assert await await_all(nothing) == []


async def test_k291_the_first_failure_is_raised_at_once_while_the_others_go_on() -> None:
    async with supervisor_scope() as scope:
        endless = CompletableDeferred[int]()
        failing = scope.async_(fail, ValueError("first"))
        with pytest.raises(ValueError, match="first"):
            await await_all(endless, failing)
        assert endless.is_active
        endless.complete(1)


async def test_k291_of_two_failures_the_earlier_one_is_raised() -> None:
    late, early = CompletableDeferred[int](), CompletableDeferred[int]()
    async with coroutine_scope() as scope:

        async def complete() -> None:
            early.complete_exceptionally(KeyError("early"))
            late.complete_exceptionally(ValueError("late"))

        scope.launch(complete)
        with pytest.raises(KeyError, match="early"):
            await await_all(late, early)


async def test_k291_a_deferred_that_failed_before_is_raised_too() -> None:
    failed = CompletableDeferred[int]()
    failed.complete_exceptionally(ValueError("before"))
    with pytest.raises(ValueError, match="before"):
        await await_all(CompletableDeferred[int](), failed)


async def test_k291_a_cancelled_deferred_raises_the_cancellation_error() -> None:
    cancelled = CompletableDeferred[int]()
    cancelled.cancel("gone")
    with pytest.raises(CancellationError, match="gone"):
        await await_all(CompletableDeferred.completed(1), cancelled)


async def test_k291_lazy_ones_are_started() -> None:
    async with coroutine_scope() as scope:
        lazy = [scope.async_(value, number, start=CoroutineStart.LAZY) for number in range(3)]
        assert await await_all(lazy) == [0, 1, 2]


async def test_a_waiter_that_is_cancelled_leaves_nothing_behind() -> None:
    promises = [CompletableDeferred[int]() for _ in range(3)]
    with anyio.CancelScope() as cancelled:
        cancelled.cancel()
        await await_all(promises)
    assert cancelled.cancelled_caught
    assert not any(promise._handlers for promise in promises)


async def test_a_promise_of_another_thread_may_be_awaited() -> None:
    first, second = CompletableDeferred[int](), CompletableDeferred[int]()

    def complete() -> None:
        first.complete(1)
        second.complete(2)

    async with coroutine_scope() as scope:
        both = scope.async_(await_all, first, second)
        await turns()
        completer = threading.Thread(target=complete)
        completer.start()
        assert await both == [1, 2]
        await anyio.to_thread.run_sync(completer.join)


# ------------------------------------------------------------------------------------------------------------ join_all


@pytest.mark.parametrize("form", ["arguments", "iterable"])
async def test_k292_join_all_never_raises_because_of_a_failed_job(form: str) -> None:
    async with supervisor_scope(exception_handler=lambda job, error: None) as scope:
        jobs: list[Job] = [scope.launch(fail, ValueError("not for the joiner")), scope.launch(value, 1, 5)]
        cancelled = CompletableJob()
        cancelled.cancel()
        jobs.append(cancelled)
        await (join_all(*jobs) if form == "arguments" else join_all(iter(jobs)))
        assert all(job.is_completed for job in jobs)


async def test_join_all_starts_lazy_jobs_and_waits_for_all() -> None:
    async with coroutine_scope() as scope:
        jobs = [scope.launch(value, 1, rounds, start=CoroutineStart.LAZY) for rounds in (9, 0, 5)]
        await join_all(jobs)
        assert [job.is_completed for job in jobs] == [True] * 3
    await join_all()


async def test_k284_join_all_checks_the_callers_own_cancellation() -> None:
    passed = False
    with anyio.CancelScope() as cancelled:
        cancelled.cancel()
        await join_all()
        passed = True
    assert not passed


async def test_what_is_no_job_is_refused_by_its_value() -> None:
    with pytest.raises(TypeError, match="join_all takes objects of type Job, or one iterable of them, not 1"):
        await join_all([1])  # type: ignore[list-item]  # the mistake under test
    with pytest.raises(TypeError, match="await_all takes objects of type Deferred"):
        await await_all(CompletableJob(), CompletableJob())  # type: ignore[call-overload]  # the mistake under test
