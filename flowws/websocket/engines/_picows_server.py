"""`serve`: the server's side on asyncio: it takes clients from sockets that listen."""

from __future__ import annotations

import asyncio
import errno
import logging
import socket
from collections.abc import Sequence
from functools import cache, partial
from ssl import SSLContext
from typing import Final

import aiofastnet

from . import Decide, Listening, ServerLimits
from ._picows_connection import address_of
from ._picows_parser import Parsers
from ._picows_tls import safe
from ._picows_visitor import Visitor
from ._places import Place, Places
from ._plain_transport import PlainTransport

_ROOM: Final = 16 * 1024  # bytes of requests that are read at once
_AT_ONCE: Final = 100  # how many clients are taken before others have their turn
_EXHAUSTED: Final = {errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM}
_RECOVERY: Final = 1.0  # seconds until clients are taken again by a machine that is out of descriptors

_log: Final = logging.getLogger("flowws.websocket")


async def serve(
    decide: Decide, listeners: Sequence[socket.socket], *, ssl: SSLContext | None, limits: ServerLimits
) -> Listening:
    """Take clients, see `Engine`."""
    return PicowsServer(decide, listeners, ssl, limits)


class PicowsServer:
    """The sockets of one server that listen, and those who have come."""

    def __init__(
        self, decide: Decide, listeners: Sequence[socket.socket], ssl: SSLContext | None, limits: ServerLimits
    ) -> None:
        # Stored state
        self._decide = decide
        self._listeners = list(listeners)
        self._ssl = ssl
        self._limits = limits
        self._places = Places(limits)
        self._loop = asyncio.get_running_loop()
        self._room = bytearray(_ROOM)
        self._parsers_for = cache(partial(Parsers, is_client=False))
        self._tasks: set[asyncio.Task[None]] = set()  # of those who have no transport yet; the loop holds them weakly
        for listener in self._listeners:
            self._listen(listener)

    @property
    def sockets(self) -> Sequence[socket.socket]:
        return tuple(self._listeners)

    def _listen(self, listener: socket.socket) -> None:
        if listener in self._listeners:
            self._loop.add_reader(listener, self._accept, listener)

    def _accept(self, listener: socket.socket) -> None:
        for _ in range(_AT_ONCE):
            try:
                line, address = listener.accept()
            except (BlockingIOError, InterruptedError, ConnectionAbortedError):
                return
            except OSError as error:
                if error.errno not in _EXHAUSTED:
                    raise
                _log.error("no more clients can be taken: %s", error)
                self._loop.remove_reader(listener)  # it would be ready again at once
                self._loop.call_later(_RECOVERY, self._listen, listener)
                return
            self._admit(line, address)

    def _admit(self, line: socket.socket, address: object) -> None:
        known = address_of(address)
        place = self._places.take(None if known is None else known[0])
        if place is None:
            line.close()
            return
        visitor = Visitor(self._decide, self._limits, place, known, self._room, self._parsers_for)
        if self._ssl is None:
            self._begin(line, address, visitor)
        else:
            self._shake_hands(line, self._ssl, visitor, place)

    def _begin(self, line: socket.socket, address: object, visitor: Visitor) -> None:
        try:
            PlainTransport(self._loop, line, address, visitor)
        except OSError:  # gone already
            line.close()
            visitor.connection_lost(None)

    def _shake_hands(self, line: socket.socket, context: SSLContext, visitor: Visitor, place: Place) -> None:
        task = self._loop.create_task(self._receive(line, context, visitor))
        place.cut = task.cancel
        self._tasks.add(task)
        task.add_done_callback(partial(self._received, line, visitor))

    async def _receive(self, line: socket.socket, context: SSLContext, visitor: Visitor) -> None:
        await aiofastnet.connect_accepted_socket(
            self._loop,
            lambda: visitor,
            line,
            ssl=safe(context),
            ssl_handshake_timeout=self._limits.head_timeout,
        )

    def _received(self, line: socket.socket, visitor: Visitor, task: asyncio.Task[None]) -> None:
        """The client has a transport now, or never will. Not in the task: one that `cut` meets early never begins."""
        self._tasks.discard(task)
        error = asyncio.CancelledError() if task.cancelled() else task.exception()
        if error is None:
            return
        if isinstance(error, (OSError, asyncio.CancelledError)):  # this is not TLS; or `cut`
            _log.debug("a client did not get as far as a request: %r", error)
        else:
            _log.error("a client could not be taken", exc_info=error)
        line.close()
        visitor.connection_lost(None)

    def close(self) -> None:
        listeners, self._listeners = self._listeners, []
        for listener in listeners:
            self._loop.remove_reader(listener)
            listener.close()

    def cut_all(self) -> None:
        self._places.cut_all()

    async def wait_closed(self) -> None:
        await self._places.emptied()
