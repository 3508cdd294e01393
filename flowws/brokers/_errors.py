"""The errors of brokers.

Exception
 +-- BrokerError
      +-- BrokerUnavailableError     the broker cannot be reached now; it may or may not have done what it was asked for
      +-- BrokerRefusedError         it was reached and says no, for good: who is asking, or what it was asked for
      +-- BrokerClosedError          the block of the broker has been left, or not been entered
      +-- FlowGapError               what a collector was to get next is not there: `gap` says why, and how much
           +-- UnreadableEntryError  it is there, but the converter of this process cannot read it
"""

from __future__ import annotations

from ._entry import Gap


class BrokerError(Exception):
    """What went wrong with a broker."""


class BrokerUnavailableError(BrokerError):
    """The broker cannot be reached, or cannot do its work now. What it was asked for may or may not have happened."""


class BrokerRefusedError(BrokerError):
    """The broker refuses, and asking again will not help: wrong password, a key of another type, a bad command."""


class BrokerClosedError(BrokerError):
    """The broker's block has been left, or was not entered yet."""


class FlowGapError(BrokerError):
    """What a collector was to get next is not there. It may collect again: from here on nothing is missing."""

    def __init__(self, gap: Gap) -> None:
        super().__init__(gap)
        self.gap = gap
        """What is missing, and why."""

    def __str__(self) -> str:
        return str(self.gap)


class UnreadableEntryError(FlowGapError):
    """What a collector was to get next was written by somebody with whom this process shares no format."""

    def __init__(self, gap: Gap, problem: Exception) -> None:
        super().__init__(gap)
        self.problem = problem
        """What the converter says; also the cause of this error."""
        self.__cause__: BaseException | None = problem

    def __str__(self) -> str:
        return f"{self.gap}: {str(self.problem) or repr(self.problem)}"
