"""The Stop button: it ends what the cell waits for and leaves jobs alone, on a quiet loop and on a blocked one."""

from __future__ import annotations

import pytest

from tests.notebook.kernels import Cell, Kernel

OPEN = """
import time
from flowws import *
from flowws.notebook import aclose_all, hold, notebook_scope
scope = notebook_scope()
job = scope.launch(await_cancellation)
"""


def stopped(kernel: Kernel, source: str, sign: str = "waiting", limit: float = 5) -> Cell:
    """A cell that is stopped once it has printed `sign`."""
    cell = kernel.start(f"print({sign!r}, flush=True)\n{source}")
    kernel.until(lambda: sign in cell.stdout)
    kernel.interrupt()
    return kernel.wait(cell, limit)


@pytest.mark.parametrize(
    "waiting",
    ["await job.join()", "await delay(60)", "import anyio; await anyio.sleep(60)"],
)
def test_a_cell_that_waits_on_a_quiet_loop_is_stopped_and_jobs_are_not(kernel: Kernel, waiting: str) -> None:
    kernel.run(OPEN)
    cell = stopped(kernel, waiting)
    assert cell.status == "error"
    assert cell.took < 5
    kernel.run("assert job.is_active; await delay(0)")


def test_stop_reaches_a_cell_that_computes(kernel: Kernel) -> None:
    kernel.run(OPEN)
    assert stopped(kernel, "time.sleep(60)").errors[0]["ename"] == "KeyboardInterrupt"
    kernel.run("assert job.is_active; await delay(0)")


def test_stop_reaches_an_async_cell_that_computes(kernel: Kernel) -> None:
    kernel.run(OPEN)
    assert stopped(kernel, "await delay(0)\nwhile True: pass").errors[0]["ename"] == "KeyboardInterrupt"
    assert stopped(kernel, "await delay(0)\ntime.sleep(60)").errors[0]["ename"] == "KeyboardInterrupt"
    kernel.run("assert job.is_active; await delay(0)")


@pytest.mark.parametrize("blocking", ["while True: pass", "time.sleep(60)"])
def test_a_job_that_blocks_the_loop_under_a_waiting_cell_is_interrupted(kernel: Kernel, blocking: str) -> None:
    kernel.run(OPEN)
    cell = kernel.start(f"""
    async def block():
        print("blocking", flush=True)
        try:
            {blocking}
        except Exception:
            pass
    blocked = scope.launch(block)
    await blocked.join()
    """)
    kernel.until(lambda: "blocking" in cell.stdout)
    kernel.interrupt()
    kernel.wait(cell, 5)
    kernel.until(lambda: cell.errors)
    assert "JobInterrupted" in [error["ename"] for error in cell.errors]
    kernel.run("assert job.is_active and blocked.is_cancelled; await aclose_all()")


def test_a_job_that_blocks_an_idle_kernel_is_interrupted(kernel: Kernel) -> None:
    kernel.run(OPEN)
    launching = kernel.run("""
    async def block():
        await delay(0.1)
        print("blocking", flush=True)
        while True: pass
    blocked = scope.launch(block)
    """)
    kernel.until(lambda: "blocking" in launching.stdout)
    kernel.interrupt()
    kernel.until(lambda: launching.errors)
    assert [error["ename"] for error in launching.errors] == ["JobInterrupted"]
    assert "while True: pass" in launching.tracebacks
    assert "_stop_guard.py" not in launching.tracebacks
    kernel.run("assert job.is_active and blocked.is_cancelled; await delay(0)")


def test_stop_while_nothing_runs_changes_nothing(kernel: Kernel) -> None:
    kernel.run(OPEN)
    for _ in range(3):
        kernel.interrupt()
        kernel.run("await delay(0.01); assert job.is_active")


def test_stop_in_the_middle_again_and_again(kernel: Kernel) -> None:
    kernel.run(OPEN + "ticks = interval(0.01).produce_in(scope)")
    for _ in range(5):
        assert stopped(kernel, "async for tick in ticks: pass").status == "error"
        kernel.run("assert ticks.try_receive() is not None and job.is_active")
        assert stopped(kernel, "await job.join()").status == "error"
    kernel.run("await aclose_all()")


def test_cells_on_trio_are_left_to_trio(kernel: Kernel) -> None:
    kernel.run(OPEN + "import signal")
    kernel.run("%autoawait trio")
    kernel.run("import trio; await trio.sleep(0); assert 'StopGuard' not in repr(signal.getsignal(signal.SIGINT))")
    assert stopped(kernel, "await trio.sleep(60)").errors[0]["ename"] == "KeyboardInterrupt"
    kernel.run("%autoawait asyncio")
    kernel.run("await delay(0); assert job.is_active")


def test_without_the_guard_the_kernel_keeps_its_handlers(kernel: Kernel) -> None:
    kernel.run("import signal; from flowws.notebook import notebook_scope; scope = notebook_scope(stop_guard=False)")
    kernel.run("assert signal.getsignal(signal.SIGINT) is signal.default_int_handler")


def test_with_it_they_are_back_in_place_after_each_cell(kernel: Kernel) -> None:
    kernel.run(OPEN + "import asyncio, signal")
    kernel.run(
        "seen = []; asyncio.get_running_loop().call_later(0.1, lambda: seen.append(signal.getsignal(signal.SIGINT)))"
    )
    kernel.until(lambda: kernel.run("print(len(seen))").stdout == "1\n")
    for source in ("await delay(0)", "pass"):
        kernel.run(source)
        kernel.run("assert 'StopGuard' in repr(signal.getsignal(signal.SIGINT))")
