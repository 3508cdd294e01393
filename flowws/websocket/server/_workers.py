"""`run_workers`: a server in several processes that share its ports."""

from __future__ import annotations

import logging
import multiprocessing
import os
import signal
import socket
import time
from collections.abc import Callable, Generator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from multiprocessing.connection import Connection, wait
from multiprocessing.context import ForkProcess
from typing import Final, Protocol

from ._binding import Address, bind, remove_files
from ._running import STOP_SIGNALS, Loop, OnStart, announce, serve_until_asked
from ._serving import Serving, port_of

_log: Final = logging.getLogger("flowws.websocket")

PAUSE: Final = 1.0  # seconds: a worker that does not live for longer is replaced only after this time


class Serve(Protocol):
    """Makes the server of one worker."""

    def __call__(self, addresses: Sequence[Address], /, *, shared: bool) -> Serving: ...


def run_workers(
    count: int, serve: Serve, addresses: Sequence[Address], loop: Loop, scheme: str, on_start: OnStart
) -> None:
    """Serve in `count` processes until a signal says stop. Raises `RuntimeError` when one of them cannot start."""
    if "fork" not in multiprocessing.get_all_start_methods() or not hasattr(socket, "SO_REUSEPORT"):
        raise ValueError(f"workers={count!r}: this system cannot fork a server whose ports are shared")
    with _held(addresses) as (held, shared):
        serve(shared, shared=True)  # what is wrong with the options is said here, once

        def work(stop: int, on_start: Callable[[], object]) -> None:
            serving = serve(shared, shared=True)
            loop.run(
                lambda: serve_until_asked(
                    serving, (signal.SIGTERM,), stop_when_readable=stop, on_start=lambda _: on_start()
                )
            )

        def started() -> None:
            announce(held, scheme, count)
            on_start(next((port_of(each) for each in held if port_of(each)), 0))

        _Workers(work, started).run(count)


@dataclass(slots=True, eq=False)
class _Worker:
    """A process, and what its parent knows of it."""

    process: ForkProcess
    news: Connection
    """Says that it serves."""
    born: float = field(default_factory=time.monotonic)
    serves: bool = False


class _Workers:
    """The parent, who serves nobody, and its workers.

    ::

        parent   holds the ports (bound, not listening) and the writing end of a pipe
        worker   listens at the same ports; stops when the pipe ends, so also when the parent dies without a word

    A worker that dies is replaced, unless it has not even begun to serve: then all of it ends.
    """

    def __init__(self, work: Callable[[int, Callable[[], object]], None], on_start: Callable[[], object]) -> None:
        # Stored state
        self._work = work  # the whole life of a worker
        self._on_start = on_start  # all of them serve
        self._fork = multiprocessing.get_context("fork")
        self._alive: list[_Worker] = []
        self._stop, self._until_stop = os.pipe()
        self._stops = False
        self._failed = False
        self._announced = False

    def run(self, count: int) -> None:
        """Keep workers at work until a signal comes, then wait for them. A second signal ends their handlers' time."""
        try:
            with _signals() as signals:
                for _ in range(count):
                    self._start()
                while self._alive:
                    news = [each.news for each in self._alive if not each.serves]
                    if signals in wait([signals, *news, *(each.process.sentinel for each in self._alive)]):
                        os.read(signals, 1)
                        self._ask()
                    self._look_around()
        finally:
            self._end_pipe()
            os.close(self._stop)
        if self._failed:
            raise RuntimeError("a worker could not start; it has said why")

    def _start(self) -> None:
        news, serves = self._fork.Pipe(duplex=False)
        process = self._fork.Process(target=self._child, args=(serves,), name="flowws worker")
        process.start()
        serves.close()
        self._alive.append(_Worker(process, news))

    def _child(self, serves: Connection) -> None:
        os.close(self._until_stop)
        signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches the whole group; the parent passes it on
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        self._work(self._stop, lambda: serves.send(True))

    def _ask(self) -> None:
        if self._stops:
            for each in self._alive:
                each.process.terminate()
        self._end_pipe()

    def _end_pipe(self) -> None:
        if not self._stops:
            self._stops = True
            os.close(self._until_stop)

    def _look_around(self) -> None:
        for each in list(self._alive):
            if not each.serves and each.news.poll():
                each.serves = _has_come(each.news)
                _log.debug("worker %d serves", each.process.pid)
            if each.process.exitcode is not None:
                self._died(each)
        if not self._announced and all(each.serves for each in self._alive):
            self._announced = True
            self._on_start()

    def _died(self, worker: _Worker) -> None:
        self._alive.remove(worker)
        worker.process.join()
        worker.news.close()
        if self._stops:
            return
        if not worker.serves:
            self._failed = True
            self._end_pipe()
            return
        _log.error("worker %d died with exit code %d, and is replaced", worker.process.pid, worker.process.exitcode)
        if time.monotonic() - worker.born < PAUSE:
            time.sleep(PAUSE)
        self._start()


def _has_come(news: Connection) -> bool:
    try:
        return bool(news.recv())
    except EOFError:  # it died before
        return False


@contextmanager
def _held(addresses: Sequence[Address]) -> Generator[tuple[list[socket.socket], list[Address]]]:
    """The sockets that keep the ports ours, and the addresses that workers bind: what shares no port they inherit."""
    held: list[socket.socket] = []
    shared: list[Address] = []
    try:
        for address in addresses:
            is_port = isinstance(address, tuple)
            bound = bind([address], reuse_port=is_port, listen=False)
            held += bound
            shared += [each.getsockname()[:2] for each in bound] if is_port else bound
        yield held, shared
    finally:
        for each in held:
            each.close()
        remove_files(addresses)


@contextmanager
def _signals() -> Generator[int]:
    """A descriptor with a byte to read for each signal that says stop."""
    reading, writing = os.pipe()
    os.set_blocking(writing, False)

    def note(_number: int, _frame: object) -> None:
        os.write(writing, b"!")

    before = {number: signal.signal(number, note) for number in STOP_SIGNALS}
    try:
        yield reading
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
        os.close(reading)
        os.close(writing)
