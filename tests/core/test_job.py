"""`Job`: states, start, failure and cancellation. Facts of section M by number."""

# ruff: noqa: PT012  # a scope raises at its end, and a loop in its middle: all of it stands inside `raises`

from __future__ import annotations

import asyncio
import logging
from contextvars import ContextVar

import anyio
import pytest
import trio

from flowws import (
    CancellationError,
    CompletableDeferred,
    CompletableJob,
    CoroutineScope,
    Job,
    coroutine_scope,
    current_job,
    supervisor_scope,
)
from tests.core.observing import reported, turns


def flags(job: Job) -> tuple[bool, bool, bool]:
    return job.is_active, job.is_completed, job.is_cancelled


async def forever() -> None:
    await anyio.sleep_forever()


async def nothing() -> None:
    pass


# ------------------------------------------------------------------------------------------------------------- states


async def test_k271_a_job_that_ends_well_goes_from_active_to_completed() -> None:
    async with coroutine_scope() as scope:
        job = scope.launch(nothing)
        assert flags(job) == (True, False, False)
        await job.join()
        assert flags(job) == (False, True, False)


async def test_k271_k278_cancel_is_a_request_and_cleanup_runs_before_the_job_is_cancelled() -> None:
    cleaned = anyio.Event()
    release = anyio.Event()

    async def body() -> None:
        try:
            await anyio.sleep_forever()
        finally:
            with anyio.CancelScope(shield=True):
                await release.wait()
            cleaned.set()

    async with CoroutineScope() as scope:
        job = scope.launch(body)
        await turns()
        job.cancel()
        assert flags(job) == (False, False, True)
        await turns()
        assert flags(job) == (False, False, True)
        release.set()
        await job.join()
        assert flags(job) == (False, True, True)
        assert cleaned.is_set()


async def test_k271_k272_a_job_whose_body_has_returned_stays_active_until_its_children_have_ended() -> None:
    async with coroutine_scope() as scope:
        kept: list[CompletableJob] = []

        async def body() -> None:
            kept.append(CompletableJob(current_job(), name="child"))

        job = scope.launch(body)
        await turns()
        assert flags(job) == (True, False, False)
        assert "completing" in repr(job)
        assert kept[0].complete()
        assert flags(job) == (False, True, False)


async def test_k272_a_child_that_fails_while_its_parent_completes_takes_away_the_result() -> None:
    kept: list[CompletableJob] = []

    async def body() -> int:
        kept.append(CompletableJob(current_job(), name="child"))
        return 7

    async with supervisor_scope() as scope:
        deferred = scope.async_(body)
        await turns()
        kept[0].complete_exceptionally(KeyError("late"))
        with pytest.raises(KeyError, match="late"):
            await deferred
        assert flags(deferred) == (False, True, True)


async def test_k273_the_parent_is_there_until_completion() -> None:
    async with coroutine_scope() as scope:
        job = scope.launch(nothing)
        assert job.parent is scope.job
        assert list(scope.job.children) == [job]
        await job.join()
        assert job.parent is None
        assert list(scope.job.children) == []


async def test_k274_a_job_under_a_cancelled_or_finished_parent_is_cancelled_at_once() -> None:
    cancelled = CompletableJob(name="parent")
    cancelled.cancel()
    assert CompletableJob(cancelled, name="child").is_completed
    finished = CompletableJob(name="parent")
    finished.complete()
    child = CompletableDeferred[int](finished)
    assert child.is_cancelled
    assert child.is_completed


# -------------------------------------------------------------------------------------------------------------- start


async def test_k275_launch_never_runs_the_body_inline() -> None:
    ran: list[str] = []

    async def body() -> None:
        ran.append("body")

    async with coroutine_scope() as scope:
        scope.launch(body)
        ran.append("launcher")
    assert ran == ["launcher", "body"]


async def test_k275_a_job_cancelled_before_its_first_step_never_runs_its_body() -> None:
    ran: list[str] = []

    async def body() -> None:
        ran.append("body")

    async with coroutine_scope() as scope:
        job = scope.launch(body)
        job.cancel()
        await job.join()
        assert flags(job) == (False, True, True)
    assert ran == []


async def test_the_body_sees_the_context_of_its_launcher_and_keeps_its_own_changes() -> None:
    var: ContextVar[str] = ContextVar("var", default="nothing")
    seen: list[str] = []

    async def body() -> None:
        seen.append(var.get())
        var.set("of the job")

    async with coroutine_scope() as scope:
        var.set("of the launcher")
        job = scope.launch(body)
        var.set("changed later")
        await job.join()
        assert var.get() == "changed later"
    assert seen == ["of the launcher"]


async def test_the_current_job_is_the_one_whose_body_runs() -> None:
    seen: list[Job | None] = []

    async def body() -> None:
        seen.append(current_job())

    outside = current_job()
    async with coroutine_scope() as scope:
        assert current_job() is scope.job
        job = scope.launch(body)
        await job.join()
        assert current_job() is scope.job
    assert seen == [job]
    assert current_job() is outside


async def test_task_lists_show_the_names_of_jobs(anyio_backend_name: str) -> None:
    names: list[str] = []

    async def body() -> None:
        if anyio_backend_name == "trio":
            names.append(trio.lowlevel.current_task().name)
        else:
            task = asyncio.current_task()
            assert task is not None
            names.append(task.get_name())

    async with coroutine_scope() as scope:
        named = scope.launch(body, name="people feed")
        plain = scope.launch(body)
    assert sorted(names) == sorted(["people feed", plain.name])  # trio steps tasks in random order
    assert named.name == "people feed"
    assert plain.name.endswith("body")
    assert "'people feed' completed" in repr(named)


# ------------------------------------------------------------------------------------------------ failure, cancellation


async def test_k279_cancelling_a_child_touches_neither_parent_nor_siblings() -> None:
    async with coroutine_scope() as scope:
        sibling = scope.launch(forever)
        child = scope.launch(forever)
        await child.cancel_and_join()
        assert scope.is_active
        assert sibling.is_active
        sibling.cancel()


async def test_k280_a_failing_child_cancels_parent_and_siblings_and_the_parent_waits_for_their_cleanup() -> None:
    log: list[str] = []

    async def sibling() -> None:
        try:
            await anyio.sleep_forever()
        finally:
            with anyio.CancelScope(shield=True):
                await turns()
            log.append("sibling cleaned up")

    async def fail() -> None:
        await turns(3)
        raise ValueError("first")

    with pytest.raises(ValueError, match="first"):
        async with coroutine_scope() as scope:
            scope.launch(sibling)
            scope.launch(fail)
    assert log == ["sibling cleaned up"]
    assert scope.job.is_completed


async def test_k281_later_failures_ride_along_as_notes_and_are_logged(caplog: pytest.LogCaptureFixture) -> None:
    first = ValueError("first")

    async def cleanup_fails() -> None:
        try:
            await anyio.sleep_forever()
        finally:
            raise KeyError("second")

    async def fail() -> None:
        await turns(3)
        raise first

    with caplog.at_level(logging.ERROR, logger="flowws"), pytest.raises(ValueError, match="first") as caught:
        async with coroutine_scope() as scope:
            scope.launch(cleanup_fails)
            scope.launch(fail)
    assert caught.value is first
    assert len(first.__notes__) == 2
    assert "in job" in first.__notes__[0]
    assert "KeyError('second')" in first.__notes__[1]
    assert [record.exc_info[0] for record in caplog.records if record.exc_info] == [KeyError]


async def test_k282_a_child_that_ends_with_a_cancellation_error_does_not_touch_its_parent() -> None:
    promise = CompletableDeferred[int]()
    promise.cancel("given up")

    async def awaits() -> None:
        await promise

    async def raises() -> None:
        raise CancellationError("mine")

    async with coroutine_scope() as scope:
        jobs = [scope.launch(awaits), scope.launch(raises)]
        for job in jobs:
            await job.join()
            assert flags(job) == (False, True, True)
        assert scope.is_active


async def test_k307_a_timeout_is_an_ordinary_failure_unlike_in_kotlin() -> None:
    async def times_out() -> None:
        with anyio.fail_after(-1):
            await anyio.sleep_forever()

    with pytest.raises(TimeoutError):
        async with coroutine_scope() as scope:
            scope.launch(times_out)


async def test_k280_a_failure_reaches_the_parent_when_all_that_is_left_below_is_a_promise() -> None:
    """The promise ends within the failing, which must not complete the job before its parent has heard of it."""

    async def fail() -> None:
        promise = CompletableDeferred[int](current_job())
        CoroutineScope("nested", parent=current_job())
        raise ValueError("must be heard", promise)

    with pytest.raises(ValueError, match="must be heard"):
        async with coroutine_scope() as scope:
            scope.launch(fail)


async def test_an_ordinary_failure_outranks_the_cancellation_during_which_it_was_raised() -> None:
    async def body() -> None:
        try:
            await anyio.sleep_forever()
        finally:
            raise ValueError("in cleanup")

    with reported() as errors:
        scope = CoroutineScope()
        job = scope.launch(body)
        await turns()
        await job.cancel_and_join()
        await scope.aclose()
    assert [str(error) for error in errors] == ["in cleanup"]


# --------------------------------------------------------------------------------------------------------------- cause


async def test_the_cause_of_a_cancellation_reaches_handlers_and_children() -> None:
    causes: list[BaseException | None] = []
    scope = CoroutineScope("service")
    child = scope.launch(forever)
    child.invoke_on_completion(causes.append)
    mine = CancellationError("shutting down")
    scope.cancel(mine)
    scope.cancel("a second call changes nothing")
    await scope.join()
    assert causes == [mine]


@pytest.mark.parametrize("cause", [None, "a text", ValueError("an error")])
async def test_any_cause_becomes_a_cancellation_error(cause: str | BaseException | None) -> None:
    causes: list[BaseException | None] = []
    job = CompletableJob(name="work")
    job.invoke_on_completion(causes.append)
    job.cancel(cause)
    [got] = causes
    assert isinstance(got, CancellationError)
    if isinstance(cause, str):
        assert str(got) == cause
    assert got.__cause__ is (cause if isinstance(cause, BaseException) else None)


async def test_k285_cancel_children_leaves_the_job_usable() -> None:
    async with coroutine_scope() as scope:
        jobs = [scope.launch(forever), scope.launch(forever)]
        await turns()
        scope.job.cancel_children("enough")
        for job in jobs:
            await job.join()
        assert scope.is_active
        last = scope.launch(nothing)
        await last.join()
        assert not last.is_cancelled
