"""`SocketWatches`: the sockets that a run of trio watches, with one task for all of them."""

from __future__ import annotations

import select
import sys
from collections.abc import Callable
from contextlib import suppress
from contextvars import Context, copy_context
from socket import socket
from typing import Final

from trio import CancelScope
from trio.lowlevel import spawn_system_task, wait_readable

from ._trio_ending import Ending

assert sys.platform == "linux"  # to the type checkers: elsewhere nobody comes here

AT_ONCE: Final = 256
"""Calls in a row; then other tasks have their turn."""

_READABLE: Final = select.EPOLLIN
_WRITABLE: Final = select.EPOLLOUT


class SocketWatches:
    """Sockets that are watched, each for reading, for writing or for both.

    ::

        trio --- wait_readable ---> epoll of our own ---> socket, socket, socket ...   its call, in its context

    For trio an epoll is a descriptor like any other. A task for each socket would take two dozen objects, which the
    garbage collector looks at again and again, and a system call for each time that its socket is ready
    (benchmarks/bench_session.py, ``sansio``). The task is there as long as anything is watched.

    A socket should not be closed while it is watched. Where somebody has done it, the system watches it no more, and
    its number may be that of another one by now.
    """

    __slots__ = ("_ending", "_epoll", "_number_of_look", "_reading", "_report", "_scope", "_writing")

    def __init__(self, ending: Ending, report: Callable[[str, BaseException], object]) -> None:
        self._ending = ending
        self._report = report
        self._epoll = select.epoll()  # to the end of the run: later there may be no descriptor left
        self._reading: dict[int, SocketWatch] = {}
        self._writing: dict[int, SocketWatch] = {}
        self._scope: CancelScope | None = None  # of the task, if there is one
        self._number_of_look = 0

    def when_readable(self, watched: socket, call: Callable[[], object]) -> SocketWatch:
        """See `flowws._core.when_readable`."""
        return self._add(self._reading, watched.fileno(), call)

    def when_writable(self, watched: socket, call: Callable[[], object]) -> SocketWatch:
        """See `flowws._core.when_writable`."""
        return self._add(self._writing, watched.fileno(), call)

    def _add(self, watches: dict[int, SocketWatch], number: int, call: Callable[[], object]) -> SocketWatch:
        events = _READABLE if watches is self._reading else _WRITABLE
        if number in self._reading or number in self._writing:
            try:
                self._epoll.modify(number, _READABLE | _WRITABLE)
            except FileNotFoundError:  # that was another socket
                self._epoll.register(number, events)
                self._reading.pop(number, None)
                self._writing.pop(number, None)
            else:
                assert number not in watches  # one at a time
        else:
            self._epoll.register(number, events)
        watch = watches[number] = SocketWatch(self, number, call, self._number_of_look)
        if self._scope is None:
            self._scope = CancelScope()
            spawn_system_task(self._run, self._scope, name="watch of sockets")
        return watch

    def remove(self, watch: SocketWatch) -> None:
        """Watch it no more."""
        number = watch.number
        if self._reading.get(number) is watch:
            del self._reading[number]
        elif self._writing.get(number) is watch:
            del self._writing[number]
        else:
            return
        with suppress(OSError):  # it has been closed
            if number in self._reading or number in self._writing:
                self._epoll.modify(number, _READABLE if number in self._reading else _WRITABLE)
            else:
                self._epoll.unregister(number)
        if self._scope is not None and not self._reading and not self._writing:
            self._scope.cancel()
            self._scope = None

    async def _run(self, scope: CancelScope) -> None:
        with scope:
            await self._ending.outlive(scope, self._look_until_cancelled, scope)

    async def _look_until_cancelled(self, scope: CancelScope) -> None:
        while not scope.cancel_called:  # two tasks must never wait at once
            await wait_readable(self._epoll)
            self._look()

    def _look(self) -> None:
        self._number_of_look += 1
        for number, events in self._epoll.poll(0, AT_ONCE):
            # Trouble is told to who reads, or else to who writes: the system call that is made next says what it is.
            if events & ~_WRITABLE and number in self._reading:
                self._make_call(self._reading[number])
                if not events & _WRITABLE:
                    continue
            if number in self._writing:
                self._make_call(self._writing[number])

    def _make_call(self, watch: SocketWatch) -> None:
        if watch.since == self._number_of_look:  # another socket has got the number in the meantime
            return
        try:
            watch.context.run(watch.call)
        except Exception as error:  # noqa: BLE001  # as the loops themselves do with a callback
            self._report("a call for a socket that was ready failed", error)


class SocketWatch:
    """One of them."""

    __slots__ = ("_watches", "call", "context", "number", "since")

    def __init__(self, watches: SocketWatches, number: int, call: Callable[[], object], since: int) -> None:
        self._watches = watches
        self.number: Final = number
        self.call: Final = call
        self.context: Final[Context] = copy_context()
        self.since: Final = since
        """The look in whose midst it came."""

    def cancel(self) -> None:
        """Make no more calls."""
        self._watches.remove(self)
