"""`VirtualClock`: time that moves only when nothing else can."""

from __future__ import annotations

import time
from collections.abc import Callable
from math import inf

from flowws._core import Job, Waiter, new_waiter


class VirtualClock:
    """The time of one event loop, and the rule by which it moves.

    A loop's room reads ``now`` as the loop's time, and asks `when_idle` once no task can run, no timer is due and no
    I/O is ready. Then, and only then, one of these happens:

    ::

        somebody drives by hand, and the next timer is not his any more  ->  he is woken
        a timer waits                                                    ->  time jumps to it
        neither                                                          ->  the loop waits for I/O, in real time
    """

    def __init__(self) -> None:
        self.now: float = 0.0
        self.quiet: float = 0.0
        """Real seconds without any I/O before time may move."""
        self.threads_at_work: Callable[[], bool] = _never
        """Whether a worker thread may still come back with something: time stands still meanwhile."""
        self.is_background: Callable[[Job | None], bool] = _never
        """Whether a timer that was set by this job keeps nobody waiting."""
        self._drives: list[_Drive] = []
        self._alarm_at = inf
        self._alarm: Callable[[], object] = _never

    # Driving by hand

    async def run_until(self, moment: float) -> None:
        """Run everything that is due before `moment`; wake up without having moved there."""
        await self._drive(_Drive(moment, foreground_only=False))

    async def run_until_idle(self) -> None:
        """Run, moving time, until nothing but background work waits for time to pass."""
        await self._drive(_Drive(inf, foreground_only=True))

    async def _drive(self, drive: _Drive) -> None:
        self._drives.append(drive)
        try:
            await drive.waiter
        finally:
            self._drives.remove(drive)

    # What the loop's room calls

    def when_idle(self, next_timer: float, has_foreground_timer: Callable[[], bool]) -> float:
        """The one place where time jumps. Returns the real seconds to wait for I/O: 0 if something has moved."""
        if next_timer <= self.now:
            return 0
        if self.threads_at_work():
            return self.quiet
        drive = min((each for each in self._drives if not each.waiter.done()), key=_moment, default=None)
        if drive is not None and drive.is_over(next_timer, has_foreground_timer):
            drive.waiter.set_result(None)
            return 0
        if next_timer < inf:
            self.now = next_timer
            return 0
        return max(0, self._alarm_at - time.monotonic())

    # Real time

    def set_alarm(self, seconds: float, alarm: Callable[[], object]) -> None:
        """Call `alarm` once, in the midst of a turn of the loop, after so many seconds of real time."""
        self._alarm_at = time.monotonic() + seconds
        self._alarm = alarm

    def stop_alarm(self) -> None:
        self._alarm_at, self._alarm = inf, _never

    def forget_the_test(self) -> None:
        """What one test has asked for ends with it; the loop may go on to the next."""
        self.stop_alarm()
        self.quiet, self.threads_at_work, self.is_background = 0.0, _never, _never

    def rang(self) -> bool:
        """Asked by the room in every turn of the loop: no thread and no signal is needed for the alarm."""
        if self._alarm_at == inf or time.monotonic() < self._alarm_at:
            return False
        alarm = self._alarm
        self.stop_alarm()
        alarm()
        return True


class _Drive:
    __slots__ = ("foreground_only", "moment", "waiter")

    def __init__(self, moment: float, *, foreground_only: bool) -> None:
        self.moment = moment
        self.foreground_only = foreground_only
        self.waiter: Waiter[None] = new_waiter()

    def is_over(self, next_timer: float, has_foreground_timer: Callable[[], bool]) -> bool:
        if next_timer >= self.moment:
            return True
        return self.foreground_only and not has_foreground_timer()


def _moment(drive: _Drive) -> float:
    return drive.moment


def _never(*_: object) -> bool:
    return False
