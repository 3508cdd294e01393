"""`WaitingLine`: who waits for a lock, first come, first served."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from typing import Any

from ._backend import Waiter, new_waiter
from ._select_clause import Place


class WaitingLine:
    """Tasks and selects in the order in which they came, each with what it wants the thing for.

    A thing is handed over straight to the first in line, so nobody can overtake.
    """

    __slots__ = ("_line",)

    def __init__(self) -> None:
        self._line: deque[tuple[Waiter[None] | Place, Any]] = deque()

    async def wait(self, purpose: object, give_back: Callable[[], object]) -> None:
        """Stand in line until it is our turn. `give_back` is called if it was, but we were cancelled meanwhile."""
        waiter: Waiter[None] = new_waiter()
        leave = self.stand(waiter, purpose)
        try:
            await waiter
        except BaseException:
            if waiter.done() and not waiter.cancelled():
                give_back()  # asyncio only
            else:
                leave()
            raise

    def stand(self, waiter: Waiter[None] | Place, purpose: object) -> Callable[[], None]:
        """Stand at the end of the line; returns how to leave it."""
        mine = (waiter, purpose)
        self._line.append(mine)

        def leave() -> None:
            for place, other in enumerate(self._line):
                if other is mine:
                    del self._line[place]
                    return

        return leave

    def call(self) -> tuple[Waiter[None] | Place, Any] | None:
        """The first who still waits, and its purpose; it is out of the line, and the caller resolves it."""
        while self._line:
            first = self._line.popleft()
            if not first[0].done():
                return first
        return None

    def __len__(self) -> int:
        return sum(not waiter.done() for waiter, _ in self._line)
