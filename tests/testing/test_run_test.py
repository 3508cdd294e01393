"""`run_test`: how a test runs and ends, and what is refused. Facts K326, K328, K333 and K334."""

from __future__ import annotations

import threading
from typing import Any

import anyio
import pytest

from flowws import (
    CompletableJob,
    IllegalStateError,
    delay,
    yield_now,
)
from flowws.testing import TestScope, run_test


def test_the_result_of_the_body_is_returned(backend: str) -> None:
    async def test(scope: TestScope) -> float:
        await delay(3600)
        return scope.current_time

    assert run_test(test, backend=backend) == 3600


def test_children_do_not_run_before_the_test_parks(backend: str) -> None:
    """K326, standard mode"""
    log: list[str] = []

    async def test(scope: TestScope) -> None:
        async def child() -> None:
            log.append("child")

        scope.launch(child)
        log.append("body")
        await yield_now()
        log.append("body again")

    run_test(test, backend=backend)
    assert log[0] == "body"
    assert sorted(log[1:]) == ["body again", "child"]


def test_the_test_waits_for_its_children(backend: str) -> None:
    """K328"""
    log: list[float] = []

    async def test(scope: TestScope) -> None:
        async def child() -> None:
            await delay(10)
            scope.launch(grandchild)

        async def grandchild() -> None:
            await delay(10)
            log.append(scope.current_time)

        scope.launch(child)

    run_test(test, backend=backend)
    assert log == [20]


def test_a_given_job_is_the_parent_but_is_not_completed(backend: str) -> None:
    """K333"""
    parent = CompletableJob(name="parent")

    async def test(scope: TestScope) -> None:
        above = scope.job.parent
        assert above is not None
        assert above.parent is parent

    run_test(test, backend=backend, parent=parent)
    assert parent.is_active
    assert list(parent.children) == []


# --------------------------------------------------------------------------------------------------------------- misuse


def test_run_test_is_not_nested(backend: str) -> None:
    """K334"""

    async def inner(_: TestScope) -> None:
        raise AssertionError("not reached")

    async def test(_: TestScope) -> None:
        run_test(inner, backend=backend)

    with pytest.raises(IllegalStateError, match="one is running here"):
        run_test(test, backend=backend)


def test_another_thread_may_run_a_test_of_its_own(backend: str) -> None:
    async def inner(_: TestScope) -> int:
        await delay(5)
        return 42

    async def test(_: TestScope) -> int:
        got: list[int] = []
        thread = threading.Thread(target=lambda: got.append(run_test(inner, backend=backend)))
        thread.start()
        thread.join()
        return got[0]

    assert run_test(test, backend=backend) == 42


def test_a_scope_is_for_one_test(backend: str) -> None:
    """K334"""

    async def nothing(_: TestScope) -> None:
        pass

    async def test(scope: TestScope) -> None:
        own = TestScope("own")
        await own.run_test(nothing)
        for used in (own, scope):
            with pytest.raises(IllegalStateError, match="a TestScope is for one test"):
                await used.run_test(nothing)

    run_test(test, backend=backend)


def test_a_scope_of_virtual_time_needs_a_loop_that_has_it(backend: str) -> None:
    """K334"""

    async def main() -> None:
        with pytest.raises(IllegalStateError, match="time is real on this loop"):
            TestScope()

    anyio.run(main, backend=backend)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"backend": "curio"}, "'curio'"),
        ({"timeout": 0}, "timeout must be greater than zero, not 0"),
        ({"timeout": "long"}, "'long'"),
        ({"real_io": -1}, "real_io must be True, False or a number of seconds, not -1"),
    ],
)
def test_bad_arguments_are_refused(options: dict[str, Any], message: str) -> None:
    async def test(_: TestScope) -> None:
        pass

    with pytest.raises((TypeError, ValueError), match=message):
        run_test(test, **options)


def test_what_is_no_function_is_refused() -> None:
    with pytest.raises(TypeError, match="takes the async function, not 42"):
        run_test(42)  # type: ignore[arg-type]  # the point of the test
