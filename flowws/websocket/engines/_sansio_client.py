"""`shake_hands`: a client's handshake, over a line that is dialled."""

from __future__ import annotations

import ssl
from collections.abc import Callable
from socket import socket
from urllib.parse import urlsplit

from anyio.lowlevel import checkpoint_if_cancelled
from websockets.datastructures import Headers

from flowws._core import Timer, Waiter, call_later, new_waiter

from . import Opening
from ._client_handshake import BODY_PATIENCE, ClientHandshake
from ._sansio_connection import SansioConnection
from ._sansio_tls import secured
from ._sansio_wire import Wire


async def shake_hands(opening: Opening, line: socket) -> None:
    """See `Engine.connect`."""
    is_secure = urlsplit(opening.url).scheme == "wss"
    try:
        handshake = ClientHandshake(opening)
        if is_secure:
            context = opening.ssl or ssl.create_default_context()
            hostname = opening.server_hostname or urlsplit(opening.url).hostname
            line = await secured(line, context, server_side=False, server_hostname=hostname)
    except BaseException:
        line.close()
        raise
    answer = _Answer(handshake)
    wire = Wire(line, answer)
    try:
        answer.expect(wire)
        headers = await answer.headers
        opening.check(headers)
        connection = SansioConnection(
            wire,
            is_client=True,
            max_frame_size=opening.max_frame_size,
            client_address=None,
            is_secure=is_secure,
        )
        connection.begin(lambda opened: opening.open(opened, headers), handshake.rest)
        await checkpoint_if_cancelled()  # who is cancelled by now, in the midst of it, gets no session
    except BaseException:
        wire.abort()
        raise
    finally:
        answer.forget()


class _Answer:
    """Waits for what the server says to the request."""

    def __init__(self, handshake: ClientHandshake) -> None:
        self._handshake = handshake
        self._patience: Timer | None = None
        self.headers: Waiter[Headers] = new_waiter()
        """Those of a proper 101; or what is wrong, as an error."""

    def expect(self, wire: Wire) -> None:
        """Send the request, then listen."""
        self._wire = wire
        wire.write(self._handshake.request)
        wire.read(True)

    def forget(self) -> None:
        """Nobody waits any more."""
        if self._patience is not None:
            self._patience.cancel()

    # What the wire tells

    def received(self, data: bytes) -> None:
        self._take(lambda: self._handshake.feed(data))

    def ended(self) -> None:
        self._take(self._handshake.feed_eof)

    def room_changed(self, has_room: bool) -> None:
        """A request is one piece."""

    def lost(self, cause: BaseException | None) -> None:
        if not self.headers.done():
            hung_up = ConnectionResetError("the server ended the connection during the handshake")
            self.headers.set_exception(cause or hung_up)

    def _take(self, step: Callable[[], Headers | None]) -> None:
        if self.headers.done():
            return
        try:
            headers = step()
        except Exception as error:  # noqa: BLE001  # whatever it is, it is for the one who waits
            self.headers.set_exception(error)
            return
        if headers is not None:
            self._wire.read(False)  # what comes next is for the session
            self.headers.set_result(headers)
        elif self._handshake.waits_for_body and self._patience is None:
            self._patience = call_later(BODY_PATIENCE, self._give_up)

    def _give_up(self) -> None:
        if not self.headers.done():
            self.headers.set_exception(self._handshake.give_up())
