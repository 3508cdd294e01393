"""`CoroutineScope`: a plain owner of jobs, its exception handler, launch, its refusals. Facts of section M."""

# ruff: noqa: PT012  # a scope raises at its end, and a loop in its middle: all of it stands inside `raises`

from __future__ import annotations

from functools import partial

import anyio
import pytest

from flowws import (
    CancellationError,
    CompletableDeferred,
    CompletableJob,
    CoroutineScope,
    IllegalStateError,
    Job,
    ScopeClosedError,
    coroutine_scope,
    current_job,
    supervisor_scope,
)
from tests.core.observing import reported, turns


class Told:
    """An exception handler that remembers."""

    def __init__(self) -> None:
        self.failures: list[tuple[str, str]] = []

    def __call__(self, job: Job, error: BaseException) -> None:
        self.failures.append((job.name, str(error)))


async def forever() -> None:
    await anyio.sleep_forever()


async def fail(text: str = "failure") -> None:
    raise ValueError(text)


# -------------------------------------------------------------------------------------------------------- its own life


async def test_k301_a_scope_has_a_job_of_its_own_and_is_active_until_cancelled() -> None:
    scope = CoroutineScope("service")
    assert scope.is_active
    assert scope.job.parent is None
    assert scope.job.name == "service"
    await scope.launch(turns).join()
    assert scope.is_active
    scope.cancel()
    assert not scope.is_active
    await scope.join()
    assert repr(scope) == "<CoroutineScope <ScopeJob 'service' cancelled>>"


async def test_an_idle_scope_is_complete_as_soon_as_it_is_cancelled() -> None:
    scope = CoroutineScope()
    scope.cancel()
    assert scope.job.is_completed


async def test_the_end_of_its_block_cancels_and_joins() -> None:
    log: list[str] = []

    async def body() -> None:
        try:
            await anyio.sleep_forever()
        finally:
            with anyio.CancelScope(shield=True):
                await turns()
            log.append("cleaned up")

    async with CoroutineScope() as scope:
        scope.launch(body)
        await turns()
    assert log == ["cleaned up"]


async def test_aclose_waits_for_the_jobs_even_when_its_caller_is_cancelled() -> None:
    log: list[str] = []

    async def body() -> None:
        try:
            await anyio.sleep_forever()
        finally:
            with anyio.CancelScope(shield=True):
                await turns()
            log.append("cleaned up")

    with anyio.CancelScope() as outer:
        async with CoroutineScope() as scope:
            scope.launch(body)
            await turns()
            outer.cancel()
            await turns()
    assert log == ["cleaned up"]
    assert outer.cancelled_caught


async def test_a_job_may_close_its_own_scope_without_waiting_for_itself() -> None:
    log: list[str] = []
    scope = CoroutineScope()

    async def closes() -> None:
        async with coroutine_scope():  # from a lexical scope within, too
            try:
                await scope.aclose()
            finally:
                log.append("left aclose")

    job = scope.launch(closes)
    await scope.join()
    assert log == ["left aclose"]
    assert job.is_cancelled


async def test_a_scope_may_be_cancelled_by_one_of_its_jobs() -> None:
    scope = CoroutineScope()
    reached: list[str] = []

    async def body() -> None:
        scope.cancel()
        reached.append("cancel does not wait")
        await anyio.sleep_forever()

    scope.launch(body)
    sibling = scope.launch(forever)
    await scope.join()
    assert reached == ["cancel does not wait"]
    assert sibling.is_cancelled


async def test_a_scope_with_a_parent_is_cancelled_with_it_and_keeps_it_alive() -> None:
    async with CoroutineScope("outer") as outer:
        inner = CoroutineScope("inner", parent=outer.job)
        job = inner.launch(forever)
        await turns()
        assert list(outer.job.children) == [inner.job]
        outer.cancel()
        await outer.join()
        assert job.is_completed
        assert not inner.is_active


async def test_k302_a_failure_in_a_scope_with_a_parent_fails_the_parent() -> None:
    with pytest.raises(ValueError, match="from below"):
        async with coroutine_scope() as outer:
            inner = CoroutineScope("inner", parent=outer.job)
            inner.launch(fail, "from below")
            await anyio.sleep_forever()


# -------------------------------------------------------------------------------------------------------------- launch


async def test_launch_is_also_a_decorator() -> None:
    ran: list[str] = []
    async with coroutine_scope() as scope:

        @scope.launch
        async def job() -> None:
            ran.append("job")

        assert isinstance(job, Job)
    assert ran == ["job"]


async def test_launch_takes_anything_that_can_be_called_and_awaited() -> None:
    got: list[int] = []

    class Adder:
        async def __call__(self, number: int) -> None:
            got.append(number)

    async with coroutine_scope() as scope:
        scope.launch(Adder(), 1)
        scope.launch(partial(Adder(), 2))
        scope.launch(lambda: Adder()(3))
    assert sorted(got) == [1, 2, 3]


@pytest.mark.parametrize("start", ["launch", "async_"])
async def test_a_coroutine_or_a_value_in_place_of_the_function_is_refused(start: str) -> None:
    async with coroutine_scope() as scope:
        with pytest.raises(TypeError, match="not a coroutine"):
            getattr(scope, start)(fail())
        with pytest.raises(TypeError, match="not 42"):
            getattr(scope, start)(42)
        assert list(scope.job.children) == []


async def test_a_plain_function_fails_its_job_with_a_type_error() -> None:
    with pytest.raises(TypeError, match="await"):
        async with coroutine_scope() as scope:
            scope.launch(lambda: 5)  # type: ignore[arg-type,return-value]  # the mistake under test


@pytest.mark.parametrize("start", ["launch", "async_"])
async def test_a_cancelled_scope_refuses_and_says_why(start: str) -> None:
    scope = CoroutineScope("feed")
    scope.cancel("the server stops")
    with pytest.raises(ScopeClosedError, match=r"feed is cancelled .*the server stops") as refused:
        getattr(scope, start)(forever)
    assert isinstance(refused.value, IllegalStateError)
    assert refused.value.scope == "feed"
    assert isinstance(refused.value.cause, CancellationError)


async def test_a_finished_scope_refuses() -> None:
    async with coroutine_scope("work") as scope:
        pass
    with pytest.raises(ScopeClosedError, match="work has finished") as refused:
        scope.launch(forever)
    assert refused.value.cause is None


async def test_a_failed_scope_refuses_with_the_failure() -> None:
    scope = CoroutineScope(exception_handler=lambda job, error: None)
    await scope.launch(fail).join()
    with pytest.raises(ScopeClosedError) as refused:
        scope.launch(forever)
    assert isinstance(refused.value.cause, ValueError)


def test_without_a_running_loop_launch_says_so_and_leaves_nothing_behind() -> None:
    scope = CoroutineScope()
    with pytest.raises(RuntimeError, match="no event loop"):
        scope.launch(forever)
    assert scope.is_active
    assert list(scope.job.children) == []


async def test_launching_in_a_jobs_cleanup_under_a_cancelled_scope_is_refused_not_lost() -> None:
    refused: list[type[BaseException]] = []
    scope = CoroutineScope()

    async def body() -> None:
        try:
            await anyio.sleep_forever()
        finally:
            try:
                scope.launch(forever)
            except ScopeClosedError as error:
                refused.append(type(error))

    scope.launch(body)
    await turns()
    await scope.aclose()
    assert refused == [ScopeClosedError]


# --------------------------------------------------------------------------------------------------- exception handler


async def test_k297_the_handler_hears_of_a_root_jobs_failure_and_the_scope_is_cancelled() -> None:
    told = Told()
    scope = CoroutineScope(exception_handler=told)
    sibling = scope.launch(forever)
    await turns()
    scope.launch(fail, name="bad")
    await scope.join()
    assert told.failures == [("bad", "failure")]
    assert sibling.is_cancelled


async def test_k297_a_supervisor_scope_lives_on() -> None:
    told = Told()
    async with CoroutineScope(supervisor=True, exception_handler=told) as scope:
        sibling = scope.launch(forever)
        await scope.launch(fail, "one").join()
        await scope.launch(fail, "two").join()
        assert sibling.is_active
        assert scope.is_active
    assert [text for _, text in told.failures] == ["one", "two"]


async def test_k297_without_a_handler_the_loop_is_told() -> None:
    with reported() as errors:
        scope = CoroutineScope()
        await scope.launch(fail, "for the loop").join()
        await scope.join()
    assert [str(error) for error in errors] == ["for the loop"]


async def test_k288_k297_the_handler_hears_nothing_of_async() -> None:
    told = Told()
    with reported() as errors:
        scope = CoroutineScope(exception_handler=told)
        deferred = scope.async_(fail, "kept for await")
        await scope.join()
        assert scope.job.is_cancelled
        with pytest.raises(ValueError, match="kept for await"):
            await deferred
    assert told.failures == []
    assert errors == []


async def test_k297_a_promise_as_parent_keeps_the_failure() -> None:
    told = Told()
    promise = CompletableDeferred[int]()
    scope = CoroutineScope(parent=promise, exception_handler=told)
    scope.launch(fail, "for the promise")
    with pytest.raises(ValueError, match="for the promise"):
        await promise
    assert told.failures == []


async def test_k297_a_handler_on_a_nested_scope_is_not_used_but_the_one_at_the_root_is() -> None:
    root, nested = Told(), Told()
    scope = CoroutineScope("root", exception_handler=root)

    async def body() -> None:
        inner = CoroutineScope("nested", parent=current_job(), exception_handler=nested)
        inner.launch(fail, "deep below")
        await anyio.sleep_forever()

    scope.launch(body)
    await scope.join()
    assert nested.failures == []
    assert [text for _, text in root.failures] == ["deep below"]


async def test_k297_a_supervisor_within_uses_the_handler_above_it() -> None:
    told = Told()
    async with CoroutineScope(exception_handler=told) as scope:

        async def body() -> None:
            async with supervisor_scope() as inner:
                await inner.launch(fail, "supervised").join()

        job = scope.launch(body)
        await job.join()
        assert not job.is_cancelled
        assert scope.is_active
    assert [text for _, text in told.failures] == ["supervised"]


async def test_k296_failures_stop_at_a_supervisor_with_a_parent_but_its_own_do_not() -> None:
    told = Told()
    with reported() as errors:
        parent = CompletableJob(name="parent")
        scope = CoroutineScope(supervisor=True, parent=parent, exception_handler=told)
        await scope.launch(fail).join()
        assert scope.is_active
        assert parent.is_active
        assert isinstance(scope.job, CompletableJob)
        scope.job.complete_exceptionally(KeyError("its own"))
        assert parent.is_cancelled
    assert [text for _, text in told.failures] == ["failure"]  # whoever failed a job by hand knows
    assert errors == []


async def test_a_raising_handler_is_reported_together_with_the_failure() -> None:
    def bad(job: Job, error: BaseException) -> None:
        raise KeyError("bad handler")

    with reported() as errors:
        scope = CoroutineScope(exception_handler=bad)
        await scope.launch(fail, "the failure").join()
    assert [type(error) for error in errors] == [KeyError, ValueError]


async def test_a_cancelled_job_is_nobodys_business() -> None:
    told = Told()
    with reported() as errors:
        async with CoroutineScope(exception_handler=told) as scope:
            await scope.launch(forever).cancel_and_join()
    assert told.failures == []
    assert errors == []


# ---------------------------------------------------------------------------------------------------------- subclasses


async def test_a_scope_may_be_subclassed() -> None:
    class Session(CoroutineScope):
        def __init__(self) -> None:
            super().__init__(supervisor=True)

    async with Session() as session:
        assert session.job.name == "Session"
        job = session.launch(forever)
    assert job.is_cancelled
