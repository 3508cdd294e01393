"""What of a job is kept, by whom, and for how long."""

from __future__ import annotations

import gc
import weakref

import anyio

from flowws import (
    CoroutineScope,
    Deferred,
    Job,
    coroutine_scope,
    yield_now,
)
from tests.core.observing import turns


class _Cargo:
    pass


async def test_a_complete_job_its_arguments_and_its_result_are_freed() -> None:
    async def body(cargo: _Cargo) -> _Cargo:
        await yield_now()
        return cargo

    async def run() -> list[weakref.ref[object]]:
        cargo = _Cargo()
        async with coroutine_scope() as scope:
            job = scope.launch(body, cargo)
            deferred = scope.async_(body, cargo)
        return [weakref.ref(job), weakref.ref(deferred), weakref.ref(scope), weakref.ref(cargo), weakref.ref(scope.job)]

    refs = await run()
    await turns()
    gc.collect()
    assert [ref() for ref in refs] == [None] * len(refs)


async def test_failed_and_cancelled_jobs_are_freed() -> None:
    async def fail(cargo: _Cargo) -> None:
        raise ValueError(cargo)

    async def parked(cargo: _Cargo) -> None:
        await anyio.sleep_forever()

    async def run() -> list[weakref.ref[object]]:
        cargo = _Cargo()
        refs: list[weakref.ref[object]] = [weakref.ref(cargo)]
        scope = CoroutineScope(supervisor=True, exception_handler=lambda job, error: None)
        jobs: list[Job] = [scope.launch(fail, cargo), scope.async_(fail, cargo), scope.launch(parked, cargo)]
        refs += [weakref.ref(job) for job in jobs]
        await turns()
        await scope.aclose()
        return [*refs, weakref.ref(scope)]

    refs = await run()
    await turns()
    gc.collect()
    assert [ref() for ref in refs] == [None] * len(refs)


async def test_a_job_under_way_is_kept_alive_by_nobody_but_the_library() -> None:
    done = anyio.Event()
    release = anyio.Event()

    async def body() -> None:
        await release.wait()
        done.set()

    def start() -> weakref.ref[Deferred[None]]:
        return weakref.ref(CoroutineScope().async_(body))

    ref = start()
    gc.collect()
    await turns()
    assert ref() is not None
    release.set()
    await done.wait()
