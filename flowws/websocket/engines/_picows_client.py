"""`connect`: the client's side on asyncio, over a socket that is connected."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable
from functools import partial
from ssl import create_default_context
from typing import Final, cast
from urllib.parse import urlsplit

import aiofastnet
from websockets.datastructures import Headers

from . import Opening
from ._client_handshake import BODY_PATIENCE, ClientHandshake
from ._picows_connection import PicowsConnection, address_of
from ._picows_parser import Parsers
from ._picows_tls import safe

_ROOM: Final = 4096  # bytes of an answer that are read at once


async def connect(opening: Opening, line: socket.socket) -> None:
    """Shake hands, see `Engine`."""
    url = urlsplit(opening.url)
    is_secure = url.scheme == "wss"
    loop = asyncio.get_running_loop()
    front: _Front | None = None
    try:
        front = _Front(opening, loop)
        await aiofastnet.create_connection(
            loop,
            partial(_the, front),
            sock=line,
            ssl=safe(opening.ssl or create_default_context()) if is_secure else None,
            server_hostname=(opening.server_hostname or url.hostname) if is_secure else None,
        )
        await front.done
    except BaseException:
        if front is not None:
            front.hang_up()
        line.close()
        raise


def _the(front: _Front) -> _Front:
    return front


class _Front(asyncio.BufferedProtocol):
    """Talks HTTP until the server has answered, then leaves the transport to a `PicowsConnection`."""

    def __init__(self, opening: Opening, loop: asyncio.AbstractEventLoop) -> None:
        self._opening = opening
        self._handshake = ClientHandshake(opening)
        self._room = bytearray(_ROOM)
        self._loop = loop
        self._abort: Callable[[], object] | None = None
        self._patience: asyncio.TimerHandle | None = None
        self.done: Final[asyncio.Future[None]] = loop.create_future()
        """Done when the session is open; fails where it does not open."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._tcp = cast("aiofastnet.Transport", transport)
        self._abort = self._tcp.abort
        self._tcp.write(self._handshake.request)

    def get_buffer(self, sizehint: int) -> bytearray:
        return self._room

    def buffer_updated(self, nbytes: int) -> None:
        self._attempt(partial(self._read, bytes(self._room[:nbytes])))

    def eof_received(self) -> None:
        self._attempt(self._handshake.feed_eof)

    def connection_lost(self, exc: Exception | None) -> None:
        if exc is None or self._handshake.waits_for_body:
            self._attempt(self._handshake.feed_eof)
        else:
            self._fail(exc)

    def _attempt(self, step: Callable[[], object]) -> None:
        if self.done.done():
            return
        try:
            step()
        except Exception as error:  # noqa: BLE001  # whatever it is, it comes out of `connect`
            self._fail(error)

    def _fail(self, error: Exception) -> None:
        if not self.done.done():
            self.done.set_exception(error)

    def _read(self, data: bytes) -> None:
        answer = self._handshake.feed(data)
        if answer is not None:
            self._opening.check(answer)
            self._open(answer)
            if not self.done.done():  # cancelled in this very moment
                self.done.set_result(None)
        elif self._handshake.waits_for_body and self._patience is None:
            self._patience = self._loop.call_later(BODY_PATIENCE, self._attempt, self._lose_patience)

    def _open(self, answer: Headers) -> None:
        limit = self._opening.max_frame_size
        connection = PicowsConnection(
            self._tcp,
            is_client=True,
            max_frame_size=limit,
            client_address=address_of(self._tcp.get_extra_info("peername")),
            parsers_for=partial(Parsers, is_client=True),
        )
        self._abort = connection.abort
        connection.open(lambda made: self._opening.open(made, answer), self._handshake.rest)

    def _lose_patience(self) -> None:
        raise self._handshake.give_up()

    def hang_up(self) -> None:
        """End the connection, if there is one, at once."""
        self.done.cancel()
        if self._patience is not None:
            self._patience.cancel()
        if self._abort is not None:
            self._abort()
