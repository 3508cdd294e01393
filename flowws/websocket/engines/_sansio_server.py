"""`SansioServer`: takes clients from sockets that listen."""

from __future__ import annotations

import errno
import logging
import socket
from collections.abc import Callable, Sequence
from ssl import SSLContext
from typing import Any, Final, TypeAlias, cast

import anyio

from flowws._core import CoroutineScope, CoroutineStart, Timer, Watch, call_later, when_readable

from . import Decide, ServerLimits
from ._places import Place, Places
from ._sansio_tls import secured
from ._sansio_visitor import Visitor

AT_ONCE: Final = 100  # how many clients are taken before others have their turn
RECOVERY: Final = 1.0  # seconds until clients are taken again by a machine that is out of descriptors

_EXHAUSTED: Final = {errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM}

_log: Final = logging.getLogger("flowws.websocket")

Address: TypeAlias = tuple[str, int] | None


class SansioServer:
    """The sockets of one server that listen, and those who have come: a `Listening`.

    ::

        Door  --  a client  -->  Places  --  a place, or none  -->  (TLS)  -->  Visitor  -->  SansioConnection
    """

    def __init__(
        self, decide: Decide, listeners: Sequence[socket.socket], ssl: SSLContext | None, limits: ServerLimits
    ) -> None:
        # Stored state
        self._decide = decide
        self._ssl = ssl
        self._limits = limits
        self._places = Places(limits)
        self._handshakes = CoroutineScope("TLS handshakes", supervisor=True)
        self._doors = [_Door(listener, self._admit) for listener in listeners]

    @property
    def sockets(self) -> Sequence[socket.socket]:
        return tuple(door.listener for door in self._doors)

    def close(self) -> None:
        doors, self._doors = self._doors, []
        for door in doors:
            door.close()

    def cut_all(self) -> None:
        self._places.cut_all()

    async def wait_closed(self) -> None:
        await self._places.emptied()
        await self._handshakes.aclose()

    # Clients

    def _admit(self, line: socket.socket, address: Address) -> None:
        place = self._places.take(None if address is None else address[0])
        if place is None:
            line.close()
        elif self._ssl is None:
            self._receive(line, address, place, self._limits.head_timeout)
        else:
            # Atomic: one that is cancelled before it begins gives back its place and the socket, too.
            arguments = (line, self._ssl, address, place)
            job = self._handshakes.launch(self._secure, *arguments, start=CoroutineStart.ATOMIC)
            place.cut = job.cancel

    async def _secure(self, line: socket.socket, context: SSLContext, address: Address, place: Place) -> None:
        end = anyio.current_time() + self._limits.head_timeout
        try:
            with anyio.fail_after(self._limits.head_timeout):
                safe = await secured(line, context, server_side=True, server_hostname=None)
        except OSError as error:  # this is not TLS, or it takes too long
            _log.debug("a client did not get as far as a request: %r", error)
            place.leave()
        except BaseException:
            place.leave()
            raise
        else:
            self._receive(safe, address, place, max(0.0, end - anyio.current_time()))

    def _receive(self, line: socket.socket, address: Address, place: Place, time_left: float) -> None:
        visitor = Visitor(self._decide, self._limits, place, address, time_left)
        try:
            visitor.begin(line)
        except OSError:  # gone already
            line.close()
            visitor.lost(None)
            place.leave()


class _Door:
    """One socket that listens."""

    def __init__(self, listener: socket.socket, admit: Callable[[socket.socket, Address], object]) -> None:
        self.listener = listener
        self._admit = admit
        self._recovery: Timer | None = None
        listener.setblocking(False)
        self._watch: Watch = when_readable(listener, self._accept)

    def _accept(self) -> None:
        for _ in range(AT_ONCE):
            try:
                line, address = self.listener.accept()
            except (BlockingIOError, InterruptedError, ConnectionAbortedError):
                return
            except OSError as error:
                if error.errno not in _EXHAUSTED:
                    raise
                _log.error("no more clients can be taken: %s", error)
                self._watch.cancel()  # it would be ready again at once
                self._recovery = call_later(RECOVERY, self._open_again)
                return
            line.setblocking(False)
            self._admit(line, address_of(line, address))

    def _open_again(self) -> None:
        self._watch = when_readable(self.listener, self._accept)

    def close(self) -> None:
        self._watch.cancel()
        if self._recovery is not None:
            self._recovery.cancel()
        self.listener.close()


def address_of(line: socket.socket, address: object) -> Address:
    """Host and port of the other side; None on a unix socket."""
    if line.family not in (socket.AF_INET, socket.AF_INET6) or not isinstance(address, tuple):
        return None
    host, port = cast("tuple[Any, ...]", address)[:2]
    return str(host), int(port)
