"""Where the failure of a job is seen: in the cell that has launched it, and by who looks elsewhere."""

from __future__ import annotations

import pytest

from tests.notebook.kernels import Cell, Kernel

OPEN = """
from flowws import *
from flowws.notebook import aclose_all, hold, notebook_scope
scope = notebook_scope()
go = CompletableDeferred()
async def work():
    await go
    return {}["price"]
"""


@pytest.fixture
def ready(kernel: Kernel) -> Kernel:
    kernel.run(OPEN)
    return kernel


def shows_the_failure(cell: Cell) -> bool:
    return [error["ename"] for error in cell.errors] == ["KeyError"]


def test_the_launching_cell_gets_the_traceback_and_the_running_one_a_line(ready: Kernel) -> None:
    launching = ready.run("job = scope.launch(work); neighbour = scope.launch(await_cancellation)")
    assert launching.outputs == []
    running = ready.run("_ = go.complete(None); await job.join(); await delay(0.01)")
    ready.until(lambda: launching.errors)
    assert shows_the_failure(launching)
    assert "return {}[" in launching.tracebacks
    assert "_launching.py" not in launching.tracebacks
    assert running.stderr == "⚠ job 'work' launched in [2] failed: KeyError: 'price'\n"
    assert running.errors == []
    ready.run("assert neighbour.is_active and scope.is_active")


def test_while_no_cell_runs_the_next_one_gets_the_line(ready: Kernel) -> None:
    launching = ready.run(
        "async def later():\n    await delay(0.1)\n    await work()\n_ = go.complete(None); job = scope.launch(later)"
    )
    ready.until(lambda: launching.errors)
    following = ready.run("print('hello')")
    assert following.stderr == "⚠ job 'later' launched in [2] failed: KeyError: 'price'\n"
    assert ready.run("print('hello')").stderr == ""


def test_a_failure_in_the_cell_that_launched_the_job_needs_no_line(ready: Kernel) -> None:
    cell = ready.run("job = scope.launch(work); _ = go.complete(None); await job.join()")
    ready.until(lambda: cell.errors)
    assert shows_the_failure(cell)
    assert cell.stderr == ""
    assert ready.run("print(job.is_cancelled)").outputs == [
        {"output_type": "stream", "name": "stdout", "text": "True\n"}
    ]


def test_prints_and_failures_of_a_launched_job_go_to_the_cell_of_its_launcher(ready: Kernel) -> None:
    launching = ready.run("""
    async def outer():
        await go
        scope.launch(inner)
    async def inner():
        print("inside")
        raise ValueError("inside")
    job = scope.launch(outer)
    """)
    ready.run("_ = go.complete(None); await delay(0.05)")
    ready.until(lambda: launching.errors and launching.stdout)
    assert launching.stdout == "inside\n"
    assert launching.errors[0]["evalue"] == "inside"


def test_the_line_is_one_line(ready: Kernel) -> None:
    ready.run("""
    async def wordy():
        await go
        raise ValueError("a" * 300 + "\\nand more")
    job = scope.launch(wordy)
    """)
    cell = ready.run("_ = go.complete(None); await job.join(); await delay(0.01)")
    assert cell.stderr.startswith("⚠ job 'wordy' launched in [2] failed: ValueError: aaa")
    assert cell.stderr.count("\n") == 1
    assert len(cell.stderr) < 250


def test_debug_finds_the_failure(ready: Kernel) -> None:
    ready.run("job = scope.launch(work); _ = go.complete(None); await job.join()")
    ready.run("import sys; assert sys.last_type is KeyError and sys.last_traceback is not None")


def test_closing_raises_the_first_failure_and_notes_the_others(ready: Kernel) -> None:
    ready.run("""
    async def second():
        await go
        raise ValueError("too")
    jobs = [scope.launch(work), scope.launch(second)]
    _ = go.complete(None)
    await join_all(jobs)
    """)
    closing = ready.fail("await scope.aclose()")
    assert shows_the_failure(closing)
    assert "Job 'second' failed too: ValueError('too')" in closing.tracebacks
    ready.run("await scope.aclose(); await aclose_all()")


def test_closing_all_raises_what_any_scope_has_seen(ready: Kernel) -> None:
    ready.run("_ = go.complete(None); other = notebook_scope('other'); await other.launch(work).join()")
    assert shows_the_failure(ready.fail("await aclose_all()"))
    ready.run("assert not scope.is_active and not other.is_active; await aclose_all()")


def test_a_failure_is_forgotten_when_its_cell_runs_again(ready: Kernel) -> None:
    ready.run("if not go.is_completed: _ = go.complete(None); await scope.launch(work).join()", "second")
    ready.run("pass", "second")
    ready.run("await aclose_all()")


def test_a_group_is_an_error_like_all_others(kernel: Kernel) -> None:
    """Also in a kernel in which no cell has run synchronously, where ipykernel would not answer at all."""
    kernel.run(
        "from flowws import *; from flowws.notebook import notebook_scope; scope = notebook_scope(); await delay(0)"
    )
    cell = kernel.fail("await delay(0); raise ExceptionGroup('two', [ValueError(1), KeyError(2)])")
    assert cell.errors[0]["ename"] == "ExceptionGroup"
    assert "ValueError: 1" in cell.tracebacks
    assert cell.stderr == ""


def test_a_job_that_fails_with_a_group_in_its_past_is_shown(ready: Kernel) -> None:
    cell = ready.run("""
    async def fails():
        try:
            raise ExceptionGroup("two", [ValueError(1), KeyError(2)])
        except ExceptionGroup:
            raise RuntimeError("after it")
    await scope.launch(fails).join()
    """)
    ready.until(lambda: cell.errors)
    assert [error["ename"] for error in cell.errors] == ["RuntimeError"]
    assert "ExceptionGroup: two" in cell.tracebacks


def test_a_handler_of_the_user_for_groups_is_left_alone(kernel: Kernel) -> None:
    kernel.run("seen = []; get_ipython().set_custom_exc((ExceptionGroup,), lambda *args, **_: seen.append(args[2]))")
    kernel.run("from flowws.notebook import aclose_all, hold, notebook_scope; scope = notebook_scope()")
    kernel.wait(kernel.start("raise ExceptionGroup('two', [ValueError(1)])"))
    kernel.run("assert [str(each) for each in seen] == ['two (1 sub-exception)']")


def test_a_block_that_cannot_be_entered_fails_its_cell_and_no_job(ready: Kernel) -> None:
    ready.run("""
    from contextlib import asynccontextmanager
    @asynccontextmanager
    async def closed():
        raise ConnectionError("no such host")
        yield
    """)
    cell = ready.fail("await hold(scope, closed())")
    assert [error["evalue"] for error in cell.errors] == ["no such host"]
    assert cell.stderr == ""
    ready.run("await aclose_all()")
