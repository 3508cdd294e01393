"""asyncio on virtual time: a loop whose clock is ours, and a selector that notices when nothing can run.

One of the two rooms of this floor that know an event loop: who owns a loop's time has to be its clock.
"""

from __future__ import annotations

import asyncio
import selectors
from asyncio import TimerHandle
from collections.abc import Callable, Generator
from concurrent.futures import Executor
from contextlib import contextmanager
from contextvars import Context
from heapq import heapify, heappop, heappush
from itertools import count
from math import inf
from typing import Any, TypeVar, TypeVarTuple

from flowws._core import Job, current_job

from ._virtual_clock import VirtualClock

T = TypeVar("T")
Ts = TypeVarTuple("Ts")


class VirtualTimeLoop(asyncio.SelectorEventLoop):
    """An asyncio loop on virtual time. It keeps its timers itself, by time and then by the order of their setting."""

    def __init__(self) -> None:
        self.clock = VirtualClock()
        self._timers: list[tuple[float, int, TimerHandle, Job | None]] = []
        self._order = count()
        self._cancelled_timers = 0
        self._calls_in_threads = 0
        super().__init__(_Selector(self))
        self.slow_callback_duration = inf  # what debug mode measures with `time` would be the jumps

    def time(self) -> float:
        return self.clock.now

    # Timers

    def call_at(
        self, when: float, callback: Callable[[*Ts], object], *args: *Ts, context: Context | None = None
    ) -> TimerHandle:
        if self.is_closed():
            raise RuntimeError("Event loop is closed")
        timer = TimerHandle(when, callback, args, self, context)
        heappush(self._timers, (when, next(self._order), timer, current_job()))
        return timer

    def _timer_handle_cancelled(self, handle: TimerHandle) -> None:
        """What a `TimerHandle` calls. Cancelled timers are swept out once they are the greater part."""
        self._cancelled_timers += 1
        if self._cancelled_timers > 100 and self._cancelled_timers * 2 > len(self._timers):
            self._timers = [timer for timer in self._timers if not timer[2].cancelled()]
            heapify(self._timers)
            self._cancelled_timers = 0

    def next_timer(self) -> float:
        while self._timers and self._timers[0][2].cancelled():
            heappop(self._timers)
            self._cancelled_timers = max(0, self._cancelled_timers - 1)
        return self._timers[0][0] if self._timers else inf

    def fire_due_timers(self) -> bool:
        fired = False
        while self.next_timer() <= self.clock.now:
            self.call_soon(_fire, heappop(self._timers)[2])
            fired = True
        return fired

    def has_foreground_timer(self) -> bool:
        is_background = self.clock.is_background
        return any(not timer.cancelled() and not is_background(job) for _, _, timer, job in self._timers)

    # Worker threads

    def run_in_executor(self, executor: Executor | None, func: Callable[[*Ts], T], *args: *Ts) -> asyncio.Future[T]:
        future = super().run_in_executor(executor, func, *args)
        self._calls_in_threads += 1
        future.add_done_callback(self._back_from_thread)
        return future

    def _back_from_thread(self, _: object) -> None:
        self._calls_in_threads -= 1

    async def shutdown_default_executor(self, timeout: float | None = None) -> None:
        """Without the time-out: it is meant in real time, as the threads that are waited for know no other."""
        await super().shutdown_default_executor()

    def calls_in_threads(self) -> int:
        return self._calls_in_threads


class _Selector(selectors.DefaultSelector):
    """Asked by the loop in every turn, without a time-out once nothing can run: all timers are kept by our loop."""

    def __init__(self, loop: VirtualTimeLoop) -> None:
        super().__init__()
        self._loop = loop

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        loop = self._loop
        clock = loop.clock
        something_to_run = clock.rang() | loop.fire_due_timers()
        events = super().select(0)
        if something_to_run or events or timeout == 0:
            return events
        if clock.quiet and (events := super().select(clock.quiet)):
            return events
        wait = clock.when_idle(loop.next_timer(), loop.has_foreground_timer)
        return super().select(None if wait == inf else wait) if wait else events


def _fire(timer: TimerHandle) -> None:
    if not timer.cancelled():
        timer._run()


# What the rest of this floor asks of a loop


def backend_options() -> dict[str, Any]:
    """What makes anyio run asyncio on virtual time."""
    return {"loop_factory": VirtualTimeLoop}


def clock_of_running_loop() -> VirtualClock | None:
    loop = asyncio.get_running_loop()
    return loop.clock if isinstance(loop, VirtualTimeLoop) else None


def calls_in_threads() -> Callable[[], int]:
    loop = asyncio.get_running_loop()
    assert isinstance(loop, VirtualTimeLoop)  # asked only after `clock_of_running_loop`
    return loop.calls_in_threads


def post(call: Callable[[], object]) -> None:
    """Run `call` in the next turn of the loop, outside of any task."""
    asyncio.get_running_loop().call_soon(call)


def tasks() -> dict[object, tuple[str, object]]:
    """Every task of the loop with its name and its coroutine, without the one in which anyio's plugin runs tests."""
    return {
        task: (task.get_name(), task.get_coro())
        for task in asyncio.all_tasks()
        if not getattr(task.get_coro(), "__qualname__", "").startswith("TestRunner.")
    }


@contextmanager
def unhandled(take: Callable[[BaseException], object]) -> Generator[None]:
    """Give `take` what would go to the loop's exception handler."""
    loop = asyncio.get_running_loop()
    before = loop.get_exception_handler()

    def handler(loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        error = context.get("exception")
        if error is not None:
            take(error)
        elif before is not None:
            before(loop, context)
        else:
            loop.default_exception_handler(context)

    loop.set_exception_handler(handler)
    try:
        yield
    finally:
        loop.set_exception_handler(before)
