"""`SessionStats`: what a session has done so far, in numbers."""

from __future__ import annotations

from dataclasses import dataclass

from ._link import Link
from ._watch import Watch


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionStats:
    """One moment's numbers of a session: `session.stats`.

    A frame is here what `incoming` and `outgoing` carry: in a default session, a whole message. Bytes are those of all
    payloads as they travel, compressed where they are, and those of control frames included.
    """

    frames_received: int
    """Dropped ones included."""
    frames_sent: int
    """Those that wait to leave, and dropped ones, included."""
    bytes_received: int | None
    """None unless they are counted: ``WebSockets(count_bytes=True)``, or while frames are traced."""
    bytes_sent: int | None
    """As above."""
    incoming_dropped: int
    """Frames that gave way to others, by the policy of the queue."""
    outgoing_dropped: int
    incoming_waiting: int
    """Frames that nobody has received yet."""
    outgoing_waiting: int
    """Frames that wait for the network."""
    incoming_peak: int
    """How many have waited at once, at most."""
    outgoing_peak: int
    latency: float | None
    """Seconds from the last answered ping to its pong; None before the first."""


def stats_of(link: Link, watch: Watch | None, latency: float | None) -> SessionStats:
    """The numbers of this moment."""
    incoming, outgoing = link.incoming, link.outgoing
    return SessionStats(
        frames_received=incoming.received,
        frames_sent=outgoing.sent,
        bytes_received=None if watch is None else watch.bytes_received,
        bytes_sent=None if watch is None else watch.bytes_sent,
        incoming_dropped=incoming.dropped,
        outgoing_dropped=outgoing.dropped,
        incoming_waiting=incoming.waiting,
        outgoing_waiting=outgoing.waiting,
        incoming_peak=incoming.peak,
        outgoing_peak=outgoing.peak,
        latency=latency,
    )
