"""`live_widget` in a real kernel: what the page is told, and what its buttons do. How it looks: test_lab.py."""

from __future__ import annotations

import subprocess
import sys
from typing import Any

import pytest

from flowws import flow_of
from flowws.notebook import live_widget
from tests.notebook.kernels import Cell, Kernel

IMPORTS = """
from array import array
from flowws import MutableSharedFlow, interval
from flowws.notebook import aclose_all, live_widget, notebook_scope

def told(widget):
    lines = len(widget.widget.news["lines"])
    numbers = array("f", widget.widget.points).tolist()
    return [numbers[n + 1 : n + 1 + lines] for n in range(0, len(numbers), lines + 1)]
"""


def bundle(cell: Cell) -> dict[str, Any]:
    data: dict[str, Any] = cell.displays[-1]["data"]
    return data


@pytest.mark.timeout(60)
def test_what_the_page_is_told(kernel: Kernel) -> None:
    kernel.run(f"{IMPORTS}\nnumbers = MutableSharedFlow()")
    kernel.run("plot = live_widget(numbers, last=3, name='numbers')")
    shown = kernel.run("plot")
    assert bundle(shown)["application/vnd.jupyter.widget-view+json"]["model_id"]
    assert bundle(shown)["text/plain"] == "<LiveWidget 'numbers' 0 values, live>"
    kernel.run("for n in range(5): await numbers.emit({'n': n, 'word': 'x', 'huge': 1e300} if n else {'m': 1})")
    kernel.until(lambda: kernel.run("plot.widget.news['count']").result == "5")
    assert kernel.run("told(plot)").result == "[[2.0, nan], [3.0, nan], [4.0, nan]]"
    news = "[plot.widget.news[each] for each in ('state', 'lines')], plot.widget.title, plot.is_paused"
    assert kernel.run(news).result == "(['live', ['n', 'huge']], 'numbers', False)"
    kernel.run("plot.stop(); await plot.job.join()")
    kernel.until(lambda: "· stopped" in bundle(shown)["text/html"])
    assert "application/vnd.jupyter.widget-view+json" not in bundle(shown)  # a picture takes its place
    assert kernel.run("plot.widget.news['state']").result == "'stopped'"
    assert kernel.run("await aclose_all()").outputs == []


@pytest.mark.timeout(60)
def test_the_page_is_told_how_it_ended(kernel: Kernel) -> None:
    kernel.run(f"{IMPORTS}\nfrom flowws import delay, flow_of")
    kernel.run("well, badly = live_widget(flow_of(1)), live_widget(flow_of(1).on_each(lambda n: n / 0))")
    kernel.run("await well.job.join(); await badly.job.join(); await delay(0.1)")
    states = [kernel.run(f"{each}.widget.news['state']").result for each in ("well", "badly")]
    assert states == ["'ended'", "'failed: ZeroDivisionError: division by zero'"]


@pytest.mark.timeout(60)
def test_a_paused_plot_stands_still_and_goes_on_with_what_came(kernel: Kernel) -> None:
    kernel.run(f"{IMPORTS}\nnumbers = MutableSharedFlow()\nplot = live_widget(numbers)\nplot.pause()")
    kernel.run("for n in range(5): await numbers.emit(n)")
    kernel.run("from flowws import delay\nawait delay(0.2)")
    assert kernel.run("told(plot), len(plot.items), plot.is_paused").result == "([], 5, True)"
    kernel.run("plot.resume()")
    assert kernel.run("told(plot)").result == "[[0.0], [1.0], [2.0], [3.0], [4.0]]"


@pytest.mark.timeout(60)
def test_the_stop_button_ends_the_job_from_whatever_thread_it_is_heard_in(kernel: Kernel) -> None:
    kernel.run(f"{IMPORTS}\nfrom threading import Thread\nplot = live_widget(interval(0.01))")
    kernel.run("Thread(target=plot.widget._handle_msg, args=({'content': {'data': {'method': 'custom', 'content': "
               "{'stop': True}}}, 'buffers': []},)).start()\nawait plot.job.join()")  # fmt: skip  # one call, two lines
    assert kernel.run("plot.state").result == "'stopped'"


@pytest.mark.timeout(60)
def test_a_plot_in_a_thread_is_told_while_a_cell_computes(kernel: Kernel) -> None:
    kernel.run(
        f"{IMPORTS}\nimport time\nplot = live_widget(interval(0.01), scope=notebook_scope('a', thread='asyncio'))"
    )
    assert kernel.run("before = told(plot)\ntime.sleep(1)\nlen(told(plot)) > len(before) + 10").result == "True"


def test_without_anywidget_it_says_what_to_install() -> None:
    program = (
        "import sys, anyio; sys.modules['anywidget'] = None\n"
        "from flowws import flow_of\nfrom flowws.notebook import live_widget, table, view\n"
        "async def main(): live_widget(flow_of(1))\n"
        "anyio.run(main)"
    )
    ended = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert ended.stderr.splitlines()[-1] == "ImportError: live_widget needs anywidget: pip install 'flowws[jupyter]'"


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"fps": 0}, "fps must be above 0 and at most 30, not 0"),
        ({"fps": 31}, "not 31"),
        ({"last": 1}, "last must be from 2 to 1000, not 1"),
        ({"last": 1001}, "not 1001"),
    ],
)
def test_bad_arguments_are_refused(options: dict[str, Any], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        live_widget(flow_of(1), **options)
