"""`SupervisorJob`, and scopes below jobs that are completed by hand. Facts K296 to K298."""

from __future__ import annotations

import pytest

from flowws import CancellationError, CompletableDeferred, CompletableJob, CoroutineScope, Job, SupervisorJob
from tests.core.observing import reported, turns


async def fail(text: str = "failure") -> None:
    raise ValueError(text)


class Told:
    def __init__(self) -> None:
        self.failures: list[str] = []

    def __call__(self, job: Job, error: BaseException) -> None:
        self.failures.append(str(error))


async def test_k296_the_failure_of_a_child_touches_neither_it_nor_the_siblings() -> None:
    supervisor = SupervisorJob(name="feeds")
    failing, sibling = CompletableJob(supervisor), CompletableJob(supervisor)
    failing.complete_exceptionally(ValueError("of one"))
    assert supervisor.is_active
    assert sibling.is_active
    supervisor.cancel()
    assert sibling.is_cancelled


async def test_k296_its_own_failure_fails_the_parent_and_cancels_the_children() -> None:
    parent = CompletableJob()
    supervisor = SupervisorJob(parent)
    child = CompletableDeferred[int](supervisor)
    failure = ValueError("its own")
    assert supervisor.complete_exceptionally(failure)
    assert parent.is_cancelled
    with pytest.raises(CancellationError) as cancelled:
        await child
    assert cancelled.value.__cause__ is failure


async def test_k296_cancelling_it_does_not_touch_the_parent() -> None:
    parent = CompletableJob()
    SupervisorJob(parent).cancel()
    assert parent.is_active
    parent.complete()


async def test_k297_a_failure_under_a_supervisor_job_or_a_bare_job_goes_to_the_handler() -> None:
    for parent in (SupervisorJob(), CompletableJob()):
        told = Told()
        with reported() as errors:
            scope = CoroutineScope(parent=parent, exception_handler=told)
            await scope.launch(fail).join()
            await scope.join()
        assert told.failures == ["failure"]
        assert errors == []


async def test_k297_without_a_handler_the_loop_is_told_once() -> None:
    with reported() as errors:
        parent = CompletableJob()
        await CoroutineScope(parent=parent).launch(fail).join()
        await turns()
    assert [str(error) for error in errors] == ["failure"]
    assert parent.is_cancelled


async def test_k297_a_promise_above_keeps_the_failure_for_those_who_await() -> None:
    told = Told()
    with reported() as errors:
        promise = CompletableDeferred[int]()
        await CoroutineScope(parent=promise, exception_handler=told).launch(fail).join()
        await turns()
        with pytest.raises(ValueError, match="failure"):
            await promise
    assert told.failures == []
    assert errors == []


async def test_k298_a_bare_job_that_is_failed_by_hand_is_nobodys_news() -> None:
    with reported() as errors:
        job = CompletableJob()
        assert job.complete_exceptionally(ValueError("by hand"))
        assert not job.complete_exceptionally(ValueError("again"))
        assert not job.complete()
    assert errors == []


def test_they_have_names() -> None:
    assert repr(SupervisorJob()) == "<SupervisorJob 'SupervisorJob' active>"
    assert repr(CompletableJob(name="work")) == "<CompletableJob 'work' active>"
