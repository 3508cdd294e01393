"""`TestScope`: how a test fails, in its body, in a child, in the background. Facts K328, K329, K331 and K336."""

from __future__ import annotations

import pytest

from flowws import (
    CancellationError,
    CompletableDeferred,
    CoroutineScope,
    FlowTimeoutError,
    delay,
    supervisor_scope,
    with_timeout,
)
from flowws.testing import TestScope, run_test
from tests.testing.bodies import failing_with, for_ever, notes_of


def test_a_failing_body_cancels_the_children(backend: str) -> None:
    """K328"""
    ended: list[str] = []

    async def child() -> None:
        try:
            await for_ever()
        finally:
            ended.append("child")

    async def test(scope: TestScope) -> None:
        scope.launch(child)
        await scope.run_current()
        raise ValueError("the body")

    with pytest.raises(ValueError, match="the body"):
        run_test(test, backend=backend)
    assert ended == ["child"]


def test_the_failure_of_a_child_is_that_of_the_test(backend: str) -> None:
    """K328: as itself, not in a group"""
    error = ValueError("the child")

    async def test(scope: TestScope) -> None:
        scope.launch(failing_with(error))
        await for_ever()

    with pytest.raises(ValueError, match="the child") as caught:
        run_test(test, backend=backend)
    assert caught.value is error


def test_a_body_that_ends_with_what_it_awaited_cancelled_fails(backend: str) -> None:
    async def test(scope: TestScope) -> None:
        promise = CompletableDeferred[int]()
        promise.cancel()
        await promise

    with pytest.raises(CancellationError):
        run_test(test, backend=backend)


def test_a_test_that_cancels_its_scope_fails(backend: str) -> None:
    async def test(scope: TestScope) -> None:
        scope.cancel("no more of this")

    with pytest.raises(CancellationError, match="no more of this"):
        run_test(test, backend=backend)


def test_a_failure_under_a_supervisor_is_reported_at_the_end(backend: str) -> None:
    """K329"""
    ended: list[float] = []

    async def test(scope: TestScope) -> None:
        async with supervisor_scope() as supervised:
            supervised.launch(failing_with(KeyError("unseen")))
        await delay(10)
        ended.append(scope.current_time)

    with pytest.raises(KeyError, match="unseen"):
        run_test(test, backend=backend)
    assert ended == [10]


def test_a_failure_that_nobody_is_told_of_is_reported_at_the_end(backend: str) -> None:
    """K329: also in a scope that has nothing to do with the test's"""

    async def test(_: TestScope) -> None:
        CoroutineScope().launch(failing_with(KeyError("unseen")))
        await delay(10)

    with pytest.raises(KeyError, match="unseen"):
        run_test(test, backend=backend)


def test_failures_beside_that_of_the_body_are_attached_to_it(backend: str) -> None:
    """K329"""

    async def test(scope: TestScope) -> None:
        async with supervisor_scope() as supervised:
            supervised.launch(failing_with(KeyError("unseen")))
        raise ValueError("the body")

    with pytest.raises(ValueError, match="the body") as caught:
        run_test(test, backend=backend)
    assert notes_of(caught.value).count("KeyError('unseen')") == 1


def test_a_time_out_of_virtual_time_says_so(backend: str) -> None:
    """K336"""

    async def test(_: TestScope) -> None:
        await with_timeout(5, for_ever)

    with pytest.raises(FlowTimeoutError) as caught:
        run_test(test, backend=backend)
    assert "virtual time; the clock says 5 s" in notes_of(caught.value)


@pytest.mark.parametrize("where", ["body", "child", "background"])
def test_a_verdict_of_pytest_passes_from_wherever_it_is_given(backend: str, where: str) -> None:
    """pytest.fail and pytest.skip raise what is no Exception: a loop stops for it, trio as for a fault of its own."""

    async def give() -> None:
        pytest.fail("the verdict")

    async def test(scope: TestScope) -> None:
        if where == "body":
            await give()
        (scope if where == "child" else scope.background_scope).launch(give)
        await delay(1)

    with pytest.raises(pytest.fail.Exception, match="the verdict"):
        run_test(test, backend=backend)


def test_a_test_that_has_failed_before_its_body_does_not_run_it(backend: str) -> None:
    async def body(_: TestScope) -> None:
        raise AssertionError("not reached")

    async def test(_: TestScope) -> None:
        own = TestScope("own")
        await own.launch(failing_with(KeyError("in a fixture"))).join()
        await own.run_test(body)

    with pytest.raises(KeyError, match="in a fixture"):
        run_test(test, backend=backend)


def test_a_scope_that_will_not_run_is_closed(backend: str) -> None:
    async def test(_: TestScope) -> None:
        own = TestScope("own")
        jobs = [own.launch(for_ever), own.background_scope.launch(for_ever)]
        await own.aclose()
        assert all(job.is_cancelled for job in jobs)

    run_test(test, backend=backend)


# ------------------------------------------------------------------------------------------------------ background work


def test_background_work_is_cancelled_and_cleaned_up(backend: str) -> None:
    """K331"""
    log: list[str] = []

    async def service() -> None:
        try:
            await for_ever()
        finally:
            log.append("cleanup")

    async def test(scope: TestScope) -> None:
        scope.background_scope.launch(service)

        @scope.launch
        async def child() -> None:
            await delay(10)
            log.append("child")

    run_test(test, backend=backend)
    assert log == ["child", "cleanup"]


@pytest.mark.parametrize("start", ["launch", "async_"])
def test_a_failure_in_the_background_is_reported_at_the_end(backend: str, start: str) -> None:
    """K331: it stops neither the test nor other background work, and is reported once"""
    ticks: list[int] = []

    async def tick() -> None:
        while True:
            await delay(1)
            ticks.append(1)

    async def test(scope: TestScope) -> None:
        scope.background_scope.launch(tick)
        getattr(scope.background_scope, start)(failing_with(KeyError("in the background")))
        await delay(10.5)

    with pytest.raises(KeyError, match="in the background") as caught:
        run_test(test, backend=backend)
    assert len(ticks) == 10
    assert "another way" not in notes_of(caught.value)


def test_a_failure_in_the_cleanup_of_the_background_is_reported(backend: str) -> None:
    """K331"""

    async def service() -> None:
        try:
            await for_ever()
        finally:
            raise KeyError("cleanup")

    async def test(scope: TestScope) -> None:
        scope.background_scope.launch(service)
        await scope.run_current()

    with pytest.raises(KeyError, match="cleanup"):
        run_test(test, backend=backend)
