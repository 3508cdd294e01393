"""The widget behind `live_widget`: the state that kernel and page share. The only room that loads anywidget."""

from __future__ import annotations

from importlib.resources import files

import traitlets
from anywidget import AnyWidget

_HERE = files("flowws.notebook")


class Plot(AnyWidget):
    """A page that opens later, or is loaded anew, begins with what stands here."""

    _esm = (_HERE / "live_widget.js").read_text(encoding="utf-8")
    _css = (_HERE / "live_widget.css").read_text(encoding="utf-8")
    title = traitlets.Unicode().tag(sync=True)
    paused = traitlets.Bool(default_value=False).tag(sync=True)
    points = traitlets.Bytes().tag(sync=True)  # float32: seconds before the newest, then a number for each line
    news = traitlets.Dict().tag(sync=True)  # state, count, rate, newest (a time), lines (their names)
