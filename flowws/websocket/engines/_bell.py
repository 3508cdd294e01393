"""`Bell`: wakes the one task that waits for it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from flowws._core import Waiter


class Bell:
    """Rung while nobody waits, it does nothing: whoever is about to wait looks first whether there is a reason to."""

    __slots__ = ("_new_waiter", "_waiter")

    def __init__(self, new_waiter: Callable[[], Waiter[Any]]) -> None:
        self._new_waiter = new_waiter
        self._waiter: Waiter[Any] | None = None

    async def wait(self) -> None:
        """Wait until it rings."""
        self._waiter = waiter = self._new_waiter()
        await waiter

    def ring(self) -> None:
        """Wake whoever waits."""
        waiter, self._waiter = self._waiter, None
        if waiter is not None and not waiter.done():
            waiter.set_result(None)
