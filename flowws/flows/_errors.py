"""The errors of floor 3.

Exception
 +-- LaggedError      a subscriber of a hot flow did not keep up, and had asked to be disconnected then: its own fault
"""

from __future__ import annotations


class LaggedError(Exception):
    """A subscriber with `Lag.DISCONNECT` did not keep up, and was disconnected. Its own fault, or its network's."""

    def __init__(self, behind: int) -> None:
        super().__init__(behind)
        self.behind = behind
        """How many values were waiting for it."""

    def __str__(self) -> str:
        return f"the subscriber was {self.behind} values behind, and has been disconnected"
