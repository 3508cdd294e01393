"""`coroutine_scope` being cancelled: by itself, its job, a timeout, asyncio. Facts of section M by number."""

# ruff: noqa: PT012  # a scope raises at its end, and a loop in its middle: all of it stands inside `raises`

from __future__ import annotations

import asyncio

import anyio
import pytest

from flowws import (
    CancellationError,
    CompletableDeferred,
    CoroutineScope,
    Job,
    coroutine_scope,
    yield_now,
)
from tests.core.observing import turns


async def forever() -> None:
    await anyio.sleep_forever()


async def fail(error: BaseException) -> None:
    await yield_now()
    raise error


# -------------------------------------------------------------------------------------------------------- cancellation


async def test_cancelling_the_scope_ends_block_and_children_quietly() -> None:
    reached = False
    async with coroutine_scope() as scope:
        job = scope.launch(forever)
        await turns()
        scope.cancel()
        await anyio.sleep_forever()
        reached = True
    assert not reached
    assert job.is_cancelled
    assert scope.job.is_cancelled


async def test_a_child_may_cancel_the_scope() -> None:
    async with coroutine_scope() as scope:
        scope.launch(scope.aclose)
        await anyio.sleep_forever()
    assert scope.job.is_cancelled


async def test_cancelling_the_scope_while_it_waits_for_its_children() -> None:
    async with coroutine_scope() as scope:
        scope.launch(forever)

        async def later() -> None:
            await turns()
            scope.cancel()

        scope.launch(later)
    assert scope.job.is_cancelled


async def test_a_cancellation_error_out_of_the_block_is_passed_on() -> None:
    promise = CompletableDeferred[int]()
    promise.cancel("gone")
    with pytest.raises(CancellationError, match="gone"):
        async with coroutine_scope() as scope:
            job = scope.launch(forever)
            await promise
    assert job.is_cancelled


async def test_the_current_job_being_cancelled_reaches_block_and_children() -> None:
    inner: list[Job] = []

    async def body() -> None:
        async with coroutine_scope() as scope:
            inner.append(scope.launch(forever))
            await anyio.sleep_forever()

    async with CoroutineScope() as outer:
        job = outer.launch(body)
        await turns()
        job.cancel()
        assert inner[0].is_cancelled  # at once, not a turn later
        await job.join()
    assert inner[0].is_completed


@pytest.mark.parametrize("where", ["in the block", "at its end"])
async def test_an_outer_timeout_cancels_and_awaits_the_children(where: str) -> None:
    log: list[str] = []

    async def child() -> None:
        try:
            await anyio.sleep_forever()
        finally:
            with anyio.CancelScope(shield=True):
                await turns()
            log.append("cleaned up")

    with anyio.CancelScope() as timeout:
        async with coroutine_scope() as scope:
            scope.launch(child)
            scope.launch(_cancels, timeout)
            if where == "in the block":
                await anyio.sleep_forever()
    assert timeout.cancelled_caught
    assert log == ["cleaned up"]
    assert scope.job.is_completed


async def _cancels(scope: anyio.CancelScope) -> None:
    await turns()
    scope.cancel()


async def test_fail_after_around_a_scope_and_within_one() -> None:
    with pytest.raises(TimeoutError):
        with anyio.fail_after(0):
            async with coroutine_scope() as scope:
                scope.launch(forever)
    with pytest.raises(TimeoutError):
        async with coroutine_scope() as scope:
            scope.launch(forever)
            with anyio.fail_after(0):
                await anyio.sleep_forever()
    assert scope.job.is_completed


async def test_move_on_after_around_a_scope() -> None:
    with anyio.move_on_after(0) as timeout:
        async with coroutine_scope() as scope:
            job = scope.launch(forever)
    assert timeout.cancelled_caught
    assert job.is_completed


async def test_k294_an_ordinary_error_of_the_block_outranks_the_callers_cancellation() -> None:
    with anyio.CancelScope() as outer:
        with pytest.raises(ValueError, match="ordinary"):
            async with coroutine_scope() as scope:
                scope.launch(forever)
                await turns()
                outer.cancel()
                raise ValueError("ordinary")
    assert scope.job.is_completed


async def test_a_caller_that_is_cancelled_twice_still_waits_for_its_children() -> None:
    log: list[str] = []

    async def child() -> None:
        try:
            await anyio.sleep_forever()
        finally:
            with anyio.CancelScope(shield=True):
                await turns(30)
            log.append("cleaned up")

    async with anyio.create_task_group() as group:

        async def body() -> None:
            with anyio.CancelScope() as inner:
                async with coroutine_scope() as scope:
                    scope.launch(child)
                    group.start_soon(_cancels, inner)
                    await turns(2)

        group.start_soon(body)
        await turns(20)
        group.cancel_scope.cancel()
    assert log == ["cleaned up"]


async def test_a_shielded_cleanup_may_use_a_scope_in_a_cancelled_job() -> None:
    log: list[str] = []

    async def child() -> None:
        await turns()
        log.append("saved")

    async def body() -> None:
        try:
            await anyio.sleep_forever()
        finally:
            with anyio.CancelScope(shield=True):
                async with coroutine_scope() as scope:
                    scope.launch(child)

    async with CoroutineScope() as outer:
        job = outer.launch(body)
        await turns()
        await job.cancel_and_join()
    assert log == ["saved"]


async def test_without_a_shield_a_scope_in_a_cancelled_job_is_cancelled() -> None:
    log: list[str] = []

    async def body() -> None:
        try:
            await anyio.sleep_forever()
        finally:
            async with coroutine_scope() as scope:
                assert not scope.is_active
                await yield_now()
                log.append("not reached")

    async with CoroutineScope() as outer:
        job = outer.launch(body)
        await turns()
        await job.cancel_and_join()
    assert log == []


async def test_a_task_that_outlives_the_job_it_was_started_in_may_use_a_scope() -> None:
    """It has inherited a current job that is over; its block must not be skipped without a word."""
    log: list[str] = []
    go = anyio.Event()

    async def foreign() -> None:
        await go.wait()
        async with coroutine_scope() as scope:
            scope.launch(turns)
            await yield_now()
            log.append("ran")

    async with anyio.create_task_group() as group:
        async with coroutine_scope() as scope:

            async def body() -> None:
                group.start_soon(foreign)

            scope.launch(body)
        go.set()
    assert log == ["ran"]


async def test_it_may_be_left_by_return_break_and_the_end_of_a_generator() -> None:
    async def returns() -> int:
        async with coroutine_scope() as scope:
            scope.launch(turns)
            return 5
        return 6

    assert await returns() == 5
    jobs: list[Job] = []
    for _ in range(3):
        async with coroutine_scope() as scope:
            jobs.append(scope.launch(turns))
            break
    assert [job.is_completed for job in jobs] == [True]


# -------------------------------------------------------------------------------------------------- asyncio's own means


@pytest.mark.asyncio_only(reason="trio has no native cancellation of a task")
@pytest.mark.parametrize("where", ["in the block", "at its end"])
async def test_native_cancel_of_the_task_of_a_scope_passes_and_leaves_no_child(where: str) -> None:
    scopes: list[CoroutineScope] = []

    async def body() -> None:
        async with coroutine_scope() as scope:
            scopes.append(scope)
            scope.launch(forever)
            if where == "in the block":
                await anyio.sleep_forever()

    task = asyncio.create_task(body())
    await turns()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert task.cancelled()
    assert scopes[0].job.is_completed


@pytest.mark.asyncio_only(reason="trio has no native cancellation of a task")
async def test_native_cancel_together_with_a_cancelled_scope_still_passes() -> None:
    async def body() -> None:
        async with coroutine_scope() as scope:
            scope.launch(forever)
            await turns(2)
            scope.cancel()
            this = asyncio.current_task()
            assert this is not None
            this.cancel()
            await anyio.sleep_forever()
        await anyio.sleep_forever()

    task = asyncio.create_task(body())
    with pytest.raises(asyncio.CancelledError):
        await asyncio.wait_for(task, 5)


@pytest.mark.asyncio_only(reason="asyncio.timeout")
async def test_asyncio_timeout_around_a_scope() -> None:
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0):
            async with coroutine_scope() as scope:
                scope.launch(forever)
    assert scope.job.is_completed
    this = asyncio.current_task()
    assert this is not None
    assert this.cancelling() == 0


@pytest.mark.asyncio_only(reason="asyncio.TaskGroup")
async def test_a_failing_scope_leaves_no_cancellation_request_on_its_task() -> None:
    this = asyncio.current_task()
    assert this is not None
    with pytest.raises(ValueError, match="x"):
        async with coroutine_scope() as scope:
            scope.launch(fail, ValueError("x"))
            await anyio.sleep_forever()
    assert this.cancelling() == 0
    async with asyncio.TaskGroup() as group:
        group.create_task(turns())
