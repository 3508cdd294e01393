"""`notebook_scope(thread=...)`: jobs that go on while a cell computes; and cells that are runs of trio."""

from __future__ import annotations

import pytest

from tests.notebook.kernels import Kernel

OPEN = """
import threading, time
from flowws import *
from flowws.notebook import aclose_all, hold, notebook_scope
ticks = []
async def tick():
    while True:
        ticks.append(len(ticks))
        await delay(0.01)
"""


@pytest.mark.parametrize("loop", ["asyncio", "trio"])
def test_jobs_go_on_while_a_cell_computes(kernel: Kernel, loop: str) -> None:
    kernel.run(OPEN + f"scope = notebook_scope(thread={loop!r}); job = scope.launch(tick)")
    kernel.run("while len(ticks) < 10: time.sleep(0.001)")
    kernel.run("await job.cancel_and_join(); seen = len(ticks); time.sleep(0.05); assert len(ticks) == seen")
    kernel.run("threads = [each.name for each in threading.enumerate()]; assert 'notebook' in threads")
    kernel.run("await scope.aclose(); time.sleep(0.05)")
    kernel.run("assert 'notebook' not in [each.name for each in threading.enumerate()]")


def test_jobs_on_the_loop_of_the_kernel_stand_still_meanwhile(kernel: Kernel) -> None:
    kernel.run(OPEN + "scope = notebook_scope(); job = scope.launch(tick)")
    kernel.run("await delay(0.02); seen = len(ticks); time.sleep(0.1); assert len(ticks) == seen")


def test_results_prints_and_failures_come_back_from_the_thread(kernel: Kernel) -> None:
    kernel.run(OPEN + "scope = notebook_scope(thread='asyncio'); here = threading.current_thread()")
    kernel.run("""
    async def where():
        assert threading.current_thread() is not here
        return 6 * 7
    """)
    assert kernel.run("await scope.async_(where)").result == "42"
    launching = kernel.run("""
    go = threading.Event()
    async def fails():
        while not go.is_set():
            await delay(0.001)
        print("from the thread")
        raise ValueError("there")
    job = scope.launch(fails)
    """)
    running = kernel.run("go.set(); await job.join()")
    kernel.until(lambda: launching.errors and launching.stdout)
    following = kernel.run("pass")  # the cell may have been over before the thread said why
    kernel.until(lambda: running.stderr + following.stderr)
    assert launching.stdout == "from the thread\n"
    assert launching.errors[0]["evalue"] == "there"
    assert running.stderr + following.stderr == "⚠ job 'fails' launched in [4] failed: ValueError: there\n"
    assert kernel.fail("await aclose_all()").errors[0]["evalue"] == "there"


def test_a_cell_that_runs_again_replaces_jobs_in_the_thread(kernel: Kernel) -> None:
    kernel.run(OPEN + "scope = notebook_scope(thread='asyncio')")
    kernel.run("job = scope.launch(tick)", "second")
    kernel.run("old = job")
    kernel.run("job = scope.launch(tick)", "second")
    kernel.run("await old.join(); assert old.is_cancelled and job.is_active")


def test_any_thread_may_launch_on_the_loop_of_the_kernel(kernel: Kernel) -> None:
    """A widget calls back in a thread of its own, with some versions of ipykernel."""
    kernel.run(OPEN + "scope = notebook_scope(); jobs = []; here = threading.current_thread(); seen = []")
    kernel.run("""
    async def note():
        seen.append(threading.current_thread())
    def clicked():
        jobs.append(scope.launch(note))
    thread = threading.Thread(target=clicked); thread.start(); thread.join()
    await jobs[0].join()
    """)
    kernel.run("assert seen == [here]")
    kernel.run(
        "job = scope.launch(tick); thread = threading.Thread(target=job.cancel); thread.start(); await job.join()"
    )


def test_under_autoawait_trio_jobs_have_a_thread_that_outlives_the_cells(kernel: Kernel) -> None:
    kernel.run("%autoawait trio")
    kernel.run(OPEN + "import trio\nscope = notebook_scope(); assert scope is notebook_scope()")
    kernel.run("job = scope.launch(tick); await trio.sleep(0.05); assert len(ticks) > 1")
    kernel.run("seen = len(ticks); await trio.sleep(0.05); assert len(ticks) > seen")
    waiting = kernel.start("print('waiting', flush=True)\nawait job.join()")
    kernel.until(lambda: waiting.stdout)
    kernel.interrupt()
    kernel.wait(waiting)
    assert waiting.errors[0]["ename"] == "KeyboardInterrupt"
    kernel.run("assert job.is_active; await job.cancel_and_join()")
    assert kernel.run("await scope.async_(lambda: delay(0.001))").errors == []
    kernel.run("await aclose_all()")
