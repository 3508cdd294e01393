"""`select` over jobs and deferreds. Facts of section L by number."""

from __future__ import annotations

from threading import Event, Thread

import anyio
import pytest

from flowws import (
    CancellationError,
    Channel,
    CompletableDeferred,
    CompletableJob,
    CoroutineStart,
    SelectClause,
    coroutine_scope,
    select,
    supervisor_scope,
    yield_now,
)
from tests.channels.test_select import parked
from tests.core.observing import turns


async def fail() -> int:
    raise ValueError("failed")


async def answer() -> int:
    await yield_now()
    return 42


async def test_k261_on_await_gives_the_value_now_or_later() -> None:
    channel = Channel[int]()
    async with coroutine_scope() as scope:
        deferred = scope.async_(answer)
        assert await select(channel.on_receive(), deferred.on_await(lambda n: n + 1)) == 43
        assert await select(channel.on_receive(), deferred.on_await()) == 42
    assert parked(channel) == (0, 0)


async def test_k261_on_await_of_a_failed_deferred_raises_even_when_a_later_clause_is_ready() -> None:
    ready = Channel[int](1)
    ready.try_send(1)
    async with supervisor_scope() as scope:
        deferred = scope.async_(fail)
        await deferred.join()
        with pytest.raises(ValueError, match="failed"):
            await select(deferred.on_await(), ready.on_receive())
        later = CompletableDeferred[int]()
        scope.launch(yield_now).invoke_on_completion(lambda _: later.complete_exceptionally(KeyError("x")))
        with pytest.raises(KeyError):
            await select(Channel[int]().on_receive(), later.on_await())
    assert not ready.is_empty


async def test_k261_on_await_of_a_cancelled_deferred_raises_the_cancellation_error() -> None:
    deferred = CompletableDeferred[int]()
    deferred.cancel("enough")
    with pytest.raises(CancellationError, match="enough"):
        await select(deferred.on_await())


@pytest.mark.parametrize("end", ["complete", "fail", "cancel"])
@pytest.mark.parametrize("before", [True, False])
async def test_k262_on_join_selects_however_the_job_ends(end: str, before: bool) -> None:
    channel = Channel[int]()
    job = CompletableJob()

    def finish() -> None:
        if end == "complete":
            job.complete()
        elif end == "fail":
            job.complete_exceptionally(ValueError("failed"))
        else:
            job.cancel()

    async with coroutine_scope() as scope:
        if before:
            finish()
        selecting = scope.async_(lambda: select(channel.on_receive(), job.on_join(lambda: "over")))
        await turns()
        finish()
        assert await selecting == "over"
    without_handler: SelectClause[object] = job.on_join()
    assert await select(without_handler) is None
    assert parked(channel) == (0, 0)


async def test_k262_both_start_a_lazy_job() -> None:
    channel = Channel[int]()
    async with coroutine_scope() as scope:
        job = scope.launch(answer, start=CoroutineStart.LAZY)
        deferred = scope.async_(answer, start=CoroutineStart.LAZY)
        await turns()
        assert not job.is_active
        assert await select(channel.on_receive(), job.on_join(lambda: "over")) == "over"
        assert await select(channel.on_receive(), deferred.on_await()) == 42


async def test_k255_a_job_that_loses_keeps_no_handler() -> None:
    ready, job = Channel[int](), CompletableJob()
    async with coroutine_scope() as scope:

        async def feed() -> None:
            for n in range(1000):
                await ready.send(n)

        scope.launch(feed)
        for _ in range(1000):
            await select(job.on_join(lambda: -1), ready.on_receive())
    assert not job._handlers
    job.cancel()


async def test_k265_complete_jobs_do_not_switch_tasks() -> None:
    ran: list[str] = []

    async def other() -> None:
        ran.append("other")

    done = CompletableDeferred.completed(1)
    async with coroutine_scope() as scope:
        scope.launch(other)
        assert await select(done.on_await()) == 1
        assert await select(done.on_join(lambda: 2)) == 2
        assert ran == []


async def test_a_loop_over_a_complete_job_does_not_starve_the_others() -> None:
    done = CompletableDeferred.completed(1)
    async with coroutine_scope() as scope:
        other = scope.launch(yield_now)
        for _ in range(5 * 128):  # a few turns
            await select(done.on_join())
        assert other.is_completed


async def test_k269_the_parents_cancellation_wins_over_on_join_of_the_failed_child() -> None:
    channel = Channel[int]()
    rounds: list[object] = []

    async def watch() -> None:
        async with coroutine_scope() as scope:
            child = scope.launch(fail)
            while True:
                rounds.append(await select(child.on_join(lambda: "over"), channel.on_receive()))

    with pytest.raises(ValueError, match="failed"):
        await watch()
    assert rounds == []
    assert parked(channel) == (0, 0)


async def test_a_job_of_another_thread_can_be_selected() -> None:
    """Its end is brought over to the loop on which the select waits."""
    ready, go = Event(), Event()
    jobs: list[CompletableJob] = []

    async def elsewhere() -> None:
        jobs.append(CompletableJob())
        ready.set()
        go.wait()
        jobs[0].complete()
        await yield_now()

    thread = Thread(target=anyio.run, args=(elsewhere,))
    thread.start()
    ready.wait()
    async with coroutine_scope() as scope:
        selecting = scope.async_(lambda: select(Channel[int]().on_receive(), jobs[0].on_join(lambda: "over")))
        await turns()
        go.set()
        assert await selecting == "over"
    thread.join()
