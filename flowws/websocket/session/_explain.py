"""`explain`: what became of a session, in words."""

from __future__ import annotations

from typing import Final

from ._link import Link
from ._stats import SessionStats

_WHO: Final = {"us": "this side", "peer": "the peer", "network": "nobody: the connection was lost"}


def explain(name: str, link: Link, stats: SessionStats, pings: str) -> str:
    """One paragraph."""
    sentences = [_state(name, link), _traffic(stats), _queues(link, stats), pings]
    return ". ".join(f"{sentence[0].upper()}{sentence[1:]}" for sentence in sentences if sentence) + "."


def _state(name: str, link: Link) -> str:
    reason = link.reason
    if reason is None:
        return f"session {name} is open"
    cause = "" if reason.cause is None else f", because of {reason.cause!r}"
    over = "the connection is over" if link.is_gone else "the connection is not over yet"
    return f"session {name} was closed by {_WHO[reason.by]}, with {reason!r}{cause}; {over}"


def _traffic(stats: SessionStats) -> str:
    came = f"{stats.frames_received} frames{_bytes(stats.bytes_received)} came in"
    return f"{came}, {stats.frames_sent}{_bytes(stats.bytes_sent)} were sent"


def _bytes(count: int | None) -> str:
    return "" if count is None else f" ({count} bytes)"


def _queues(link: Link, stats: SessionStats) -> str:
    stalled = ", and the network takes nothing now" if link.is_stalled else ""
    held_back = ", and reading is held back until they are taken" if link.incoming.is_paused else ""
    waiting = (
        f"{stats.incoming_waiting} frames wait to be received (at most {stats.incoming_peak}){held_back}; "
        f"{stats.outgoing_waiting} wait to leave (at most {stats.outgoing_peak}){stalled}"
    )
    lost = stats.incoming_dropped + stats.outgoing_dropped
    return (
        f"{waiting}; {stats.incoming_dropped} incoming and {stats.outgoing_dropped} outgoing ones were dropped"
        if lost
        else waiting
    )
