"""Playing a run: its events, each at its time."""

from __future__ import annotations

import logging
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from pathlib import Path
from typing import Final, TypeVar

from flowws._core import BUDGET, closing_itself, delay, loop_clock, yield_now
from flowws.flows import Flow

from ._run_file import Event, chosen, events, time_of
from ._tape import Kind

T = TypeVar("T")

_log: Final = logging.getLogger("flowws.feeds")


class PlayedFlow(Flow[T]):
    """A recorded run as a flow: what `replay` and `replay_session` return."""

    __slots__ = ("_play", "_shown")

    def __init__(self, play: Callable[[], AsyncIterator[T]], shown: str) -> None:
        self._play = play
        self._shown = shown

    def __aiter__(self) -> AsyncGenerator[T, None]:
        return closing_itself(self._play())

    def __repr__(self) -> str:
        return self._shown


async def played(path: Path, kind: Kind, run: int | None, speed: float) -> AsyncGenerator[Event, None]:
    """The events of a run behind its first line. None comes early; those that are late, since the collector took its
    time, come at once.
    """
    beginning = await chosen(path, kind, run)
    clock = loop_clock()
    started = clock()
    streak = 0
    is_over = False
    with events(path, b'{"run":"%b",' % beginning.run.encode(), beginning.offset) as all_of_them:
        for place, event in all_of_them:
            is_ours = event is not None and event["run"] == beginning.run and place != beginning.offset
            wait = started + time_of(path, event) / speed - clock() if event is not None and is_ours else 0
            streak = 0 if wait > 0 else streak + 1
            if wait > 0:
                await delay(wait)
            elif streak % BUDGET == 0:
                await yield_now()
            if event is not None and is_ours:
                is_over = "end" in event
                yield event
    if not is_over:
        _log.warning("%s: a run is cut off: its program was killed, or it is still being recorded", path)


def checked_speed(speed: object) -> float:
    """Raises `TypeError` for what is no number, `ValueError` for one that is not above zero."""
    if isinstance(speed, bool) or not isinstance(speed, (int, float)):
        raise TypeError(f"speed is a number, not {speed!r}")
    if not speed > 0:  # not-a-number is refused too
        raise ValueError(f"speed must be above 0, not {speed!r}")
    return speed


def checked_run(run: object) -> int | None:
    """Raises `TypeError` for what is no index."""
    if run is None or (isinstance(run, int) and not isinstance(run, bool)):
        return run
    raise TypeError(f"run is an index of what read_runs gives, or None, not {run!r}")
