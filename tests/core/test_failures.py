"""What errors say: the note with the name of the job, and `ensure_active`."""

from __future__ import annotations

import traceback
from dataclasses import dataclass

import anyio
import pytest

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
from tests.core.observing import turns


async def fail(error: Exception) -> None:
    raise error


async def failed_with(error: Exception, *, scope: str = "feeds", name: str = "fetch") -> Exception:
    async with supervisor_scope(scope, exception_handler=lambda job, error: None) as jobs:
        await jobs.launch(fail, error, name=name).join()
    return error


async def test_the_traceback_of_a_failure_names_the_job_and_its_scope() -> None:
    error = await failed_with(ValueError("failure"))
    assert error.__notes__ == ["in job 'fetch' of scope 'feeds'"]
    assert "in job 'fetch' of scope 'feeds'" in "".join(traceback.format_exception(error))


async def test_an_error_that_is_raised_by_many_jobs_keeps_one_such_note() -> None:
    error = ValueError("shared")
    error.add_note("a note of its own")
    for name in ("first", "second", "third"):
        await failed_with(error, name=name)
    assert error.__notes__ == ["a note of its own", "in job 'first' of scope 'feeds'"]


async def test_the_innermost_job_is_named() -> None:
    async def outer(error: Exception) -> None:
        async with coroutine_scope("inner scope") as inner:
            inner.launch(fail, error, name="inner")

    error = ValueError("failure")
    with pytest.raises(ValueError, match="failure"):
        async with coroutine_scope() as scope:
            scope.launch(outer, error, name="outer")
    assert error.__notes__ == ["in job 'inner' of scope 'inner scope'"]


async def test_an_error_that_takes_no_notes_is_raised_all_the_same() -> None:
    @dataclass(frozen=True)
    class Frozen(Exception):  # noqa: N818  # what it is says more here
        text: str

    error = Frozen("failure")
    assert await failed_with(error) is error
    assert not hasattr(error, "__notes__")


async def test_a_cancellation_gets_no_note() -> None:
    error = await failed_with(CancellationError("gone"))
    assert not hasattr(error, "__notes__")


# -------------------------------------------------------------------------------------------------------- ensure_active


async def test_ensure_active_lets_an_active_job_pass() -> None:
    async with coroutine_scope() as scope:
        scope.ensure_active()
        scope.job.ensure_active()


async def test_ensure_active_raises_what_cancelled_the_job_as_the_cause() -> None:
    job = CompletableJob(name="work")
    job.cancel("enough")
    with pytest.raises(CancellationError, match="work is cancelled") as raised:
        job.ensure_active()
    assert str(raised.value.__cause__) == "enough"
    done = CompletableJob(name="done")
    done.complete()
    with pytest.raises(CancellationError, match="done is completed"):
        done.ensure_active()


async def test_a_body_that_ends_with_it_is_cancelled_not_failed() -> None:
    turned = 0

    async def computes() -> None:
        nonlocal turned
        job = current_job()
        assert job is not None
        while True:
            turned += 1
            if turned == 3:
                job.cancel()
            job.ensure_active()

    async with coroutine_scope() as scope:
        job = scope.launch(computes)
        await job.join()
        assert job.is_cancelled
        assert scope.is_active
    assert turned == 3


async def test_a_closed_scope_is_not_active() -> None:
    async with CoroutineScope("service") as scope:
        pass
    with pytest.raises(CancellationError, match="service is cancelled"):
        scope.ensure_active()


# --------------------------------------------------------------------------------------------- promises, by an outcome


class Ended:
    def __init__(self, result: int | Exception) -> None:
        self._result = result

    def unwrap(self) -> int:
        if isinstance(self._result, Exception):
            raise self._result
        return self._result


async def test_a_promise_is_completed_with_an_outcome() -> None:
    good, bad = CompletableDeferred[int](), CompletableDeferred[int]()
    assert good.complete_with(Ended(42))
    assert not good.complete_with(Ended(43))
    assert bad.complete_with(Ended(ValueError("captured")))
    assert await good.as_deferred() == 42
    with pytest.raises(ValueError, match="captured"):
        await bad.as_deferred()


async def test_names_of_jobs_are_names_of_tasks() -> None:
    names: list[str] = []

    async def body() -> None:
        names.append(anyio.get_current_task().name or "")

    async with coroutine_scope() as scope:
        jobs: list[Job] = [scope.launch(body, name="fetch"), scope.launch(body)]
        await turns()
    assert sorted(names) == sorted(job.name for job in jobs)
