"""Jobs and the loop they run on: native cancellation, its end, interruptions."""

from __future__ import annotations

import asyncio
import gc
import logging
import threading

import anyio
import pytest
import trio

from flowws import (
    CoroutineScope,
    Job,
    coroutine_scope,
)
from tests.core.observing import turns


def flags(job: Job) -> tuple[bool, bool, bool]:
    return job.is_active, job.is_completed, job.is_cancelled


async def forever() -> None:
    await anyio.sleep_forever()


@pytest.mark.asyncio_only(reason="trio's tasks cannot be cancelled natively")
async def test_native_cancel_of_a_jobs_own_task_counts_as_cancellation() -> None:
    tasks: list[asyncio.Task[object] | None] = []

    async def body() -> None:
        tasks.append(asyncio.current_task())
        await anyio.sleep_forever()

    async with coroutine_scope() as scope:
        job = scope.launch(body)
        await turns()
        assert tasks[0] is not None
        tasks[0].cancel()
        await job.join()
        assert flags(job) == (False, True, True)
        assert scope.is_active
    assert tasks[0].cancelled()


@pytest.mark.asyncio_only(reason="trio's tasks cannot be cancelled natively")
async def test_native_cancel_of_a_jobs_task_before_its_first_step_ends_the_job() -> None:
    ran: list[str] = []

    async def body() -> None:
        ran.append("body")

    async with coroutine_scope() as scope:
        job = scope.launch(body, name="not begun")
        [task] = [task for task in asyncio.all_tasks() if task.get_name() == "not begun"]
        task.cancel()
        del task  # the job hears of it when the task is dropped, which whoever holds on to it delays
        await job.join()
        assert flags(job) == (False, True, True)
    assert ran == []


@pytest.mark.parametrize("backend", ["asyncio", "trio"])
def test_the_end_of_the_loop_leaves_no_job_behind(backend: str) -> None:
    jobs: list[Job] = []
    log: list[str] = []

    async def body() -> None:
        try:
            await anyio.sleep_forever()
        finally:
            log.append("cleaned up")

    async def main() -> None:
        scope = CoroutineScope("plain")
        jobs.append(scope.launch(body))
        await turns()
        jobs.append(scope.launch(body))  # has not begun when the loop ends

    anyio.run(main, backend=backend)
    assert [flags(job) for job in jobs] == [(False, True, True)] * 2
    assert log[:1] == ["cleaned up"]


@pytest.mark.parametrize("backend", ["asyncio", "trio"])
@pytest.mark.parametrize("thread", ["here", "elsewhere"])
def test_a_scope_whose_loop_has_ended_can_still_be_cancelled(backend: str, thread: str) -> None:
    scopes: list[CoroutineScope] = []

    async def main() -> None:
        scopes.append(CoroutineScope("plain"))
        scopes[0].launch(forever)
        await turns()

    anyio.run(main, backend=backend)
    if thread == "here":
        scopes[0].cancel()
    else:
        canceller = threading.Thread(target=scopes[0].cancel)
        canceller.start()
        canceller.join()
    assert scopes[0].job.is_completed


def test_a_scope_outlives_one_loop_and_serves_in_the_next() -> None:
    """Made outside of any loop, as in a notebook."""
    scope = CoroutineScope("notebook")
    ran: list[str] = []

    async def main(text: str) -> None:
        async def body() -> None:
            ran.append(text)

        await scope.launch(body).join()

    anyio.run(main, "first", backend="asyncio")
    anyio.run(main, "second", backend="trio")
    assert ran == ["first", "second"]
    scope.cancel()


def test_launching_from_a_callback_before_the_loops_first_step() -> None:
    loop = asyncio.new_event_loop()
    scope = CoroutineScope()
    ran: list[str] = []

    async def body() -> None:
        ran.append("body")
        loop.stop()

    loop.call_soon(scope.launch, body)
    loop.run_forever()
    loop.run_until_complete(scope.aclose())
    loop.close()
    assert ran == ["body"]


@pytest.mark.parametrize("backend", ["asyncio", "trio"])
def test_keyboard_interrupt_in_a_child_comes_out_of_the_run(backend: str) -> None:
    log: list[str] = []

    async def sibling() -> None:
        try:
            await anyio.sleep_forever()
        finally:
            log.append("sibling cleaned up")

    async def interrupted() -> None:
        await turns()
        raise KeyboardInterrupt

    async def main() -> None:
        async with coroutine_scope() as scope:
            scope.launch(sibling)
            scope.launch(interrupted)

    with pytest.raises(KeyboardInterrupt):
        anyio.run(main, backend=backend)
    assert log == ["sibling cleaned up"]


@pytest.mark.parametrize("backend", ["asyncio", "trio"])
@pytest.mark.parametrize("exit_with", [KeyboardInterrupt, SystemExit])
def test_an_exit_raised_under_a_plain_scope_stops_the_loop(
    backend: str, exit_with: type[BaseException], caplog: pytest.LogCaptureFixture
) -> None:
    """On trio a `SystemExit` arrives wrapped: a job is a system task there, and nobody stands above a plain scope."""
    reached = False

    async def exits() -> None:
        raise exit_with

    async def main() -> None:
        nonlocal reached
        scope = CoroutineScope("plain")
        scope.launch(exits)
        await anyio.sleep_forever()
        reached = True

    arrives = trio.TrioInternalError if backend == "trio" and exit_with is SystemExit else exit_with
    with caplog.at_level(logging.CRITICAL + 1), pytest.raises(arrives):
        anyio.run(main, backend=backend)
    assert not reached
    gc.collect()


def test_a_nursery_that_fails_in_its_cleanup_does_not_bring_trio_down() -> None:
    """At the end of the run a job's nursery is cancelled: out of it come cancellation and failure in one group."""
    told: list[BaseException] = []

    async def fails_in_cleanup() -> None:
        try:
            await trio.sleep_forever()
        finally:
            raise ValueError("in cleanup")

    async def cleans_up() -> None:
        try:
            await trio.sleep_forever()
        finally:
            await trio.lowlevel.checkpoint()

    async def job() -> None:
        async with trio.open_nursery() as nursery:
            nursery.start_soon(fails_in_cleanup)
            nursery.start_soon(cleans_up)

    async def main() -> None:
        scope = CoroutineScope(exception_handler=lambda job, error: told.append(error))
        scope.launch(job)
        await turns()

    trio.run(main)
    [group] = told
    assert isinstance(group, ExceptionGroup)
    assert [str(error) for error in group.exceptions] == ["in cleanup"]


@pytest.mark.parametrize("backend", ["asyncio", "trio"])
def test_a_group_of_nothing_but_cancellation_is_cancellation(backend: str) -> None:
    told: list[BaseException] = []
    jobs: list[Job] = []

    async def job() -> None:
        try:
            await anyio.sleep_forever()
        except anyio.get_cancelled_exc_class() as cancelled:
            raise BaseExceptionGroup("outer", [BaseExceptionGroup("inner", [cancelled])]) from None

    async def main() -> None:
        scope = CoroutineScope(exception_handler=lambda job, error: told.append(error))
        jobs.append(scope.launch(job))
        await turns()

    anyio.run(main, backend=backend)
    assert told == []
    assert flags(jobs[0]) == (False, True, True)
