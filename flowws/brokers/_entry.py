"""What a log gives its readers: an `Entry`, or a `Gap` where something is missing."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import NamedTuple

from ._position import Position


class Entry(NamedTuple):
    """One update, as the log holds it."""

    position: Position
    """Where it is: a reader who has it is behind this position."""
    payload: bytes
    """The update, serialized."""


class GapReason(Enum):
    """Why a log does not go on where a reader was."""

    TRIMMED = "trimmed"
    """The reader was so slow, or away for so long, that the log no longer holds what it has missed."""
    ROLLBACK = "rollback"
    """The server has forgotten updates that the reader has seen: it went back to an older copy of the log."""
    RESET = "reset"
    """The log is another one: nothing is known of what was between."""
    UNREADABLE = "unreadable"
    """There are updates which the converter of this process cannot read."""

    def __repr__(self) -> str:
        return f"GapReason.{self.name}"


@dataclass(frozen=True, slots=True)
class Gap:
    """A break in what a reader hears of a log, in front of what follows."""

    reason: GapReason
    """Why."""
    after: Position | None
    """Where the reader was; None if it was nowhere."""
    resumed: Position
    """From where it goes on: the next update is the one behind this position."""
    missing: int | None
    """How many updates there are that the reader does not get or, for a ROLLBACK, that it has seen and which are in the
    log no longer. None: nobody knows.
    """

    def __str__(self) -> str:
        many = "an unknown number of updates" if self.missing is None else f"{self.missing} updates"
        return f"{self.reason.value}: {many} between {self.after} and {self.resumed}"
