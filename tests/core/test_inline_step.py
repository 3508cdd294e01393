"""`CoroutineStart.UNDISPATCHED`: the first step of a body inside of `launch`. Fact K276."""

# ruff: noqa: PT012  # a scope raises at its end, and a loop in its middle: all of it stands inside `raises`

from __future__ import annotations

import asyncio
import sys
from contextvars import ContextVar

import anyio
import pytest

from flowws import CoroutineStart, Job, coroutine_scope, current_job, with_timeout, yield_now
from tests.core.observing import cancel_natively, turns

UNDISPATCHED = CoroutineStart.UNDISPATCHED


def flags(job: Job) -> tuple[bool, bool, bool]:
    return job.is_active, job.is_completed, job.is_cancelled


async def forever() -> None:
    await anyio.sleep_forever()


async def answer() -> int:
    return 42


inline = pytest.mark.asyncio_only(reason="a trio task cannot be begun while another one runs")


@inline
async def test_k276_an_undispatched_job_runs_inside_launch_up_to_its_first_wait() -> None:
    log: list[str] = []

    async def body() -> str:
        log.append("began")
        await yield_now()
        log.append("resumed")
        return "done"

    async with coroutine_scope() as scope:
        deferred = scope.async_(body, start=UNDISPATCHED)
        log.append("launched")
        assert await deferred == "done"
    assert log == ["began", "launched", "resumed"]


async def test_an_undispatched_job_ends_as_any_other() -> None:
    """On both loops"""
    release = anyio.Event()

    async def waits() -> int:
        await release.wait()
        return 1

    async def fails() -> None:
        raise ValueError("at once")

    async with coroutine_scope() as scope:
        deferred = scope.async_(waits, start=UNDISPATCHED)
        release.set()
        assert await deferred == 1
        assert await scope.async_(answer, start=UNDISPATCHED) == 42
    with pytest.raises(ValueError, match="at once"):
        async with coroutine_scope() as scope:
            scope.launch(fails, start=UNDISPATCHED)
            await anyio.sleep_forever()


@inline
async def test_a_body_that_runs_inline_has_a_task_a_job_and_a_context_of_its_own() -> None:
    variable = ContextVar("variable", default="nobody")
    launcher = asyncio.current_task()
    seen: list[object] = []

    async def body() -> None:
        task = asyncio.current_task()
        assert task is not None
        seen.extend([task.get_name(), task is launcher, current_job(), variable.get()])
        variable.set("body")
        await yield_now()
        seen.extend([asyncio.current_task() is task, current_job(), variable.get()])

    async with coroutine_scope() as scope:
        variable.set("launcher")
        job = scope.launch(body, name="inline", start=UNDISPATCHED)
        assert asyncio.current_task() is launcher
        assert current_job() is scope.job
        assert variable.get() == "launcher"
    assert seen == ["inline", False, job, "launcher", True, job, "body"]


@inline
async def test_cancel_scopes_inside_of_an_inline_step_work() -> None:
    seen: list[str] = []

    async def body() -> None:
        with anyio.move_on_after(1e-6):
            await anyio.sleep_forever()
        seen.append("moved on")
        with pytest.raises(TimeoutError):
            await with_timeout(1e-6, forever)
        seen.append("timed out")
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(yield_now)
        seen.append("grouped")

    async with coroutine_scope() as scope:
        scope.launch(body, start=UNDISPATCHED)
    assert seen == ["moved on", "timed out", "grouped"]


@pytest.mark.parametrize("wait_a_turn", [False, True])
@pytest.mark.parametrize("cancel", [Job.cancel, cancel_natively])
async def test_an_undispatched_job_that_is_parked_can_be_cancelled(cancel: object, wait_a_turn: bool) -> None:
    log: list[str] = []

    async def body() -> None:
        try:
            await anyio.sleep_forever()
        finally:
            log.append("cleaned up")

    async with coroutine_scope() as scope:
        job = scope.launch(body, name="parked", start=UNDISPATCHED)
        if wait_a_turn:
            await turns()
        assert callable(cancel)
        cancel(job)
        await job.join()
        assert flags(job) == (False, True, True)
        assert log in ([] if not wait_a_turn else ["cleaned up"], ["cleaned up"])


@inline
async def test_cancelling_before_the_next_turn_cancels_what_the_body_waits_for() -> None:
    futures: list[asyncio.Future[None]] = []

    async def body() -> None:
        futures.append(asyncio.get_running_loop().create_future())
        await futures[0]

    async with coroutine_scope() as scope:
        job = scope.launch(body, name="waits", start=UNDISPATCHED)
        cancel_natively(job)
        await job.join()
    assert futures[0].cancelled()


@inline
async def test_what_was_handed_over_before_the_cancellation_is_there_to_be_given_back() -> None:
    future: asyncio.Future[str] = asyncio.get_running_loop().create_future()
    seen: list[str] = []

    async def body() -> None:
        try:
            await future
        except asyncio.CancelledError:
            seen.append(future.result())
            raise

    async with coroutine_scope() as scope:
        job = scope.launch(body, name="handed", start=UNDISPATCHED)
        future.set_result("value")
        cancel_natively(job)
        await job.join()
        assert job.is_cancelled
    assert seen == ["value"]


@inline
async def test_a_body_that_only_made_way_is_cancelled_where_it_stands() -> None:
    log: list[str] = []

    async def body() -> None:
        try:
            await yield_now()
        finally:
            log.append("cleaned up")

    async with coroutine_scope() as scope:
        job = scope.launch(body, name="made way", start=UNDISPATCHED)
        cancel_natively(job)
        await job.join()
        assert job.is_cancelled
    assert log == ["cleaned up"]


@inline
async def test_a_body_that_has_ended_inline_cannot_be_cancelled_any_more() -> None:
    async with coroutine_scope() as scope:
        deferred = scope.async_(answer, name="ended", start=UNDISPATCHED)
        assert deferred.is_completed
        cancel_natively(deferred)
        await turns()
        assert await deferred == 42


@inline
async def test_a_body_may_launch_the_next_one_inline() -> None:
    log: list[int] = []

    async def body(depth: int) -> None:
        log.append(depth)
        if depth < 5:
            async with coroutine_scope() as inner:
                inner.launch(body, depth + 1, start=UNDISPATCHED)
        log.append(-depth)

    async with coroutine_scope() as scope:
        scope.launch(body, 0, start=UNDISPATCHED)
        assert log == [0, 1, 2, 3, 4, 5, -5, -4, -3, -2, -1, 0]


@inline
async def test_a_callback_of_the_loop_may_launch_inline() -> None:
    async with coroutine_scope() as scope:
        log: list[str] = []

        async def body() -> None:
            log.append("ran")

        def callback() -> None:
            scope.launch(body, start=UNDISPATCHED)
            log.append("after")

        asyncio.get_running_loop().call_soon(callback)
        await turns()
    assert log == ["ran", "after"]


@inline
@pytest.mark.skipif(sys.version_info < (3, 12), reason="asyncio has eager tasks from 3.12 on")
async def test_a_loop_that_begins_tasks_itself_begins_them_once() -> None:
    loop = asyncio.get_running_loop()
    before = loop.get_task_factory()
    loop.set_task_factory(getattr(asyncio, "eager_task_factory"))  # noqa: B009  # a checker for 3.11 does not know it
    log: list[str] = []

    async def body() -> None:
        log.append("began")
        await yield_now()
        log.append("resumed")

    try:
        async with coroutine_scope() as scope:
            scope.launch(body, start=UNDISPATCHED)
            log.append("launched")
    finally:
        loop.set_task_factory(before)
    assert log == ["began", "launched", "resumed"]
