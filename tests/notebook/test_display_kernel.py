"""What a real kernel sends to be shown, without anything being set up first."""

from __future__ import annotations

from tests.notebook.kernels import Kernel

LOOK = """
from flowws import Channel, CoroutineScope, MutableStateFlow, flow_of, interval
from flowws.notebook import marbles
k = 3
(
    flow_of(1, 2)
    .map(lambda n: n * k)
    .filter(lambda n: n > 3)
)
"""


def test_the_last_line_of_a_cell_is_shown_as_html_and_as_text(kernel: Kernel) -> None:
    cell = kernel.run(LOOK)
    assert cell.result == "flow_of(1, 2).map(lambda n: n * k).filter(lambda n: n > 3)"
    html = cell.outputs[-1]["data"]["text/html"]
    assert "<i>lambda n:</i> n * k" in html
    assert "<i>lambda n:</i> n &gt; 3" in html

    cell = kernel.run("ticks = interval(1)\nmarbles({'ticks': ticks, 'odd': ticks.filter(lambda n: n % 2)}, 3.5)")
    assert cell.result == "ticks  0 at 0  1 at 1  2 at 2  3 at 3\nodd    1 at 1  3 at 3"
    assert "<svg" in cell.outputs[-1]["data"]["text/html"]

    kernel.run("scope = CoroutineScope('live')\njob = scope.launch(interval(0.01).collect, name='ticker')")
    cell = kernel.run("scope")
    assert cell.result == "<CoroutineScope <ScopeJob 'live' active>>\n  ticker active"
    assert "ticker" in cell.outputs[-1]["data"]["text/html"]
    cell = kernel.run("[Channel(2), MutableStateFlow(1), job, scope]")
    assert "<Channel open, 0 of 2 buffered" in cell.result
    assert "text/html" not in cell.outputs[-1]["data"]
    kernel.run("await scope.aclose()")


def test_magics_and_awaits_in_the_cell_do_not_hide_the_source(kernel: Kernel) -> None:
    cell = kernel.run(
        "%precision 4\nimport flowws\nx = await flowws.flow_of(1).first()\nflowws.flow_of(1).map(lambda n: n - x)"
    )
    assert cell.result == "flow_of(1).map(lambda n: n - x)"


def test_progress_in_a_cell(kernel: Kernel) -> None:
    cell = kernel.run("from flowws import as_flow\nawait as_flow(range(50)).progress(50, label='rows').count()")
    assert cell.result == "50"
    bars = [each["data"]["text/plain"] for each in cell.displays]  # of ipywidgets, where those are installed
    assert "rows: " in (bars[0] if bars else cell.stderr)
