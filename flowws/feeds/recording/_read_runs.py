"""`read_runs`: what is in the file of a recording."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Final, Literal, TypeAlias, cast, get_args

from flowws.feeds._errors import BadRecordingError
from flowws.websocket import CloseReason

from ._run_file import Beginning, Event, beginnings, breathe, events, time_of
from ._tape import Kind, checked_path

Outcome: TypeAlias = Literal["completed", "failed", "left"]

_MESSAGES: Final = frozenset({"value", "text", "binary", "in", "out"})


@dataclass(frozen=True, slots=True)
class RecordedRun:
    """One run of a recording: one collection of a flow, or one session."""

    kind: Kind
    """What was recorded: a ``"flow"`` or a ``"session"``."""
    name: str
    """The flow as it shows itself, the path of a server's session, the address of a client's."""
    began: datetime
    """When it began, by the clock of the recording machine."""
    duration: float
    """Seconds until its last line."""
    messages: int
    """How many values, or messages in both directions."""
    outcome: Outcome | None
    """``"completed"``; ``"failed"``; ``"left"``: the collector had enough; None: cut off, or not over yet."""
    error: str | None = None
    """What a flow failed with."""
    close_reason: CloseReason | None = None
    """Why a session was closed, and by whom."""


async def read_runs(path: str | Path) -> list[RecordedRun]:
    """The runs in the file at `path`, in the order in which they began. An index of this list is what `replay` and
    `replay_session` take as `run`.

    Raises `OSError` where there is no such file, and `BadRecordingError` for one that is no recording.
    """
    where = checked_path(path)
    notes = {each.run: _Notes(where, each) for each in await beginnings(where)}
    with events(where, b'{"run":') as all_of_them:
        for number, (_, event) in enumerate(all_of_them, 1):
            await breathe(number)
            if event is not None and "recording" not in event and event["run"] in notes:
                notes[event["run"]].add(event)
    return [each.told() for each in notes.values()]


class _Notes:
    """What is known of a run so far."""

    def __init__(self, path: Path, beginning: Beginning) -> None:
        self._path = path
        self._beginning = beginning
        self._duration = 0.0
        self._messages = 0
        self._outcome: Outcome | None = None
        self._error: str | None = None
        self._close_reason: CloseReason | None = None

    def add(self, event: Event) -> None:
        self._duration = max(self._duration, time_of(self._path, event))
        self._messages += not _MESSAGES.isdisjoint(event)
        if "close" in event:
            self._close_reason = self._reason(event["close"])
        elif (outcome := event.get("end")) in get_args(Outcome):
            self._outcome = cast("Outcome", outcome)
            if outcome == "failed":
                self._error = f"{event.get('error')}: {event.get('message')}"

    def _reason(self, facts: Any) -> CloseReason:
        try:
            return CloseReason.cut(facts["code"], facts["message"], by=facts["by"])
        except (AttributeError, KeyError, TypeError, ValueError):
            raise BadRecordingError(self._path, f"a session closes with {facts!r:.100}") from None

    def told(self) -> RecordedRun:
        begun = self._beginning
        return RecordedRun(
            begun.kind,
            begun.name,
            begun.at,
            self._duration,
            self._messages,
            self._outcome,
            self._error,
            self._close_reason,
        )
