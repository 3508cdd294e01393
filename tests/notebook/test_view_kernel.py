"""A view in a real kernel: it moves, says how it ended, and the saved notebook keeps its last picture."""

from __future__ import annotations

import pytest

from tests.notebook.kernels import Cell, Kernel

pytestmark = pytest.mark.timeout(60)  # a kernel takes seconds to start

IMPORTS = """
from flowws import MutableSharedFlow, flow_of, flow, interval
from flowws.notebook import aclose_all, json, notebook_scope, spark, table, view
"""


def html(cell: Cell) -> str:
    return str(cell.displays[-1]["data"]["text/html"])


def test_a_view_moves_while_no_cell_runs_and_says_when_it_ends(kernel: Kernel) -> None:
    kernel.run(IMPORTS)
    shown = kernel.run("moving = view(interval(0.02).take(30), fps=50, name='ticks')\nmoving")
    kernel.until(lambda: "live" in html(shown) and "<td" in html(shown))
    kernel.until(lambda: "30 values · ended" in html(shown))
    assert shown.displays[-1]["data"]["text/plain"] == "<LiveView 'ticks' 30 values, ended>"
    assert kernel.run("await aclose_all()").outputs == []


def test_what_a_later_cell_emits_is_painted_where_the_view_is_shown(kernel: Kernel) -> None:
    kernel.run(f"{IMPORTS}\nprices = MutableSharedFlow()\nlook = view(prices, json)")
    one, two = kernel.run("look"), kernel.run("look.show()")
    assert "no value yet" in html(one)
    kernel.run("await prices.emit({'EUR': 1.08})")
    kernel.until(lambda: "1.08" in html(one) and "1.08" in html(two))


def test_stop_ends_the_job_and_what_is_shown_stays(kernel: Kernel) -> None:
    kernel.run(IMPORTS)
    shown = kernel.run("look = view(interval(0.01), fps=50)\nlook")
    kernel.until(lambda: "<td" in html(shown))
    assert kernel.run("look.stop(); await look.job.join(); look.job.is_cancelled").result == "True"
    kernel.until(lambda: "· stopped" in html(shown))
    assert "<td" in html(shown)


def test_a_failure_is_shown_in_the_view_and_as_that_of_the_cell(kernel: Kernel) -> None:
    kernel.run(IMPORTS)
    shown = kernel.run("view(flow_of(1, 0).map(lambda n: 1 / n))")
    kernel.until(lambda: "failed: ZeroDivisionError: division by zero" in html(shown))
    kernel.until(lambda: shown.errors)
    assert [each["ename"] for each in shown.errors] == ["ZeroDivisionError"]


def test_a_renderer_that_fails_fails_the_job(kernel: Kernel) -> None:
    kernel.run(f"{IMPORTS}\nnumbers = MutableSharedFlow()")
    shown = kernel.run("look = view(numbers, lambda items: 1 / (items[-1][1] - 2) and 'fine', fps=50)\nlook")
    kernel.run("await numbers.emit(1)")
    kernel.until(lambda: "fine" in html(shown))
    kernel.run("await numbers.emit(2)")
    kernel.until(lambda: "failed: ZeroDivisionError" in html(shown) and "fine" in html(shown))
    kernel.until(lambda: shown.errors)


def test_running_its_cell_again_ends_the_view_that_was_there(kernel: Kernel) -> None:
    kernel.run(f"{IMPORTS}\nnumbers = MutableSharedFlow()")
    for _ in range(3):
        kernel.run("view(numbers)", cell_id="a")
    kernel.until(lambda: kernel.run("numbers.subscription_count.value").result == "1")


def test_a_view_in_a_thread_moves_while_a_cell_computes(kernel: Kernel) -> None:
    kernel.run(f"{IMPORTS}\nimport time\nscope = notebook_scope('feeds', thread='asyncio')")
    shown = kernel.run("view(interval(0.01), fps=50, scope=scope)")
    busy = kernel.start("time.sleep(2)")
    kernel.until(lambda: "<td" in html(shown))
    assert not busy.is_done
    kernel.wait(busy)


def test_under_autoawait_trio_a_view_moves_all_the_same(kernel: Kernel) -> None:
    kernel.run("%autoawait trio")
    kernel.run(IMPORTS)
    shown = kernel.run("view(interval(0.01).take(20), fps=50)")
    kernel.until(lambda: "20 values · ended" in html(shown))
