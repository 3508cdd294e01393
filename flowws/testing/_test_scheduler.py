"""`TestScheduler`: virtual time, driven by hand."""

from __future__ import annotations

from collections.abc import Callable
from sys import float_info
from typing import ClassVar

from flowws._core import Duration, to_seconds

from ._virtual_clock import VirtualClock


class TestScheduler:
    """The virtual time of a test, and the ways to move it.

    Nothing needs to be moved by hand as long as the test itself waits: whenever no task can run, time jumps to the next
    timer. These methods are for a test that wants to look at what happens in between.

    Kotlin: `TestCoroutineScheduler`.
    """

    __test__: ClassVar[bool] = False  # not for pytest to collect

    def __init__(self, clock: VirtualClock) -> None:
        self._clock = clock
        self._start = clock.now

    @property
    def current_time(self) -> float:
        """Seconds of virtual time since the test began. Kotlin: `TestCoroutineScheduler.currentTime`."""
        return self._clock.now - self._start

    @property
    def time_source(self) -> Callable[[], float]:
        """A clock to hand to code that takes one, as it would take `time.monotonic`. Kotlin: `timeSource`."""
        return lambda: self.current_time

    async def advance_time_by(self, duration: Duration) -> None:
        """Run everything that is due before the moment `duration` from now, then move the clock to that moment.

        What is due exactly then has not run yet: `run_current` runs it. `ValueError` for a negative duration; one too
        long for the clock takes it to its end.

        Kotlin: `TestCoroutineScheduler.advanceTimeBy`.
        """
        seconds = to_seconds(duration, "duration")
        if seconds < 0:
            raise ValueError(f"time does not go backwards: duration must not be negative, got {duration!r}")
        moment = min(self._clock.now + seconds, float_info.max)
        await self._clock.run_until(moment)
        self._clock.now = max(self._clock.now, moment)

    async def run_current(self) -> None:
        """Run everything that is due now, and what becomes due now on the way. Time does not move.

        Kotlin: `TestCoroutineScheduler.runCurrent`.
        """
        await self._clock.run_until(self._clock.now)

    async def advance_until_idle(self) -> None:
        """Run everything, moving time as needed, until only background work waits for time to pass.

        Background work that is due earlier than other work runs on the way.

        Kotlin: `TestCoroutineScheduler.advanceUntilIdle`.
        """
        await self._clock.run_until_idle()

    def __repr__(self) -> str:
        return f"<TestScheduler at {self.current_time:g} s>"
