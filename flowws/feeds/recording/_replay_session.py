"""`replay_session`: the messages of a recorded session, once more."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import aclosing
from pathlib import Path
from typing import Literal, TypeAlias, cast, get_args

from flowws.flows import Flow
from flowws.websocket import Frame

from ._playing import PlayedFlow, checked_run, checked_speed, played
from ._replay import decoded
from ._run_file import Event
from ._tape import checked_path

Direction: TypeAlias = Literal["in", "out"]


def replay_session(
    path: str | Path, direction: Direction = "in", *, speed: float = 1.0, run: int | None = None
) -> Flow[Frame]:
    """The messages of a session that `record_sessions` has written down, each as long after the beginning as it was
    then.

    Like the session's own ``incoming`` the flow ends, and does not fail, whatever the session was closed for;
    `read_runs` tells that.

    Args:
        path: of the file.
        direction: ``"in"``: what the recorded side received; ``"out"``: what it sent.
        speed: 2.0 is twice as fast; `math.inf` does not wait at all.
        run: the index of a run, as in what `read_runs` gives; None: the last one of a session.

    A collection fails with `OSError` where there is no such file, with `BadRecordingError` for one that is no
    recording, and with `NoSuchElementError` where the run is not in it. Raises `TypeError` and `ValueError` for a
    path, a direction, a speed or a run that is none.
    """
    if direction not in get_args(Direction):
        raise ValueError(f"a direction is 'in' or 'out', not {direction!r}")
    where, pace, index = checked_path(path), checked_speed(speed), checked_run(run)
    return PlayedFlow(
        lambda: _messages(where, direction, pace, index), f"replay_session({str(where)!r}, {direction!r})"
    )


async def _messages(path: Path, direction: Direction, speed: float, run: int | None) -> AsyncIterator[Frame]:
    async with aclosing(played(path, "session", run, speed)) as events:
        async for event in events:
            if direction in event:
                yield _frame(path, event, event[direction])
            elif direction == "in" and "close" in event:
                return


def _frame(path: Path, event: Event, content: object) -> Frame:
    if isinstance(content, str):
        return Frame.Text(content)
    data = cast("Event", content).get("binary") if isinstance(content, dict) else None
    return Frame.Binary(decoded(path, event, data))
