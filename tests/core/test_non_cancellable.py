"""`non_cancellable`. Fact K300."""

from __future__ import annotations

import anyio

from flowws import (
    CoroutineScope,
    CoroutineStart,
    Job,
    await_cancellation,
    coroutine_scope,
    current_job,
    non_cancellable,
    supervisor_scope,
    with_timeout,
    yield_now,
)
from tests.core.observing import turns


async def test_k300_the_block_runs_to_its_end_and_the_cancellation_takes_effect_after_it() -> None:
    log: list[str] = []

    async def body() -> None:
        with non_cancellable():
            log.append("began")
            await turns()
            log.append("ended")
        log.append("no wait yet")
        await yield_now()
        log.append("not reached")

    async with coroutine_scope() as scope:
        job = scope.launch(body)
        while not log:  # a turn or two, on trio
            await yield_now()
        job.cancel()
        await job.join()
        assert job.is_cancelled
    assert log == ["began", "ended", "no wait yet"]


async def test_k300_the_current_job_inside_is_always_active() -> None:
    seen: list[Job | None] = []

    async def body() -> None:
        outer = current_job()
        assert outer is not None
        outer.cancel()
        with non_cancellable():
            inside = current_job()
            assert inside is not None
            inside.cancel()
            inside.ensure_active()
            assert inside.is_active
            await yield_now()
            seen.append(inside)
        assert current_job() is outer

    async with coroutine_scope() as scope:
        scope.launch(body, name="body")
    assert [str(job.name) for job in seen if job is not None] == ["non_cancellable in body"]
    assert all(job is not None and job.is_completed for job in seen)


async def test_k300_a_scope_inside_is_not_cancelled_by_the_tree() -> None:
    log: list[str] = []

    async def child(text: str) -> None:
        await turns()
        log.append(text)

    async def body() -> None:
        try:
            await anyio.sleep_forever()
        finally:
            with non_cancellable():
                async with coroutine_scope() as inner:
                    inner.launch(child, "child")
                async with supervisor_scope() as inner:
                    inner.launch(child, "supervised")
                await with_timeout(60, child, "in time")

    async with coroutine_scope() as scope:
        job = scope.launch(body)
        await turns()
        job.cancel()
    assert log == ["child", "supervised", "in time"]


async def test_a_scope_that_was_open_already_when_the_job_was_cancelled_runs_to_its_end() -> None:
    log: list[str] = []

    async def child() -> None:
        await turns(30)
        log.append("child")

    async def body() -> None:
        with non_cancellable():
            async with coroutine_scope() as inner:
                inner.launch(child)

    async with coroutine_scope() as scope:
        job = scope.launch(body)
        await turns()
        job.cancel()
    assert log == ["child"]


async def test_outside_of_any_job_it_shields_as_well() -> None:
    passed = False
    with anyio.CancelScope() as cancelled:
        cancelled.cancel()
        with non_cancellable():
            await yield_now()
            passed = True
    assert passed
    assert current_job() is None


async def test_a_job_may_close_its_own_scope_in_there_without_waiting_for_itself() -> None:
    log: list[str] = []
    scope = CoroutineScope()

    async def closes() -> None:
        try:
            await await_cancellation()
        finally:
            with non_cancellable():
                async with coroutine_scope():
                    await scope.aclose()
                log.append("goes on")

    job = scope.launch(closes, start=CoroutineStart.ATOMIC)
    job.cancel()
    with anyio.fail_after(5):
        await job.join()
        await scope.aclose()
    assert log == ["goes on"]
