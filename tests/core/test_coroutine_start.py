"""`CoroutineStart` and `Job.start`. Facts K276 and K277."""

from __future__ import annotations

import threading
from contextvars import ContextVar

import anyio
import pytest

from flowws import (
    CancellationError,
    CoroutineScope,
    CoroutineStart,
    Job,
    coroutine_scope,
    select,
    yield_now,
)
from tests.core.observing import reported, turns

LAZY, ATOMIC = CoroutineStart.LAZY, CoroutineStart.ATOMIC


def flags(job: Job) -> tuple[bool, bool, bool]:
    return job.is_active, job.is_completed, job.is_cancelled


async def answer() -> int:
    return 42


# --------------------------------------------------------------------------------------------------------------- LAZY


async def test_k271_k276_a_lazy_job_is_new_until_somebody_starts_it() -> None:
    ran: list[str] = []

    async def body() -> None:
        ran.append("body")

    async with coroutine_scope() as scope:
        job = scope.launch(body, name="lazy", start=LAZY)
        await turns()
        assert flags(job) == (False, False, False)
        assert repr(job) == "<Job 'lazy' new>"
        assert ran == []
        assert job.start()
        assert flags(job) == (True, False, False)
        await job.join()
    assert ran == ["body"]


async def test_k277_start_is_true_for_the_call_that_started_the_job() -> None:
    async with coroutine_scope() as scope:
        lazy = scope.launch(answer, start=LAZY)
        assert [lazy.start(), lazy.start()] == [True, False]
        await lazy.join()
        assert not lazy.start()
        assert not scope.launch(answer).start()


async def test_k276_join_and_await_start_a_lazy_job() -> None:
    async with coroutine_scope() as scope:
        await scope.launch(answer, start=LAZY).join()
        assert await scope.async_(answer, start=LAZY) == 42


async def test_k276_a_select_starts_lazy_jobs() -> None:
    async with coroutine_scope() as scope:
        assert await select(scope.async_(answer, start=LAZY).on_await(lambda value: value)) == 42
        assert await select(scope.launch(answer, start=LAZY).on_join(lambda: "joined")) == "joined"


async def test_k276_a_lazy_child_that_nobody_starts_keeps_its_scope_waiting() -> None:
    async def block(jobs: list[Job]) -> None:
        async with coroutine_scope() as scope:
            jobs.append(scope.launch(answer, start=LAZY))

    jobs: list[Job] = []
    async with coroutine_scope() as outer:
        waiting = outer.launch(block, jobs)
        await turns()
        assert waiting.is_active
        jobs[0].start()
        await waiting.join()


async def test_k276_a_lazy_job_that_is_cancelled_first_never_runs() -> None:
    ran: list[str] = []

    async def body() -> None:
        ran.append("body")

    async with coroutine_scope() as scope:
        job = scope.launch(body, start=LAZY)
        job.cancel()
        assert flags(job) == (False, True, True)
        assert not job.start()
        deferred = scope.async_(answer, start=LAZY)
        deferred.cancel("changed my mind")
        with pytest.raises(CancellationError, match="changed my mind"):
            await deferred
    assert ran == []


async def test_a_cancelled_scope_ends_its_lazy_jobs() -> None:
    async with CoroutineScope() as scope:
        job = scope.launch(answer, start=LAZY)
    assert flags(job) == (False, True, True)


async def test_a_lazy_job_sees_the_context_variables_of_its_launcher() -> None:
    variable = ContextVar("variable", default="nobody")
    seen: list[str] = []

    async def body() -> None:
        seen.append(variable.get())

    async with coroutine_scope() as scope:
        variable.set("launcher")
        job = scope.launch(body, start=LAZY)
        variable.set("starter")
        await job.join()
    assert seen == ["launcher"]


async def test_a_lazy_job_may_be_started_from_another_thread() -> None:
    async with coroutine_scope() as scope:
        deferred = scope.async_(answer, start=LAZY)
        starter = threading.Thread(target=deferred.start)
        starter.start()
        await anyio.to_thread.run_sync(starter.join)
        while not deferred.is_completed:  # to await it would start it
            await yield_now()
        assert deferred.get_completed() == 42


def test_a_lazy_job_may_be_started_on_a_later_loop() -> None:
    scope = CoroutineScope("notebook")
    jobs: list[Job] = []

    async def launch() -> None:
        jobs.append(scope.launch(answer, start=LAZY))

    async def join() -> None:
        await jobs[0].join()

    anyio.run(launch, backend="asyncio")
    anyio.run(join, backend="trio")
    assert flags(jobs[0]) == (False, True, False)


# ------------------------------------------------------------------------------------------------------------- ATOMIC


async def test_k276_an_atomic_job_begins_even_if_it_is_cancelled_first() -> None:
    log: list[str] = []

    async def body() -> None:
        log.append("began")
        try:
            await yield_now()
            log.append("went on")
        finally:
            log.append("cleaned up")

    async with coroutine_scope() as scope:
        job = scope.launch(body, start=ATOMIC)
        job.cancel()
        await job.join()
        assert flags(job) == (False, True, True)
    assert log == ["began", "cleaned up"]


async def test_an_atomic_job_that_nobody_cancels_is_an_ordinary_one() -> None:
    async with coroutine_scope() as scope:
        assert await scope.async_(answer, start=ATOMIC) == 42


# --------------------------------------------------------------------------------------------------------- the argument


async def test_anything_else_is_refused_by_its_value() -> None:
    with reported() as errors:
        async with coroutine_scope() as scope:
            with pytest.raises(TypeError, match="start must be a CoroutineStart, not 'lazy'"):
                scope.launch(answer, start="lazy")  # type: ignore[arg-type]  # the mistake under test
            assert scope.is_active
            assert list(scope.job.children) == []
    assert errors == []
    assert repr(LAZY) == "CoroutineStart.LAZY"
