"""Floor 5: live streams in Jupyter: jobs that outlive a cell, failures shown where they belong, and things to look at.

Nothing here needs IPython: where it is loaded it is used, elsewhere the same names work without it.
"""

from typing import TYPE_CHECKING

from flowws._core import JobInterrupted
from flowws._core import at_home as _at_home
from flowws._core import when_asked as _when_asked

if TYPE_CHECKING:
    from ._hold import hold
    from ._live_widget import LiveWidget, live_widget
    from ._marbles import Marbles, marbles
    from ._notebook_scope import NotebookScope, aclose_all, notebook_scope
    from ._renderers import json, spark, table
    from ._to_frame import to_frame
    from ._to_html import to_html, to_text
    from ._view import LiveView, view

__all__ = [
    "JobInterrupted",
    "LiveView",
    "LiveWidget",
    "Marbles",
    "NotebookScope",
    "aclose_all",
    "hold",
    "json",
    "live_widget",
    "marbles",
    "notebook_scope",
    "spark",
    "table",
    "to_frame",
    "to_html",
    "to_text",
    "view",
]

_at_home(__name__, __all__, globals())

if not TYPE_CHECKING:  # each room is loaded when it is first asked for: a repr must not load what runs kernels
    __getattr__, __dir__ = _when_asked(
        __name__,
        {
            "._hold": ("hold",),
            "._live_widget": ("LiveWidget", "live_widget"),
            "._marbles": ("Marbles", "marbles"),
            "._notebook_scope": ("NotebookScope", "aclose_all", "notebook_scope"),
            "._to_frame": ("to_frame",),
            "._renderers": ("json", "spark", "table"),
            "._to_html": ("to_html", "to_text"),
            "._view": ("LiveView", "view"),
        },
        globals(),
    )
