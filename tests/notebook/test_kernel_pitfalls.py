"""What goes wrong with other libraries in a kernel, and must not with this one."""

from __future__ import annotations

import pytest

from tests.notebook.kernels import Kernel

OPEN = """
from flowws import *
from flowws.notebook import aclose_all, hold, notebook_scope
scope = notebook_scope()
"""
CONCURRENT = (
    "interval(0.001).buffer(2)",
    "interval(0.001).flat_map_merge(lambda n: flow_of(n, n))",
    "merge(interval(0.001), interval(0.001)).timeout(60)",
)


@pytest.mark.parametrize("flow", CONCURRENT)
def test_an_iterator_is_advanced_and_closed_from_different_cells(kernel: Kernel, flow: str) -> None:
    """No cancel scope and no task group stays open across a `yield`, or closing it here would raise."""
    kernel.run(OPEN + f"values = aiter({flow})")
    kernel.run("first = await anext(values)")
    kernel.run("second = await anext(values)")
    kernel.run("await values.aclose()")
    kernel.run(f"async for value in {flow}: break")
    kernel.run("import gc; gc.collect(); await delay(0.01)")
    kernel.run("from asyncio import all_tasks; names = [each.get_name() for each in all_tasks()]; await delay(0)")
    assert "flat_map" not in kernel.run("print(names)").stdout


def test_a_flow_that_never_waits_leaves_the_kernel_answering(kernel: Kernel) -> None:
    kernel.run(OPEN)
    kernel.run("""
    from itertools import count
    seen = 0
    def note(n):
        global seen
        seen = n
    greedy = as_flow(count()).on_each(note).launch_in(scope)
    """)
    kernel.run("before = seen; await delay(0.05); assert seen > before")
    kernel.run("pass")
    kernel.run("await greedy.cancel_and_join()")


def test_stop_ends_the_wait_of_one_cell_for_a_task_that_all_share(kernel: Kernel) -> None:
    kernel.run(OPEN + "answer = scope.async_(await_cancellation)")
    waiting = kernel.start("print('waiting', flush=True)\nawait answer")
    kernel.until(lambda: waiting.stdout)
    kernel.stop(waiting)
    assert waiting.errors[0]["ename"] == "CancelledError"
    kernel.run("assert answer.is_active; await aclose_all()")


def test_a_plain_scope_and_its_failure_are_known_in_every_cell(kernel: Kernel) -> None:
    """A context variable that is set after an `await` is lost with its cell; a scope is an object, and is not."""
    kernel.run("from flowws import *; await delay(0); scope = CoroutineScope('mine')")
    kernel.run("job = scope.launch(delay, 0.01)")
    kernel.run("await job.join(); await scope.aclose()")


def test_a_lexical_scope_in_a_cell_raises_one_error_and_no_group(kernel: Kernel) -> None:
    kernel.run(OPEN)
    cell = kernel.fail("""
    async def fails():
        raise ValueError("one")
    async with coroutine_scope() as inner:
        inner.launch(fails)
        inner.launch(await_cancellation)
    """)
    assert [error["ename"] for error in cell.errors] == ["ValueError"]


def test_nothing_of_ipython_is_loaded_where_nobody_else_has_done_so(kernel: Kernel) -> None:
    script = (
        "import sys, flowws.notebook as n; n.notebook_scope; assert not {'IPython', 'ipykernel'} & set(sys.modules)"
    )
    kernel.run(f"import subprocess, sys; subprocess.run([sys.executable, '-c', {script!r}], check=True)")
