"""`StopGuard`: the Stop button works while nothing happens on the loop, and while a job holds the loop up."""

from __future__ import annotations

import signal
from _thread import start_new_thread
from collections.abc import Callable
from contextlib import suppress
from threading import current_thread, main_thread
from time import sleep
from types import FrameType
from typing import Any

from flowws._core import JobInterrupted, job_at

from ._cells import Cell
from ._ipython import Shell, autoawaits_trio, handle_when_idle, is_in_cell

PATIENCE = 0.5
"""So many seconds a loop has, after Stop, to come round; what runs on it then is interrupted."""


class StopGuard:
    """Stands in front of the signal handlers that ipykernel installs for each cell, and calls them.

    Two things are added. ipykernel's own handler asks a loop that waits for sockets to do something and does not wake
    it (ipykernel#881): with nothing else going on, the cell would go on as well. And a job that computes without
    waiting cannot be cancelled, nor can anything else then: if the loop has not come round after a while, whatever
    stands on the stack is interrupted, a job by `JobInterrupted`, a cell by `KeyboardInterrupt`.

    Signals exist in the main thread alone, and so does this.
    """

    def __init__(self, shell: Shell, post: Callable[[Callable[[], object]], object]) -> None:
        self._shell = shell
        self._post = post  # makes a call on the loop, from wherever; raises RuntimeError once that has ended
        self._behind: Any = None  # the handler that was found, while a cell runs
        self._overdue: _Round | None = None

    def before_cell(self, _: Cell | None = None) -> None:
        """Take the place of the handler that is there."""
        if current_thread() is not main_thread() or autoawaits_trio(self._shell):
            return  # trio wakes itself, and nobody else may interrupt it
        found = signal.getsignal(signal.SIGINT)
        if found != self._on_signal and callable(found):
            self._behind = found
            signal.signal(signal.SIGINT, self._on_signal)
        handle_when_idle(self._shell, self._on_signal)

    def after_cell(self) -> None:
        """Give it back: the kernel goes on to put its own in order."""
        behind, self._behind = self._behind, None
        if behind is not None and signal.getsignal(signal.SIGINT) == self._on_signal:
            signal.signal(signal.SIGINT, behind)

    def _on_signal(self, number: int, frame: FrameType | None) -> None:
        __tracebackhide__ = True  # IPython leaves such a frame out: it is no place in the code of the user
        overdue, self._overdue = self._overdue, None
        if overdue is not None:
            if not overdue.has_come:
                self._interrupt(frame)
            return
        # Python's own handler raises KeyboardInterrupt. In a cell that is the end of it; in a job, of the kernel.
        if self._behind is not None and (self._behind is not signal.default_int_handler or job_at(frame) is None):
            self._behind(number, frame)
        self._watch()

    def _watch(self) -> None:
        waited_for = _Round()
        with suppress(RuntimeError):
            self._post(waited_for.come)  # which wakes it
            # Not a `threading.Thread`: its start takes a lock that the code which was just interrupted may hold.
            start_new_thread(self._look_after, (waited_for,))

    def _look_after(self, waited_for: _Round) -> None:
        sleep(PATIENCE)
        if not waited_for.has_come and signal.getsignal(signal.SIGINT) == self._on_signal:
            self._overdue = waited_for
            if hasattr(signal, "pthread_kill"):  # which interrupts a sleep or a read, too
                signal.pthread_kill(main_thread().ident or 0, signal.SIGINT)
            else:
                signal.raise_signal(signal.SIGINT)

    def _interrupt(self, frame: FrameType | None) -> None:
        __tracebackhide__ = True  # as above
        job = job_at(frame)
        if job is not None:
            raise JobInterrupted(f"job {job.name!r} held up the loop, and Stop was pressed")
        if is_in_cell(frame):
            raise KeyboardInterrupt


class _Round:
    """A turn that the loop should take."""

    __slots__ = ("has_come",)

    def __init__(self) -> None:
        self.has_come = False

    def come(self) -> None:
        self.has_come = True
