"""Public names live at a front door, whatever room they are made in."""

from __future__ import annotations

from collections.abc import Iterable
from types import FunctionType
from typing import Any


def at_home(door: str, names: Iterable[str], namespace: dict[str, Any]) -> None:
    """Make tracebacks, reprs and `help` say ``flowws.Job``, which a user can import, not ``flowws._core._job.Job``."""
    for name in names:
        value = namespace[name]
        if isinstance(value, (type, FunctionType)) and value.__module__.startswith("flowws."):
            value.__module__ = door
