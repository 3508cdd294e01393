"""`live_widget`: a plot that moves, with buttons, and that a reload of the page does not stop."""

from __future__ import annotations

from array import array
from collections.abc import Sequence
from functools import partial
from math import nan
from typing import Any, Final, TypeVar

from flowws._core import CoroutineScope
from flowws.flows import Flow

from ._fields import numbers_of
from ._renderers import spark
from ._view import LiveView

T = TypeVar("T")

# With these at their ends a widget sends 600 kB a second; a Jupyter server takes 1 MB from a kernel, then it drops.
FASTEST: Final = 30.0
MOST: Final = 1000
LINES: Final = 4
FLOAT32: Final = 3.4e38


def live_widget(
    flow: Flow[T],
    *,
    scope: CoroutineScope | None = None,
    fps: float = 20.0,
    last: int = 400,
    name: str | None = None,
) -> LiveWidget[T]:
    """Collect `flow` in a job of `scope` and plot the numbers among its last values while they come.

    A line for each field that is a number, 4 at most. There are buttons to pause the plot, while the job goes on, and
    to stop the job. When the page is loaded anew the plot goes on by itself. When the job has ended a still picture
    takes its place, and stays in the saved notebook; in a page that was loaded anew, show it once more for that.

    Everything else is as for `view`. Needs anywidget.

    Raises `ImportError` without anywidget; `ValueError` for `fps` that is not above 0 and up to 30, and for `last` that
    is not from 2 to 1000; otherwise what `view` raises.
    """
    if not 0 < fps <= FASTEST:
        raise ValueError(f"fps must be above 0 and at most {FASTEST:g}, not {fps!r}")
    if not 2 <= last <= MOST:
        raise ValueError(f"last must be from 2 to {MOST}, not {last!r}")
    return LiveWidget(flow, scope=scope, fps=fps, last=last, name=name)


class LiveWidget(LiveView[T]):
    """What `live_widget` returns: a `LiveView` whose picture is a plot with buttons."""

    def __init__(self, flow: Flow[T], *, scope: CoroutineScope | None, fps: float, last: int, name: str | None) -> None:
        try:
            from ._plot import Plot
        except ImportError as missing:
            raise ImportError("live_widget needs anywidget: pip install 'flowws[jupyter]'") from missing
        self._widget: Any = Plot()
        super().__init__(flow, partial(spark, width=640, height=90), scope=scope, fps=fps, last=last, name=name)
        self._widget.title = self._name
        self._widget.on_msg(self._hear)
        self._widget.observe(self._resumed, "paused")
        self._plot()

    @property
    def widget(self) -> Any:
        """The widget itself, an `anywidget.AnyWidget`, to be put into a layout with others."""
        return self._widget

    @property
    def is_paused(self) -> bool:
        """Whether the plot stands still."""
        return bool(self._widget.paused)

    def pause(self) -> None:
        """Let the plot stand still, as its button does. The job goes on, and values are kept."""
        self._widget.paused = True

    def resume(self) -> None:
        """Go on, with what came in the meantime."""
        self._widget.paused = False

    def _hear(self, _: object, content: Any, __: Sequence[object]) -> None:  # in some kernels in a thread of its own
        if content == {"stop": True}:
            self.stop()

    def _resumed(self, _: object) -> None:
        if not self.is_paused:
            self._plot()

    def _paint(self) -> None:
        if not self.is_paused:
            self._plot()

    def _show_again(self) -> None:
        self._plot()
        super()._show_again()

    def _bundle(self) -> dict[str, Any]:
        # Jupyter takes the richest form, and where the kernel behind a widget is gone it shows an error in its place.
        bundle = super()._bundle()
        return bundle if self._ending else {**self._widget._repr_mimebundle_()[0], **bundle}

    def _plot(self) -> None:
        items = [(moment, numbers_of(value)) for moment, value in self.items]
        lines = list(dict.fromkeys(line for _, numbers in items for line in numbers))[:LINES]
        newest = items[-1][0] if items else 0.0
        points = array("f")
        for moment, numbers in items:
            points.append(moment - newest)
            for line in lines:
                number = numbers.get(line, nan)
                points.append(number if abs(number) < FLOAT32 else nan)  # a gap, where 32 bits are too few
        news = {"state": self.state, "count": self._count, "rate": self._rate(), "newest": newest, "lines": lines}
        with self._widget.hold_sync():  # in one message
            self._widget.points = points.tobytes()
            self._widget.news = news
