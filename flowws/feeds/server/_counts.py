"""`FeedStats`: what a feed has done so far."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(slots=True)
class Counts:
    """Where a hub counts."""

    delivered: int = 0
    dropped: int = 0
    encodings: int = 0
    frames_built: int = 0
    resumed: int = 0
    gaps: int = 0
    lagging: int = 0
    disconnected: int = 0


@dataclass(frozen=True, slots=True)
class FeedStats:
    """What a feed has done so far."""

    delivered: int
    """Updates that were sent, each counted for every client."""
    dropped: int
    """Updates that gave way because a client was slow, each counted for every client."""
    lagging: int
    """Subscriptions that are behind just now, or about to begin."""
    encodings: int
    """How often a value was written as JSON: once per update that anybody wanted."""
    frames_built: int
    """How many messages were built: once per update and id of a subscription."""
    resumed: int
    """Subscriptions that went on where they had been."""
    gaps: int
    """How often a client was told that updates are missing."""
    disconnected: int
    """Clients that were closed with 1013 because `Lag.DISCONNECT` says so."""
