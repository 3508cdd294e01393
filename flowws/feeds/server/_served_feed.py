"""`ServedFeed`: a feed that is being served, seen by the program that serves it."""

from __future__ import annotations

from typing import Any, Final

from flowws.feeds._position import Position
from flowws.flows import StateFlow

from ._counts import FeedStats
from ._hub import Hub


class ServedFeed:
    """A feed that is being served; `WebSocketServer.feed` returns it."""

    __slots__ = ("_hub",)

    def __init__(self, hub: Hub[Any]) -> None:
        self._hub: Final = hub

    @property
    def position(self) -> Position:
        """Behind the newest update. ``0-0`` for a broker's flow that has not joined its log yet."""
        return self._hub.position

    @property
    def clients(self) -> StateFlow[int]:
        """How many subscriptions there are now."""
        return self._hub.members.as_state_flow()

    @property
    def stats(self) -> FeedStats:
        """What it has done so far."""
        counts = self._hub.counts
        return FeedStats(
            counts.delivered,
            counts.dropped,
            counts.lagging,
            counts.encodings,
            counts.frames_built,
            counts.resumed,
            counts.gaps,
            counts.disconnected,
        )

    def close(self) -> None:
        """Let go of the source, and tell every client that it has ended. Closing it again does no harm."""
        self._hub.close()

    def __repr__(self) -> str:
        return f"<ServedFeed at {self.position}, {self._hub.members.value} clients>"
