"""How a collector watches a state."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import TYPE_CHECKING, Any, Final, TypeVar

from flowws._core import BUDGET, Waiter, checkpoint, waiter_maker

from ._equality import same

if TYPE_CHECKING:
    from ._mutable_state_flow import MutableStateFlow
    from ._state_flow import StateFlow

T = TypeVar("T")

_NOTHING: Final[Any] = object()


class Watcher:
    """A collector of a state, counted by its roots from the beginning of the iteration to its end.

    Also where that never takes its first step and is just dropped: hence `__del__`.
    """

    __slots__ = ("_open", "_waiter", "roots")

    def __init__(self, roots: tuple[MutableStateFlow[Any], ...]) -> None:
        self.roots = roots
        self._waiter: Waiter[None] | None = None
        self._open = True
        for root in roots:
            root._count(+1)

    def park(self, waiter: Waiter[None]) -> Waiter[None]:
        """Have `waiter` resolved by the next change of any root."""
        self._unpark()
        self._waiter = waiter
        for root in self.roots:
            root._parked[waiter] = None
        return waiter

    def _unpark(self) -> None:
        """Those roots that did not change still have the waiter."""
        if self._waiter is not None:
            for root in self.roots:
                root._parked.pop(self._waiter, None)

    def close(self) -> None:
        """Stop watching."""
        if self._open:
            self._open = False
            self._unpark()
            for root in self.roots:
                root._count(-1)

    __del__ = close


async def watched(state: StateFlow[T], watcher: Watcher) -> AsyncIterator[T]:
    """The value of the state, and then every other one that it has whenever the collector comes to look."""
    last: T = _NOTHING
    new_waiter = waiter_maker()
    budget = BUDGET
    try:
        while True:
            value = state.value
            if last is not _NOTHING and same(last, value):
                budget = BUDGET
                await watcher.park(new_waiter())
            elif not budget:
                budget = BUDGET
                await checkpoint()
            else:
                budget -= 1
                last = value
                yield value
    finally:
        watcher.close()
