"""What is still active, in lines that tell a reader where to look."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from pathlib import Path
from types import FrameType

from flowws._core import Job

# A task is parked deep inside one of these; the reader wants to know from where in his own code it went there.
_MACHINERY = ("flowws", "anyio", "trio", "asyncio")


def lines_of_tasks(tasks: Iterable[tuple[str, object]]) -> list[str]:
    return sorted(f"{name}, {_place_of(coroutine)}" for name, coroutine in tasks)


def lines_of_idle_jobs(job: Job, running: Collection[str]) -> Iterator[str]:
    """The jobs below `job` that no task runs: those that somebody has to complete or to start."""
    for child in job.children:
        yield from lines_of_idle_jobs(child, running)
        if child.name not in running and next(child.children, None) is None:
            yield f"{child.name}, which no task runs: {child!r}"


def _place_of(coroutine: object) -> str:
    frames = list(_frames_of(coroutine))
    own = next((index for index in reversed(range(len(frames))) if not _is_machinery(frames[index])), -1)
    if not frames:
        return "running or not begun"
    code = frames[own].f_code
    place = f"at {Path(code.co_filename).name}:{frames[own].f_lineno} in {code.co_qualname}"
    waits_in = frames[own + 1].f_code.co_qualname if 0 <= own < len(frames) - 1 else None
    return place if waits_in is None else f"{place}, waiting in {waits_in}"


def _frames_of(awaited: object) -> Iterator[FrameType]:
    """The frames of a parked coroutine from the outermost in, as far as Python shows them."""
    while awaited is not None:
        for prefix, inner in (("cr", "await"), ("gi", "yieldfrom"), ("ag", "await")):
            frame = getattr(awaited, f"{prefix}_frame", None)
            if isinstance(frame, FrameType):
                yield frame
                awaited = getattr(awaited, f"{prefix}_{inner}")
                break
        else:
            return


def _is_machinery(frame: FrameType) -> bool:
    return str(frame.f_globals.get("__name__")).partition(".")[0] in _MACHINERY
