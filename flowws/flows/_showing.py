"""How a pipeline is shown: `flow_of(1, 2).map(<lambda>).take(3)`."""

from __future__ import annotations

from collections.abc import Iterable


def shown(argument: object) -> str:
    """An argument as one would write it: functions and classes by their names."""
    name = getattr(argument, "__name__", None)
    return name if isinstance(name, str) else repr(argument)


def job_name(what: str, flow: object) -> str:
    """A job's name with the flow that it collects; an argument that cannot be shown does not stop anybody."""
    try:
        return f"{what} {flow!r}"
    except Exception:  # noqa: BLE001  # whatever somebody's __repr__ raises
        return f"{what} {type(flow).__name__}"


def shown_call(name: str, arguments: Iterable[object]) -> str:
    """An operator, or a builder, with its arguments."""
    return f"{name}({', '.join(map(shown, arguments))})"
