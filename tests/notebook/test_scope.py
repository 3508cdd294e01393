"""`notebook_scope` where no kernel is: on a plain loop, without a loop, and in IPython's terminal."""

from __future__ import annotations

import subprocess
import sys
import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import anyio
import pytest

from flowws import CancellationError, CoroutineScope, await_cancellation, delay
from flowws.notebook import aclose_all, hold, notebook_scope
from tests.core.observing import reported
from tests.notebook.kernels import ROOT


async def fail(word: str) -> None:
    raise ValueError(word)


async def test_on_a_plain_loop_it_is_a_supervisor_that_raises_what_failed_when_it_is_closed() -> None:
    scope = notebook_scope("plain")
    assert notebook_scope("plain") is scope
    neighbour = scope.launch(await_cancellation)
    with reported():
        await scope.launch(fail, "first").join()
        await scope.launch(fail, "second").join()
    assert neighbour.is_active
    with pytest.raises(ValueError, match="first") as raised:
        await aclose_all()
    assert "Job 'fail' failed too: ValueError('second')" in raised.value.__notes__
    assert neighbour.is_cancelled
    await scope.aclose()
    await aclose_all()


async def test_a_block_raises_its_own_error_and_not_that_of_a_job() -> None:
    async def block(name: str, error: Exception | None) -> None:
        async with notebook_scope(name) as scope:
            await scope.launch(fail, "in a job").join()
            if error is not None:
                raise error

    with reported(), pytest.raises(KeyError, match="of the block"):
        await block("first", KeyError("of the block"))
    with reported(), pytest.raises(ValueError, match="in a job"):
        await block("second", None)


async def test_a_scope_that_was_cancelled_is_replaced() -> None:
    scope = notebook_scope("cancelled")
    scope.cancel()
    another = notebook_scope("cancelled")
    assert another is not scope
    await scope.aclose()
    assert notebook_scope("cancelled") is another
    await another.aclose()


async def test_open_with_other_settings_it_is_refused() -> None:
    async with notebook_scope("set"):
        with pytest.raises(ValueError, match="'set' is open with thread=None, replace_on_rerun=True, stop_guard=True"):
            notebook_scope("set", replace_on_rerun=False)


async def test_bad_arguments_are_refused_at_the_door() -> None:
    with pytest.raises(ValueError, match="name must be a text of at least one character, not ''"):
        notebook_scope("")
    with pytest.raises(ValueError, match="thread must be 'asyncio', 'trio' or None, not 'curio'"):
        notebook_scope(thread="curio")  # type: ignore[arg-type]  # the point of the test
    async with notebook_scope() as scope:
        with pytest.raises(TypeError, match="hold takes an async context manager, not 42"):
            await hold(scope, 42)  # type: ignore[arg-type]  # the point of the test


@pytest.mark.parametrize("backend", ["asyncio", "trio"])
def test_a_scope_of_a_loop_that_has_ended_is_replaced(backend: str) -> None:
    async def begin() -> object:
        scope = notebook_scope("ended")
        await scope.launch(delay, 0).join()
        return scope

    def in_a_thread() -> None:  # where no loop of other tests runs
        scopes.append(anyio.run(begin, backend=backend))
        scopes.append(anyio.run(begin, backend=backend))

    scopes: list[object] = []
    thread = threading.Thread(target=in_a_thread)
    thread.start()
    thread.join()
    first, second = scopes
    assert first is not second


def test_without_a_loop_it_has_a_thread() -> None:
    async def where() -> None:
        seen.append(threading.current_thread().name)
        done.set()

    seen: list[str] = []
    done = threading.Event()
    scope = notebook_scope("alone")
    scope.launch(where)
    assert done.wait(5)
    assert seen == ["alone"]
    scope.finish(5)


# ------------------------------------------------------------------------------------------------------------- hold


class Line:
    """What becomes of a block that is held."""

    def __init__(self) -> None:
        self.said: list[str] = []

    @asynccontextmanager
    async def open(self, *, fails_when_left: bool = False) -> AsyncIterator[str]:
        self.said.append("open")
        try:
            yield "a line"
        finally:
            self.said.append("closed")
            if fails_when_left:
                raise ValueError("cannot be left")


async def test_cancelling_the_job_leaves_the_block() -> None:
    line = Line()
    async with notebook_scope("held") as scope:
        value, job = await hold(scope, line.open(), name="a line")
        assert (value, job.name, line.said) == ("a line", "a line", ["open"])
        await job.cancel_and_join()
        assert line.said == ["open", "closed"]


async def test_a_block_that_fails_when_it_is_left_fails_the_job() -> None:
    scope = notebook_scope("held")
    _, job = await hold(scope, Line().open(fails_when_left=True))
    with reported():
        await job.cancel_and_join()
    with pytest.raises(ValueError, match="cannot be left"):
        await scope.aclose()


async def test_who_is_cancelled_while_the_block_opens_takes_the_job_along() -> None:
    @asynccontextmanager
    async def slow() -> AsyncIterator[None]:
        await await_cancellation()
        yield

    async with notebook_scope("held") as scope:
        waiting = scope.launch(hold, scope, slow())
        await delay(0.01)
        await waiting.cancel_and_join()
        for job in scope.job.children:
            await job.join()
        assert list(scope.job.children) == []


async def test_a_scope_that_is_cancelled_before_the_block_was_entered_says_so() -> None:
    async with notebook_scope("held") as scope:
        waiting = scope.async_(hold, scope, Line().open())
        waiting.cancel()
        with pytest.raises(CancellationError):
            await waiting


async def test_a_held_scope_ends_its_job_by_itself() -> None:
    async with notebook_scope("held") as scope:
        value, job = await hold(scope, CoroutineScope("inner"))
        value.cancel()
        await job.join()
        assert not job.is_cancelled


# --------------------------------------------------------------------------------------------------------- terminal


def test_in_a_terminal_jobs_go_on_between_the_inputs(tmp_path: Path) -> None:
    inputs = """
    import time
    from flowws.notebook import aclose_all, notebook_scope
    from flowws import interval
    seen = []
    scope = notebook_scope()
    job = interval(0.001).on_each(seen.append).launch_in(scope)
    while len(seen) < 3: time.sleep(0.001)
    await scope.async_(lambda: job.cancel_and_join())
    await aclose_all()
    print("seen", seen[:3])
    """
    command = [sys.executable, "-m", "IPython", "--simple-prompt", "--no-banner", "--colors=nocolor"]
    done = subprocess.run(
        command,
        input="\n".join(line.strip() for line in inputs.strip().splitlines()) + "\n",
        env={"PYTHONPATH": str(ROOT), "IPYTHONDIR": str(tmp_path), "HOME": str(tmp_path), "PATH": "/usr/bin"},
        capture_output=True,
        text=True,
        timeout=20,
        check=False,
    )
    assert "seen [0, 1, 2]" in done.stdout, done.stdout + done.stderr
