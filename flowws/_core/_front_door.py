"""Public names live at a front door, whatever room they are made in, and some rooms open only when asked for."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from sys import modules
from types import FunctionType
from typing import Any


def at_home(door: str, names: Iterable[str], namespace: dict[str, Any]) -> None:
    """Make tracebacks, reprs and `help` say ``flowws.Job``, which a user can import, not ``flowws._core._job.Job``.

    What `flowws` itself gives out is at home there, the rest at `door`.
    """
    given_out: list[str] = modules["flowws"].__all__
    for name in names:
        value = namespace.get(name)  # none, while its room is closed
        if isinstance(value, (type, FunctionType)) and value.__module__.startswith("flowws."):
            value.__module__ = "flowws" if name in given_out else door


def when_asked(
    door: str, rooms: dict[str, tuple[str, ...]], namespace: dict[str, Any]
) -> tuple[Callable[[str], Any], Callable[[], list[str]]]:
    """The ``__getattr__`` and ``__dir__`` of a front door that loads some names only when they are asked for.

    `rooms` says which names are in which module. For what not every program uses: each room that `import flowws` loads
    slows it down (benchmarks/bench_import.py).
    """
    room_of = {name: room for room, names in rooms.items() for name in names}

    def load(name: str) -> Any:
        if name not in room_of:
            raise AttributeError(f"module {door!r} has no attribute {name!r}")
        from importlib import import_module

        namespace[name] = value = getattr(import_module(room_of[name], door), name)
        at_home(door, (name,), namespace)
        return value

    return load, lambda: sorted({*namespace, *room_of})
