"""A clock that stands still until the test moves it."""

from __future__ import annotations

from math import inf

import anyio
import anyio.lowlevel

from flowws import delay
from tests.flows.upstream import settle


class Clock:
    """Stands in for `delay` in the sharing strategies."""

    def __init__(self) -> None:
        self.now = 0.0
        self._alarms: list[tuple[float, anyio.Event]] = []

    async def delay(self, seconds: float) -> None:
        """Waits as `delay` does, on this clock."""
        if seconds <= 0:
            await delay(seconds)
            return
        alarm = (self.now + seconds, anyio.Event())
        self._alarms.append(alarm)
        try:
            await alarm[1].wait()
        finally:
            self._alarms.remove(alarm)

    async def advance(self, seconds: float) -> None:
        """Moves the clock, ringing one alarm after the other, and lets everybody act on it."""
        end = self.now + seconds
        await settle()
        while (due := min((at for at, _ in self._alarms), default=inf)) <= end:
            self.now = due
            for at, event in self._alarms:
                if at == due:
                    event.set()
            await settle()
        self.now = end

    @property
    def alarms(self) -> list[float]:
        """When the waiting will be over, in seconds from now."""
        return sorted(at - self.now for at, _ in self._alarms)
