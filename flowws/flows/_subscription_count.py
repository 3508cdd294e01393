"""`SubscriptionCount`: a count of which no change is missed."""

from __future__ import annotations

from collections.abc import AsyncIterator
from sys import maxsize
from typing import Any

from ._mutable_shared_flow import MutableSharedFlow
from ._mutable_state_flow import MutableStateFlow
from ._state_flow import StateFlow
from ._tap import OnEnd, OnValue, Tap


class SubscriptionCount(StateFlow[int]):
    """How many subscribe to a hot flow.

    A conflating state would hide a subscriber that comes and goes between two steps of the observer, and with it the
    start of a lazily shared flow. So observers see every change; states that are derived from it conflate.
    """

    __slots__ = ("_changes", "_state")

    def __init__(self, count: int) -> None:
        self._state = MutableStateFlow(count)
        self._changes: MutableSharedFlow[int] | None = None

    @property
    def value(self) -> int:
        return self._state.value

    @property
    def _roots(self) -> tuple[MutableStateFlow[Any], ...]:
        return self._state._roots

    def change_to(self, count: int) -> None:
        """Show the new count to all observers."""
        self._state.value = count
        if self._changes is not None:
            self._changes.try_emit(count)

    def _open(self) -> AsyncIterator[int]:
        if self._changes is None:
            self._changes = MutableSharedFlow(replay=1, extra_buffer_capacity=maxsize)
            self._changes.try_emit(self.value)
        return self._changes._open()

    def _tap(self, on_value: OnValue[int], on_end: OnEnd | None) -> Tap:
        return self._state._tap(on_value, on_end)

    def __repr__(self) -> str:
        return f"<StateFlow {self.value}>"
