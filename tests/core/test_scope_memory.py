"""What of a scope is kept, and for how long."""

from __future__ import annotations

import gc
import weakref

import anyio

from flowws import (
    CompletableJob,
    CoroutineScope,
    Job,
    coroutine_scope,
    yield_now,
)
from tests.core.observing import turns


async def fail(error: BaseException) -> None:
    await yield_now()
    raise error


async def test_a_failed_scope_and_its_error_are_freed() -> None:
    class Error(Exception):
        pass

    async def run() -> tuple[weakref.ref[Error], weakref.ref[Job]]:
        jobs: list[weakref.ref[Job]] = []
        try:
            async with coroutine_scope() as scope:
                jobs.append(weakref.ref(scope.job))
                scope.launch(fail, Error())
                await anyio.sleep_forever()
        except Error as error:
            return weakref.ref(error), jobs[0]
        raise AssertionError("unreachable")

    error, job = await run()
    await turns()
    gc.collect()
    assert error() is None
    assert job() is None


async def test_children_that_have_ended_are_not_kept_by_a_scope_that_lives_on() -> None:
    async with CoroutineScope() as scope:
        refs = [weakref.ref(scope.launch(turns, 1)) for _ in range(100)]
        promise = weakref.ref(CompletableJob(scope.job, name="promise"))
        kept = promise()
        assert kept is not None
        kept.complete()
        del kept
        await turns()
        gc.collect()
        assert [ref for ref in refs if ref() is not None] == []
        assert promise() is None
