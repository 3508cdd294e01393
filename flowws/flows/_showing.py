"""How a pipeline is shown: `flow_of(1, 2).map(<lambda>).take(3)`."""

from __future__ import annotations

from collections.abc import Iterable


def shown(argument: object) -> str:
    """An argument as one would write it: functions and classes by their names."""
    name = getattr(argument, "__name__", None)
    return name if isinstance(name, str) else repr(argument)


def shown_call(name: str, arguments: Iterable[object]) -> str:
    """An operator, or a builder, with its arguments."""
    return f"{name}({', '.join(map(shown, arguments))})"
