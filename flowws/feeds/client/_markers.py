"""`Gap` and `Reconnected`: what a feed says beside its values to those who ask for markers."""

from __future__ import annotations

from dataclasses import dataclass

from .._position import Position
from .._protocol import GapReason


@dataclass(frozen=True, slots=True)
class Gap:
    """Updates are missing here: between the value before this one and the value after it."""

    missed: int | None
    """How many. With the reason ``"lag"``, of those that pass the filter; with ``"trimmed"``, of all; None: nobody
    knows.
    """
    reason: GapReason
    """``"lag"``: this side was too slow, and the server's policy has dropped them. ``"trimmed"``: this side was away so
    long that they are no longer kept. ``"restart"``: the server has begun anew, and knows nothing of the time before.
    """
    at: Position
    """Behind the missing updates."""


@dataclass(frozen=True, slots=True)
class Reconnected:
    """The connection was lost, and is there again."""

    attempts: int
    """How many attempts it took."""
    resumed: bool
    """Whether the feed goes on exactly where it was. If not, a `Gap` follows, and a `Snapshot` if the feed has them; a
    collection that was given nothing before has no gap.
    """
