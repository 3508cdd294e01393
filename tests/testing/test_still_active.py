"""What a test that does not end, or leaves something behind, says of it. Facts K330 and K332."""

from __future__ import annotations

import anyio
import pytest

from flowws import (
    Channel,
    CompletableJob,
    CoroutineScope,
    CoroutineStart,
    delay,
    yield_now,
)
from flowws.testing import LeakError, TestScope, TestTimeoutError, run_test
from flowws.testing import _test_scope as test_scope_module
from tests.testing.bodies import for_ever, notes_of

# ----------------------------------------------------------------------------------------------------- out of real time


def test_the_time_out_is_one_of_real_time_and_names_what_is_active(backend: str) -> None:
    """K330"""

    async def test(scope: TestScope) -> None:
        scope.launch(for_ever, name="the child that waits")
        CompletableJob(scope.job, name="the job that nobody completes")
        scope.launch(for_ever, name="the job that nobody starts", start=CoroutineStart.LAZY)
        await delay(3600)
        await Channel[int]().receive()

    with pytest.raises(TestTimeoutError) as caught:
        run_test(test, backend=backend, timeout=0.25)
    error = caught.value
    assert (error.seconds, error.current_time) == (0.25, 3600)
    assert "did not end within 0.25 s of real time; its virtual clock says 3600 s" in str(error)
    for active in (
        "the child that waits, at bodies.py:",
        "waiting in Channel.receive",
        "the job that nobody completes, which no task runs",
        "the job that nobody starts, which no task runs",
    ):
        assert active in str(error)


def test_a_time_out_does_not_hide_the_error_of_the_body(backend: str) -> None:
    """K330"""

    async def test(_: TestScope) -> None:
        try:
            await for_ever()
        finally:
            raise ValueError("while cleaning up")

    with pytest.raises(TestTimeoutError) as caught:
        run_test(test, backend=backend, timeout=0.05)
    assert "ValueError('while cleaning up')" in notes_of(caught.value)


@pytest.mark.parametrize("pause", [0, 1])
def test_a_busy_loop_does_not_keep_the_time_out_from_firing(backend: str, pause: float) -> None:
    """K332: nor does background work"""

    async def busy() -> None:
        while True:  # noqa: ASYNC110 - to poll is the point
            await anyio.sleep(pause)

    async def test(scope: TestScope) -> None:
        scope.background_scope.launch(busy)
        await for_ever()

    with pytest.raises(TestTimeoutError, match="busy, at test_still_active"):
        run_test(test, backend=backend, timeout=0.25)


def test_a_task_that_is_left_behind_busy_cannot_hold_the_test_up(backend: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(test_scope_module, "_PATIENCE", 0.05)

    async def busy() -> None:
        while True:
            await yield_now()

    async def test(_: TestScope) -> None:
        CoroutineScope("stray").launch(busy)

    with pytest.raises(TestTimeoutError, match="busy"):
        run_test(test, backend=backend, timeout=0.05)


def test_a_body_that_does_not_heed_its_cancellation_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    """On asyncio alone: trio ends no run before its last task."""
    monkeypatch.setattr(test_scope_module, "_PATIENCE", 0.05)

    async def test(_: TestScope) -> None:
        with anyio.CancelScope(shield=True):
            await for_ever()

    with pytest.raises(TestTimeoutError, match="for_ever"):
        run_test(test, backend="asyncio", timeout=0.05)


# --------------------------------------------------------------------------------------------------------- what is left


def test_a_task_that_is_left_behind_is_named_with_its_place(backend: str) -> None:
    async def test(_: TestScope) -> None:
        CoroutineScope("stray").launch(for_ever, name="the one that stays")

    with pytest.raises(LeakError) as caught:
        run_test(test, backend=backend)
    (line,) = caught.value.left
    assert line.startswith("the one that stays, at bodies.py:")
    assert line.endswith(" in for_ever, waiting in Channel.receive")
    assert "left 1 task(s) running" in str(caught.value)


def test_a_leak_is_not_what_a_failing_test_fails_with(backend: str) -> None:
    async def test(_: TestScope) -> None:
        CoroutineScope("stray").launch(for_ever)
        raise ValueError("the body")

    with pytest.raises(ValueError, match="the body") as caught:
        run_test(test, backend=backend)
    assert "LeakError" in notes_of(caught.value)


def test_what_is_just_ending_is_no_leak(backend: str) -> None:
    async def last_words() -> None:
        try:
            await for_ever()
        finally:
            with anyio.CancelScope(shield=True):
                await yield_now()

    async def test(scope: TestScope) -> None:
        stray = CoroutineScope()
        stray.launch(last_words)
        await scope.run_current()
        stray.cancel()

    run_test(test, backend=backend)
