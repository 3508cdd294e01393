"""`CoroutineScope.in_thread` and `LoopScope`: launching, cancelling and joining from other threads and loops."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextvars import ContextVar
from typing import Literal

import anyio
import anyio.to_thread
import pytest

from flowws import (
    CoroutineContext,
    CoroutineScope,
    CoroutineStart,
    Job,
    ProducerScope,
    ScopeClosedError,
    await_cancellation,
    current_job,
    delay,
)
from flowws._core import JobInterrupted, LoopScope, job_at

Backend = Literal["asyncio", "trio"]
word = ContextVar("word", default="")


@pytest.fixture(params=["asyncio", "trio"])
def backend(request: pytest.FixtureRequest) -> Backend:
    """The loop in the thread; the loop of the test may be the other one."""
    name: Backend = request.param
    return name


@pytest.fixture
def threads_before() -> Iterator[None]:
    """No thread of a scope is left."""
    before = set(threading.enumerate())
    yield
    for thread in set(threading.enumerate()) - before:
        if thread.name in ("LoopScope", "feeds", "ended"):  # both loops keep threads of their own for a while
            thread.join(5)
            assert not thread.is_alive()


async def where() -> threading.Thread:
    await delay(0)
    return threading.current_thread()


@pytest.mark.usefixtures("threads_before")
async def test_jobs_run_in_the_thread_and_results_come_back(backend: Backend) -> None:
    async with CoroutineScope.in_thread("feeds", backend=backend) as scope:
        thread = await scope.async_(where)
        assert thread.name == "feeds"
        assert thread.daemon
        assert await scope.async_(where) is thread
    thread.join(5)
    assert not thread.is_alive()


@pytest.mark.usefixtures("threads_before")
async def test_a_job_sees_the_context_of_its_launcher_and_is_a_child_of_the_scope(backend: Backend) -> None:
    async def seen() -> tuple[str, Job | None]:
        job = current_job()
        return word.get(), None if job is None else job.parent

    word.set("hello")
    async with CoroutineScope.in_thread(backend=backend) as scope:
        assert await scope.async_(seen) == ("hello", scope.job)


@pytest.mark.usefixtures("threads_before")
async def test_a_job_may_be_cancelled_before_the_thread_has_heard_of_it(backend: Backend) -> None:
    async with CoroutineScope.in_thread(backend=backend) as scope:
        job = scope.launch(await_cancellation)
        job.cancel()
        await job.join()
        assert job.is_cancelled
        assert scope.is_active


@pytest.mark.usefixtures("threads_before")
async def test_a_lazy_job_waits_for_who_joins_it(backend: Backend) -> None:
    async with CoroutineScope.in_thread(backend=backend) as scope:
        lazy = scope.async_(where, start=CoroutineStart.LAZY)
        assert not lazy.is_active
        assert (await lazy).name == "LoopScope"


@pytest.mark.usefixtures("threads_before")
async def test_other_settings_and_producers_reach_the_thread_too(backend: Backend) -> None:
    async with CoroutineScope.in_thread(backend=backend) as scope:
        named = (scope + CoroutineContext(name="other")).async_(where)
        assert named.name == "other"
        assert (await named).name == "LoopScope"

        async def answers(producer: ProducerScope[str]) -> None:
            await producer.send((await where()).name)

        channel = scope.produce(answers, 1)
        assert await scope.async_(channel.receive) == "LoopScope"  # a channel belongs to one loop


@pytest.mark.usefixtures("threads_before")
async def test_a_failure_cancels_the_scope_and_is_told_to_its_handler(backend: Backend) -> None:
    async def fail() -> None:
        raise ValueError("there")

    told: list[tuple[str, str]] = []
    scope = CoroutineScope.in_thread(
        backend=backend, exception_handler=lambda job, error: told.append((job.name, str(error)))
    )
    sibling = scope.launch(await_cancellation)
    scope.launch(fail, name="fail")
    await scope.join()
    assert sibling.is_cancelled
    assert told == [("fail", "there")]
    with pytest.raises(ScopeClosedError):
        scope.launch(where)


@pytest.mark.usefixtures("threads_before")
async def test_under_a_supervisor_it_leaves_the_others_alone(backend: Backend) -> None:
    async def fail() -> None:
        raise ValueError("there")

    told: list[str] = []
    async with CoroutineScope.in_thread(
        backend=backend, supervisor=True, exception_handler=lambda job, _: told.append(job.name)
    ) as scope:
        sibling = scope.launch(await_cancellation)
        await scope.launch(fail, name="fail").join()
        assert sibling.is_active
    assert told == ["fail"]


@pytest.mark.usefixtures("threads_before")
async def test_a_scope_whose_loop_has_ended_refuses(backend: Backend) -> None:
    scope = LoopScope("ended", thread=backend)
    scope.finish(5)
    assert not scope.is_active
    assert not scope.has_a_loop
    with pytest.raises(ScopeClosedError):
        scope.launch(where)


async def test_another_thread_launches_on_the_loop_of_the_scope() -> None:
    scope = LoopScope()
    jobs: list[Job] = []
    async with scope:
        here = threading.current_thread()
        deferred = await anyio.to_thread.run_sync(scope.async_, where)
        assert await deferred is here
        await anyio.to_thread.run_sync(lambda: jobs.append(scope.launch(await_cancellation)))
        await delay(0)
        assert list(scope.job.children) == jobs
        await anyio.to_thread.run_sync(jobs[0].cancel)
        await jobs[0].join()
    with pytest.raises(ScopeClosedError):
        await anyio.to_thread.run_sync(scope.launch, where)


async def test_what_is_launched_into_a_scope_that_is_just_cancelled_never_runs() -> None:
    ran: list[bool] = []

    async def run() -> None:
        ran.append(True)

    scope = LoopScope()
    jobs: list[Job] = []
    thread = threading.Thread(target=lambda: jobs.append(scope.launch(run)))
    thread.start()
    thread.join()  # while this loop stands still
    scope.cancel()
    await jobs[0].join()
    assert jobs[0].is_cancelled
    assert ran == []


async def test_bad_arguments_are_refused_at_the_door() -> None:
    with pytest.raises(ValueError, match="backend must be 'asyncio' or 'trio', not 'curio'"):
        CoroutineScope.in_thread(backend="curio")  # type: ignore[arg-type]  # the point of the test
    with pytest.raises(ValueError, match="thread must be 'asyncio', 'trio' or None, not 'curio'"):
        LoopScope(thread="curio")  # type: ignore[arg-type]  # the point of the test
    async with CoroutineScope.in_thread() as scope:
        with pytest.raises(TypeError, match="launch takes an async function, not 42"):
            scope.launch(42)  # type: ignore[arg-type]  # the point of the test


def test_without_a_loop_and_without_a_thread_there_is_no_scope() -> None:
    with pytest.raises(RuntimeError, match="no event loop is running"):
        LoopScope()


def test_a_loop_that_was_stopped_runs_once_more_for_the_goodbye() -> None:
    import asyncio

    said: list[str] = []

    async def work() -> None:
        try:
            await await_cancellation()
        finally:
            said.append("goodbye")

    async def begin() -> LoopScope:
        scope = LoopScope(supervisor=True)
        scope.launch(work)
        await delay(0)
        scope.finish(1)  # on a loop that runs it does nothing
        assert scope.is_active
        return scope

    loop = asyncio.new_event_loop()
    scope = loop.run_until_complete(begin())
    scope.finish(1)
    assert said == ["goodbye"]
    loop.close()
    scope.finish(1)


async def test_an_interrupted_job_ends_and_the_loop_goes_on() -> None:
    import sys

    seen: list[Job | None] = []

    async def interrupted() -> None:
        seen.append(job_at(sys._getframe()))
        raise JobInterrupted("enough")

    told: list[BaseException] = []
    async with CoroutineScope(supervisor=True, exception_handler=lambda _, error: told.append(error)) as scope:
        job = scope.launch(interrupted)
        await job.join()
        assert seen == [job]
        assert [str(error) for error in told] == ["enough"]
        assert scope.is_active
    assert job_at(sys._getframe()) is None
