"""How a pipeline is shown: `flow_of(1, 2).map(<lambda>).take(3)`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeAlias

from flowws._core import Call, Look
from flowws._core import shown as shown

if TYPE_CHECKING:
    from ._flow import Flow

ShownAs: TypeAlias = "tuple[Flow[Any] | None, tuple[Call | str, ...]]"
"""The flow above, and what was called on it. Without one, the first of the calls is that of a function."""


def job_name(what: str, flow: object) -> str:
    """A job's name with the flow that it collects; an argument that cannot be shown does not stop anybody."""
    try:
        return f"{what} {flow!r}"
    except Exception:  # noqa: BLE001  # whatever somebody's __repr__ raises
        return f"{what} {type(flow).__name__}"


def as_written(self: Flow[Any]) -> str:
    """A pipeline as one would write it; what is no pipeline by its class and address."""
    above, calls = self._shown_as
    if not calls:
        return object.__repr__(self)
    return ".".join([*([] if above is None else [repr(above)]), *map(str, calls)])


def look_of_flow(self: Flow[Any]) -> Look:
    """A pipeline in its parts."""
    steps: list[object] = []
    is_hot = False
    flow: Flow[Any] | None = self
    while flow is not None:
        above, calls = flow._shown_as
        steps[:0] = calls if calls or above is not None else [flow]
        is_hot = is_hot or flow._is_hot
        flow = above
    return Look("Flow", state="hot" if is_hot else "cold", pipeline=tuple(steps))
