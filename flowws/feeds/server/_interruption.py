"""`Interruption`: where the log of a feed does not simply go on."""

from __future__ import annotations

from typing import NamedTuple

from flowws.feeds._position import Position
from flowws.feeds._protocol import GapMessage, ProgressMessage


class Interruption(NamedTuple):
    """Where the log of a feed does not simply go on: updates are missing, or only the epoch is another one.

    Every client has to hear of it between what was before and what comes after: offsets are told without their epoch,
    and may even begin anew.
    """

    since: Position
    """Behind what was before."""
    at: Position
    """What comes after is behind it."""
    is_known: bool
    """Whether it is one log before and after: then the offsets say how much is missing, if anything is."""

    def joined_with(self, following: Interruption) -> Interruption | None:
        """Both as one; None if there are updates between the two."""
        if following.since != self.at:
            return None
        return Interruption(self.since, following.at, self.is_known and following.is_known)

    def told_to(self, id: int) -> GapMessage | ProgressMessage:
        """What a subscription with this id is told."""
        missed = self.at.offset - self.since.offset
        if not self.is_known:
            return GapMessage(id, None, self.at, "restart")
        return GapMessage(id, missed, self.at, "trimmed") if missed else ProgressMessage(id, self.at)
