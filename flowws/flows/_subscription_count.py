"""`SubscriptionCount`: a count of which no change is missed."""

from __future__ import annotations

from collections.abc import AsyncIterator
from sys import maxsize

from ._shared_flow import MutableSharedFlow
from ._state_flow import StateFlow


class SubscriptionCount(StateFlow[int]):
    """How many subscribe to a hot flow.

    A conflating state would hide a subscriber that comes and goes between two steps of the observer, and with it the
    start of a lazily shared flow. So observers see every change.
    """

    __slots__ = ("_changes", "_count")

    def __init__(self, count: int) -> None:
        self._count = count
        self._changes: MutableSharedFlow[int] | None = None

    @property
    def value(self) -> int:
        return self._count

    def change_to(self, count: int) -> None:
        """Show the new count to all observers."""
        self._count = count
        if self._changes is not None:
            self._changes.try_emit(count)

    def __aiter__(self) -> AsyncIterator[int]:
        if self._changes is None:
            self._changes = MutableSharedFlow(replay=1, extra_buffer_capacity=maxsize)
            self._changes.try_emit(self._count)
        return aiter(self._changes)

    def __repr__(self) -> str:
        return f"<StateFlow {self._count}>"
