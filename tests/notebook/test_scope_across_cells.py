"""`notebook_scope` in a real kernel: launch in one cell, look in a second, cancel in a third; cells that run again."""

from __future__ import annotations

from tests.notebook.kernels import Kernel

OPEN = """
from flowws import *
from flowws.notebook import aclose_all, hold, notebook_scope
scope = notebook_scope()
"""
TICKER = """
ticks = []
async def tick():
    while True:
        ticks.append(len(ticks))
        await delay(0.01)
ticker = scope.launch(tick)
"""


def test_a_job_lives_across_cells_until_it_is_cancelled(kernel: Kernel) -> None:
    kernel.run(OPEN)
    kernel.run(TICKER)
    kernel.run("await delay(0.05); seen = len(ticks); assert seen > 1")
    kernel.run("await delay(0.05); assert len(ticks) > seen")
    assert kernel.run("print(ticker)").stdout == "<Job 'tick' active>\n"
    kernel.run("await ticker.cancel_and_join(); seen = len(ticks)")
    kernel.run("await delay(0.05); assert len(ticks) == seen")


def test_the_same_name_is_the_same_scope_while_it_is_open(kernel: Kernel) -> None:
    kernel.run(OPEN)
    kernel.run("assert notebook_scope() is scope; assert notebook_scope('other') is not scope")
    assert "thread=None" in kernel.fail("notebook_scope(thread='asyncio')").errors[0]["evalue"]
    kernel.run("await scope.aclose(); again = notebook_scope(); assert again is not scope")
    assert kernel.fail("scope.launch(delay, 1)").errors[0]["ename"] == "ScopeClosedError"
    kernel.run("again.cancel(); await again.join(); assert notebook_scope().is_active")


def test_running_a_cell_again_replaces_its_jobs_and_no_others(kernel: Kernel) -> None:
    kernel.run(OPEN, "first")
    kernel.run(TICKER, "second")
    kernel.run("other = scope.launch(await_cancellation); first_ticker = ticker", "third")
    kernel.run(TICKER, "second")
    kernel.run("await first_ticker.join(); assert first_ticker.is_cancelled and ticker.is_active and other.is_active")
    kernel.run(OPEN, "first")
    kernel.run("assert len(list(scope.job.children)) == 2")


def test_the_jobs_of_the_cell_that_made_the_scope_are_replaced_too(kernel: Kernel) -> None:
    kernel.run(OPEN + TICKER, "first")
    kernel.run("old = ticker")
    kernel.run(OPEN + TICKER, "first")
    kernel.run("await old.join(); assert old.is_cancelled and ticker.is_active")


def test_what_a_replaced_job_has_launched_in_the_scope_is_replaced_with_it(kernel: Kernel) -> None:
    source = """
    jobs = []
    async def launch_another():
        jobs.append(scope.launch(await_cancellation))
    job = scope.launch(launch_another)
    """
    kernel.run(OPEN)
    kernel.run(source, "second")
    kernel.run("await job.join(); old = jobs[0]")
    kernel.run(source, "second")
    kernel.run("await old.join(); await job.join(); assert jobs[0].is_active")


def test_jobs_stay_where_replacing_is_off_or_the_frontend_names_no_cells(kernel: Kernel) -> None:
    kernel.run(OPEN)
    kernel.run("kept = notebook_scope('kept', replace_on_rerun=False)")
    for _ in range(2):
        kernel.run("job = scope.launch(await_cancellation)")
        kernel.run("job = kept.launch(await_cancellation)", "third")
    kernel.run("assert len(list(scope.job.children)) == len(list(kept.job.children)) == 2")


def test_every_cell_run_again_twice_leaves_one_of_each_job(kernel: Kernel) -> None:
    cells = [
        OPEN,
        TICKER,
        "channel = interval(0.01).produce_in(scope)",
        "assert await channel.receive() == 0",
        "collector = interval(0.01).on_each(ticks.append).launch_in(scope)",
        "await delay(0.03)",
    ]
    for _ in range(3):
        for number, source in enumerate(cells):
            kernel.run(source, f"cell-{number}")
    assert kernel.run("len(list(scope.job.children))").result == "3"
    kernel.run("await aclose_all()")
    kernel.run("import asyncio; names = [each.get_coro().__qualname__ for each in asyncio.all_tasks()]")
    assert "_run" not in kernel.run("print(*names)").stdout.split()


def test_a_flow_is_pulled_from_cell_to_cell(kernel: Kernel) -> None:
    kernel.run(OPEN)
    kernel.run("numbers = interval(0.001).map(lambda n: n * n).produce_in(scope)")
    assert kernel.run("await numbers.receive()").result == "0"
    assert kernel.run("[await numbers.receive() for _ in range(3)]").result == "[1, 4, 9]"
    kernel.run("numbers.cancel()")
    kernel.run("await delay(0.01); assert not list(scope.job.children)")


def test_a_block_is_entered_in_one_cell_and_left_in_another(kernel: Kernel) -> None:
    kernel.run(OPEN)
    kernel.run("""
    from contextlib import asynccontextmanager
    import anyio
    @asynccontextmanager
    async def line(word):
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(anyio.sleep_forever)
            print("open")
            yield word
            tasks.cancel_scope.cancel()
    """)
    opened = kernel.run("value, job = await hold(scope, line('hello')); print(value)")
    assert opened.stdout == "open\nhello\n"
    kernel.run("await job.cancel_and_join()")
    kernel.run("assert job.is_cancelled")


def test_scopes_and_jobs_can_be_had_before_any_loop_is_needed(kernel: Kernel) -> None:
    """A sync cell is enough, and nothing is imported that a notebook has not asked for."""
    kernel.run("import sys, flowws.notebook; assert 'flowws.notebook._ipython' not in sys.modules")
    kernel.run("import IPython; hooks = [*get_ipython().events.callbacks['pre_run_cell']]")
    kernel.run("scope = flowws.notebook.notebook_scope(); job = scope.launch(flowws.delay, 0.01)")
    kernel.run("await job.join(); assert not job.is_cancelled")
