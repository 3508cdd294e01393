"""`CoroutineContext`, `scope.context`, `scope + context`, `current_context`, `with_context`. Facts K301 and K302."""

# ruff: noqa: PT012  # a scope raises at its end, and a loop in its middle: all of it stands inside `raises`

from __future__ import annotations

import anyio
import pytest

from flowws import (
    CancellationError,
    CompletableJob,
    CoroutineContext,
    CoroutineScope,
    Job,
    ScopeClosedError,
    SupervisorJob,
    coroutine_scope,
    current_context,
    current_job,
    supervisor_scope,
    with_context,
)
from tests.core.observing import turns


def handler(job: Job, error: BaseException) -> None:
    raise AssertionError("not called")


async def name_of_the_job() -> str | None:
    return current_context().name


async def fail() -> None:
    raise ValueError("failure")


# ------------------------------------------------------------------------------------------------------------ the value


def test_a_context_is_a_value() -> None:
    job = CompletableJob(name="work")
    context = CoroutineContext(job=job, name="name", exception_handler=handler)
    assert (context.job, context.name, context.exception_handler) == (job, "name", handler)
    assert context == CoroutineContext(job=job, name="name", exception_handler=handler)
    assert hash(context) == hash(CoroutineContext(job=job, name="name", exception_handler=handler))
    assert context != CoroutineContext(name="name")
    assert context != "name"
    with pytest.raises(AttributeError):
        context.name = "other"  # type: ignore[misc]  # the mistake under test


def test_a_sum_takes_from_the_second_what_that_gives() -> None:
    job = CompletableJob(name="work")
    first = CoroutineContext(job=job, name="first")
    assert first + CoroutineContext() == first
    assert CoroutineContext() + first == first
    assert first + CoroutineContext(name="second") == CoroutineContext(job=job, name="second")
    with pytest.raises(TypeError):
        first + "second"  # type: ignore[operator]  # the mistake under test


def test_its_text_shows_what_is_given() -> None:
    assert repr(CoroutineContext()) == "CoroutineContext()"
    assert repr(CoroutineContext(job=CompletableJob(name="x"), name="y")) == (
        "CoroutineContext(job=<CompletableJob 'x' active>, name='y')"
    )


# ------------------------------------------------------------------------------------------------------ of jobs, scopes


async def test_k301_every_scope_has_a_job_in_its_context() -> None:
    async with CoroutineScope("service", exception_handler=handler) as scope:
        assert scope.context == CoroutineContext(job=scope.job, name="service", exception_handler=handler)
        assert scope.is_active
    assert not scope.is_active


async def test_the_current_context_is_that_of_the_running_job() -> None:
    assert current_context() == CoroutineContext()
    async with CoroutineScope("service", exception_handler=handler) as scope:
        context = await scope.async_(_context, name="child")
        assert (context.name, context.exception_handler) == ("child", handler)
        assert context.job is not None


async def _context() -> CoroutineContext:
    return current_context()


# ------------------------------------------------------------------------------------------------------ scope + context


async def test_a_name_is_for_jobs_without_one_of_their_own() -> None:
    async with coroutine_scope() as scope:
        named = scope + CoroutineContext(name="feed")
        assert await named.async_(name_of_the_job) == "feed"
        assert await named.async_(name_of_the_job, name="mine") == "mine"
        assert await (named + CoroutineContext(name="news")).async_(name_of_the_job) == "news"
        assert named.context == CoroutineContext(job=scope.job, name="feed")


async def test_the_lifetime_is_that_of_the_scope() -> None:
    scope = CoroutineScope("service")
    named = scope + CoroutineContext(name="feed")
    job = named.launch(anyio.sleep_forever)
    assert list(scope.job.children) == [job]
    named.cancel()
    assert not scope.is_active
    with pytest.raises(ScopeClosedError, match="service"):
        named.launch(anyio.sleep_forever)
    await scope.join()


async def test_a_handler_is_told_of_failures_without_another_way() -> None:
    told: list[tuple[str, str]] = []
    async with supervisor_scope() as scope:
        watched = scope + CoroutineContext(exception_handler=lambda job, error: told.append((job.name, str(error))))
        await watched.launch(fail, name="watched").join()
    with pytest.raises(ValueError, match="failure"):
        async with coroutine_scope() as scope:
            watched = scope + CoroutineContext(exception_handler=handler)
            watched.launch(fail)
    assert told == [("watched", "failure")]


async def test_a_job_takes_the_place_of_the_scopes_own() -> None:
    parent = SupervisorJob(name="elsewhere")
    async with coroutine_scope() as scope:
        moved = scope + CoroutineContext(job=parent)
        job = moved.launch(anyio.sleep_forever)
        assert list(parent.children) == [job]
        assert list(scope.job.children) == []
        await turns()
        parent.cancel()
        with pytest.raises(ScopeClosedError, match="elsewhere"):
            moved.launch(anyio.sleep_forever)
    await job.join()


async def test_a_scope_may_refuse_for_reasons_of_its_own() -> None:
    class Closing(CoroutineScope):
        def _open_job(self, main: object) -> Job:
            raise ScopeClosedError("closing")

    with pytest.raises(ScopeClosedError, match="closing"):
        (Closing() + CoroutineContext(name="x")).launch(fail)


def test_only_a_context_can_be_added() -> None:
    with pytest.raises(TypeError):
        CoroutineScope() + "context"  # type: ignore[operator]  # the mistake under test


# --------------------------------------------------------------------------------------------------------- with_context


async def test_with_context_gives_the_result_of_the_call() -> None:
    async def double(number: int) -> int:
        return 2 * number

    assert await with_context(CoroutineContext(), double, 21) == 42


async def test_the_block_has_a_job_with_the_name_given() -> None:
    async with coroutine_scope() as scope:
        assert await with_context(CoroutineContext(name="feed"), name_of_the_job) == "feed"
        assert await with_context(CoroutineContext(), name_of_the_job) == "with_context"
        assert current_job() is scope.job


async def test_k302_its_failure_is_raised_to_the_caller_and_fails_no_job() -> None:
    async def survives() -> str:
        with pytest.raises(ValueError, match="failure"):
            await with_context(CoroutineContext(name="feed"), fail)
        await turns()
        return "alive"

    async with coroutine_scope() as scope:
        assert await scope.async_(survives) == "alive"


async def test_a_job_of_the_context_cancels_the_block() -> None:
    owner = CompletableJob(name="owner")

    async def block() -> None:
        owner.cancel("enough")
        await anyio.sleep_forever()

    with pytest.raises(CancellationError, match="enough"):
        await with_context(CoroutineContext(job=owner), block)
    with pytest.raises(CancellationError, match="owner is cancelled"):
        await with_context(CoroutineContext(job=owner), turns)


async def test_a_failure_of_the_block_does_not_reach_the_job_of_the_context() -> None:
    owner = CompletableJob(name="owner")
    with pytest.raises(ValueError, match="failure"):
        await with_context(CoroutineContext(job=owner), fail)
    assert owner.is_active
    owner.complete()


async def test_what_is_no_context_is_refused_by_its_value() -> None:
    with pytest.raises(TypeError, match="with_context takes a CoroutineContext, not 'feed'"):
        await with_context("feed", fail)  # type: ignore[arg-type]  # the mistake under test
