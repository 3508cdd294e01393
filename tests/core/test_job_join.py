"""`Job`: joining, completion handlers, other threads, and `CompletableJob`. Facts of section M by number."""

# ruff: noqa: PT012  # a scope raises at its end, and a loop in its middle: all of it stands inside `raises`

from __future__ import annotations

import threading

import anyio
import pytest

from flowws import (
    CancellationError,
    CompletableDeferred,
    CompletableJob,
    CoroutineScope,
    Job,
    coroutine_scope,
    supervisor_scope,
)
from tests.core.observing import reported, turns


def flags(job: Job) -> tuple[bool, bool, bool]:
    return job.is_active, job.is_completed, job.is_cancelled


async def forever() -> None:
    await anyio.sleep_forever()


# ---------------------------------------------------------------------------------------------------------------- join


async def test_k283_join_does_not_raise_the_failure_of_the_job() -> None:
    async def fail() -> None:
        raise ValueError("not for the one who joins")

    async with supervisor_scope(exception_handler=lambda job, error: None) as scope:
        job = scope.launch(fail)
        await job.join()
        assert flags(job) == (False, True, True)


async def test_k283_the_joiner_is_cancelled_when_the_joined_child_fails_its_scope() -> None:
    seen: list[str] = []

    async def fail() -> None:
        raise ValueError("of the child")

    with pytest.raises(ValueError, match="of the child"):
        async with coroutine_scope() as scope:
            try:
                await scope.launch(fail).join()
                await anyio.sleep_forever()
            except anyio.get_cancelled_exc_class():
                seen.append("cancelled")
                raise
    assert seen == ["cancelled"]


@pytest.mark.parametrize("how", ["join", "cancel_and_join"])
async def test_k284_join_checks_the_callers_own_cancellation_even_when_there_is_nothing_to_wait_for(how: str) -> None:
    job = CompletableJob(name="work")
    job.complete()
    passed = False
    with anyio.CancelScope() as cancelled:
        cancelled.cancel()
        await getattr(job, how)()
        passed = True
    assert not passed


async def test_cancelling_the_one_who_joins_leaves_the_job_alone() -> None:
    async with coroutine_scope() as scope:
        job = scope.launch(forever)
        with anyio.CancelScope() as cancelled:
            cancelled.cancel()
            await job.join()
        assert cancelled.cancelled_caught
        assert job.is_active
        assert not job._handlers  # the waiter has taken its registration back
        job.cancel()


async def test_k292_many_may_join_and_all_are_woken() -> None:
    woken: list[int] = []
    job = CompletableDeferred[None]()

    async def joins(number: int) -> None:
        await job.join()
        woken.append(number)

    async with coroutine_scope() as scope:
        for number in range(3):
            scope.launch(joins, number)
        await turns()
        assert woken == []
        job.complete_exceptionally(ValueError("of no concern to them"))
    assert sorted(woken) == [0, 1, 2]  # trio steps tasks in random order


# ------------------------------------------------------------------------------------------------- completion handlers


async def test_k286_a_handler_runs_once_synchronously_and_at_once_on_a_complete_job() -> None:
    causes: list[BaseException | None] = []
    job = CompletableJob(name="work")
    job.invoke_on_completion(causes.append)
    job.complete()
    assert causes == [None]
    job.invoke_on_completion(causes.append).dispose()
    assert causes == [None, None]
    failed = CompletableDeferred[int]()
    failed.invoke_on_completion(causes.append)
    error = ValueError()
    failed.complete_exceptionally(error)
    assert causes[2:] == [error]


async def test_k286_a_disposed_handler_is_not_called_and_dispose_is_harmless_within() -> None:
    called: list[str] = []
    job = CompletableJob(name="work")
    gone = job.invoke_on_completion(lambda _: called.append("gone"))
    gone.dispose()
    gone.dispose()

    def kept(_: BaseException | None) -> None:
        called.append("kept")
        handle.dispose()

    handle = job.invoke_on_completion(kept)
    job.complete()
    assert called == ["kept"]


async def test_k286_a_raising_handler_stops_no_other_and_is_reported() -> None:
    called: list[str] = []

    def bad(_: BaseException | None) -> None:
        raise ValueError("bad handler")

    with reported() as errors:
        job = CompletableJob(name="work")
        job.invoke_on_completion(bad)
        job.invoke_on_completion(lambda _: called.append("good"))
        assert job.complete()
    assert called == ["good"]
    assert [str(error) for error in errors] == ["bad handler"]


# ------------------------------------------------------------------------------------------------------ CompletableJob


async def test_k298_complete_is_true_once_and_waits_for_the_children() -> None:
    job = CompletableJob(name="work")
    child = CompletableJob(job, name="child")
    assert job.complete()
    assert not job.complete()
    assert not job.complete_exceptionally(ValueError())
    assert flags(job) == (True, False, False)
    child.complete()
    assert flags(job) == (False, True, False)


async def test_k298_complete_exceptionally_cancels_the_children_and_fails_the_parent() -> None:
    error = ValueError("why")
    causes: list[BaseException | None] = []
    with reported() as errors:
        parent = CompletableJob(name="parent")
        job = CompletableJob(parent, name="work")
        child = CompletableJob(job, name="child")
        child.invoke_on_completion(causes.append)
        assert job.complete_exceptionally(error)
    assert parent.is_cancelled
    assert isinstance(causes[0], CancellationError)
    assert causes[0].__cause__ is error
    assert errors == []  # whoever failed a job by hand knows


async def test_k298_cancelling_it_does_not_touch_its_parent() -> None:
    parent = CompletableJob(name="parent")
    job = CompletableJob(parent, name="work")
    job.cancel()
    assert flags(job) == (False, True, True)
    assert flags(parent) == (True, False, False)


# ------------------------------------------------------------------------------------------------------ other threads


async def test_cancel_from_another_thread() -> None:
    scope = CoroutineScope()
    job = scope.launch(forever)
    await turns()
    thread = threading.Thread(target=job.cancel, args=("from afar",))
    thread.start()
    await job.join()
    thread.join()
    assert flags(job) == (False, True, True)
    assert scope.is_active
    await scope.aclose()


@pytest.mark.parametrize("elsewhere", ["asyncio", "trio"])
async def test_join_and_await_from_another_loop_in_another_thread(elsewhere: str) -> None:
    results: list[object] = []
    waiting = threading.Event()
    release = anyio.Event()

    async def body() -> str:
        await release.wait()
        return "done"

    async with coroutine_scope() as scope:
        deferred = scope.async_(body)

        async def far_away() -> None:
            waiting.set()
            await deferred.join()
            results.append(await deferred)

        thread = threading.Thread(target=lambda: anyio.run(far_away, backend=elsewhere))
        thread.start()
        await anyio.to_thread.run_sync(waiting.wait)
        release.set()
        await deferred
        await anyio.to_thread.run_sync(thread.join)
    assert results == ["done"]


def test_joining_from_other_threads_races_completion_and_nobody_hangs() -> None:
    """A handler is registered in one thread at the very moment when the job completes in another."""
    for _ in range(200):
        job = CompletableJob(name="work")
        told: list[object] = []
        start = threading.Barrier(2)

        def register(job: CompletableJob = job, start: threading.Barrier = start, told: list[object] = told) -> None:
            start.wait()
            job.invoke_on_completion(told.append)

        thread = threading.Thread(target=register)
        thread.start()
        start.wait()
        job.complete()
        thread.join()
        assert told == [None]
