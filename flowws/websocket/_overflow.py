"""`ChannelOverflow`: what gives way when a queue of frames is full."""

from __future__ import annotations

from enum import Enum


class ChannelOverflow(Enum):
    """What happens to a frame that finds a queue full. What gets lost is counted in `session.stats`.

    Kotlin: `ChannelOverflow`, which knows SUSPEND and CLOSE.
    """

    SUSPEND = "suspend"
    """Nothing is lost: incoming, reading stops until there is room, so that TCP slows the peer down; outgoing, `send`
    waits.
    """
    CLOSE = "close"
    """The session closes with 1008; `send`, or `incoming.receive` behind what is still there, raises
    `ChannelOverflowError`.
    """
    DROP_OLDEST = "drop oldest"
    """The frame that has waited longest is lost."""
    DROP_LATEST = "drop latest"
    """The new frame is lost."""
    CONFLATE = "conflate"
    """Everything that waits is lost, the new frame is kept."""

    def __repr__(self) -> str:
        return f"ChannelOverflow.{self.name}"
