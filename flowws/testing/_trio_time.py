"""trio on virtual time: a clock, and an instrument because that hears when a task becomes runnable.

One of the two rooms of this floor that know an event loop: who owns a loop's time has to be its clock.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager
from math import inf
from typing import Any

import trio
from trio.lowlevel import Task

from flowws._core import current_job

from ._virtual_clock import VirtualClock


class VirtualTimeClock(trio.abc.Clock, trio.abc.Instrument):
    """trio asks a clock how long to wait for I/O exactly when no task can run.

    Asked for the first time after a task was runnable, the answer is "look at the I/O and come back": that was last
    done before those tasks ran. Asked again with no task stirred in between, everything is idle.
    """

    def __init__(self) -> None:
        self.start_clock()

    def start_clock(self) -> None:
        self.virtual = VirtualClock()
        self._stirred = True
        self._deadlines: dict[Task, float] = {}
        self._exited: Task | None = None

    def current_time(self) -> float:
        return self.virtual.now

    def deadline_to_sleep_time(self, deadline: float) -> float:
        if self._stirred:
            self._stirred = False
            return 0 if deadline <= self.virtual.now else self.virtual.quiet
        if _somebody_waits_for_idleness():
            return inf
        return self.virtual.when_idle(deadline, self._has_foreground_timer)

    # As an instrument

    def before_io_wait(self, timeout: float) -> None:
        self.virtual.rang()

    def task_scheduled(self, task: Task) -> None:
        self._stirred = True

    def task_exited(self, task: Task) -> None:
        self._exited = task
        self._deadlines.pop(task, None)

    def after_task_step(self, task: Task) -> None:
        """Note until when a task is going to wait: trio tells that only while it is the task's turn."""
        if task is not self._exited:
            self._deadlines[task] = trio.current_effective_deadline()

    def _has_foreground_timer(self) -> bool:
        now, is_background = self.virtual.now, self.virtual.is_background
        return any(
            now < deadline < inf and not is_background(task.context.run(current_job))
            for task, deadline in self._deadlines.items()
        )


def _somebody_waits_for_idleness() -> bool:
    """Whether a task is in `wait_all_tasks_blocked`: trio wakes it if we ask for any wait at all.

    Not to be had from trio's public face; its own clock for tests shares this knowledge with the run loop, too.
    """
    from trio._core._run import GLOBAL_RUN_CONTEXT

    return bool(GLOBAL_RUN_CONTEXT.runner.waiting_for_idle)


# What the rest of this floor asks of a loop


def backend_options() -> dict[str, Any]:
    """What makes anyio run trio on virtual time."""
    clock = VirtualTimeClock()
    return {"clock": clock, "instruments": [clock]}


def clock_of_running_loop() -> VirtualClock | None:
    clock = trio.lowlevel.current_clock()
    return clock.virtual if isinstance(clock, VirtualTimeClock) else None


def calls_in_threads() -> Callable[[], int]:
    limiter = trio.to_thread.current_default_thread_limiter()
    return lambda: limiter.borrowed_tokens


def post(call: Callable[[], object]) -> None:
    """Run `call` in the next turn of the loop, outside of any task."""
    trio.lowlevel.current_trio_token().run_sync_soon(call)


def tasks() -> dict[object, tuple[str, object]]:
    """Every task of the run with its name and its coroutine, without trio's own and the one of anyio's plugin."""
    root = trio.lowlevel.current_root_task()
    assert root is not None  # asked inside a run
    return {
        task: (task.name, task.coro)
        for task in _below(root)
        if not task.coro.__qualname__.startswith(("TestRunner.", "TrioToken.", "EntryQueue."))
    }


def _below(task: Task) -> Iterator[Task]:
    for nursery in task.child_nurseries:
        for child in nursery.child_tasks:
            yield child
            yield from _below(child)


@contextmanager
def unhandled(take: Callable[[BaseException], object]) -> Generator[None]:
    """Give `take` what would go to the loop's exception handler: trio has none, and the floor below logs instead."""
    listener = _Listener(take)
    logger = logging.getLogger("flowws")
    logger.addHandler(listener)
    try:
        yield
    finally:
        logger.removeHandler(listener)


class _Listener(logging.Handler):
    def __init__(self, take: Callable[[BaseException], object]) -> None:
        super().__init__()
        self._take = take

    def emit(self, record: logging.LogRecord) -> None:
        # Later failures are logged too, on both loops; they are on the first one as notes.
        if record.module == "_trio_backend" and record.exc_info is not None and record.exc_info[1] is not None:
            self._take(record.exc_info[1])
