"""The asgi engine: sessions over the two functions that an ASGI server gives an application.

The server owns socket and frames: it answers pings, puts fragments together and shakes hands at the end. What is left
are whole messages, a Close in each direction, and the news that it is over. It runs on whatever loop the server does.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from sys import maxsize
from typing import Any, Final, TypeAlias

from websockets.exceptions import ProtocolError
from websockets.frames import Close

from flowws._core import CoroutineScope, Waiter, call_later, waiter_maker

from . import Abilities, Connection, Endpoint, Timer
from ._asgi_writer import BINARY, AsgiWriter, Message, Send
from ._bell import Bell

name: Final = "asgi"
can: Final = Abilities(raw=False, pings=False, server_masking=False)

Scope: TypeAlias = Mapping[str, Any]
"""What an ASGI server says of a connection."""
Receive: TypeAlias = Callable[[], Awaitable[Any]]

CLOSE: Final = 0x8
TOO_BIG: Final = 1009  # RFC 6455, section 7.4.1

NEWS: Final = 1.0  # seconds for a server that could not send to say how the connection ended


class AsgiConnection:
    """One connection: two jobs, and between them what the session calls.

    ::

        session  -- write -->  AsgiWriter, a queue and its job  --  await send     -->  server
        session  <--------------------------------- the reader  --  await receive  <--  server

    Reading is paused by not asking for the next message: the server then leaves the rest in its socket. It is the
    reader that ends the connection, because the last message of a server is always the disconnect.
    """

    def __init__(self, scope: Scope, receive: Receive, send: Send) -> None:
        # Stored state
        self.new_waiter: Callable[[], Waiter[Any]] = waiter_maker()
        self._receive = receive
        self._resumed = Bell(self.new_waiter)
        self._written = Bell(self.new_waiter)
        self._writer = AsgiWriter(send, self._written, self._set_writable, self._cannot_send)
        self._jobs = CoroutineScope("asgi connection")
        self._endpoint: Endpoint | None = None
        self._limit = maxsize  # the session says
        self._paused = False
        self._said_close = False  # our Close has left, or waits to
        self._parted = False  # nobody will tell us of an answer to our Close
        self._cause: BaseException | None = None
        self._news: Timer | None = None
        self.write: Callable[[int, str | bytes], object] = self._writer.write
        self.is_writable = True
        self.heard = True
        self.client_address = address_of(scope)
        self.is_secure = is_secure(scope)

    # For the application

    def start(self, open_endpoint: Callable[[Connection], Endpoint]) -> None:
        """Open the session; the handshake is done."""
        self._jobs.launch(self._read, name="asgi reader").invoke_on_completion(self._lost)
        self._jobs.launch(self._writer.run, self._all_left, name="asgi writer")
        self._endpoint = open_endpoint(self)

    def part(self) -> None:
        """The server does not listen any more: once our Close has left, it is over."""
        self._parted = True
        self._written.ring()

    async def aclose(self) -> None:
        """End both jobs, and wait until they are over."""
        await self._jobs.aclose()

    # Reading

    async def _read(self) -> None:
        while True:
            while self._paused:
                await self._resumed.wait()
            try:
                message = await self._receive()
            except Exception as error:  # noqa: BLE001  # of the server, or of a layer between: the connection is lost
                self._cause = error
                return
            if message["type"] == "websocket.disconnect":
                self._disconnected(message)
                return
            self._received(message)

    def _received(self, message: Message) -> None:
        assert self._endpoint is not None  # the reader begins after `start`
        text: str | None = message.get("text")
        if text is None:
            data = message["bytes"]
            if len(data) > self._limit:
                self._fail(len(data))
            else:
                self._endpoint.frame_received(BINARY, bytes(data), True, 0)
        elif 4 * len(text) > self._limit and (size := len(text.encode())) > self._limit:
            self._fail(size)
        else:
            self._endpoint.text_received(text)

    def _fail(self, size: int) -> None:
        if self._writer.is_shut:
            return
        problem = f"{size} bytes where {self._limit} are allowed"
        self._writer.forget()
        self.write_close(TOO_BIG, problem)
        assert self._endpoint is not None  # as above
        self._endpoint.failed(TOO_BIG, problem)

    def _disconnected(self, message: Message) -> None:
        self._writer.drop()
        if self._said_close:
            return  # many servers repeat our own code here
        close = _close_of(message)
        if close is None:
            self._cause = self._cause or EOFError("the connection ended without a Close frame")
        else:
            assert self._endpoint is not None  # as above
            self._endpoint.frame_received(CLOSE, close, True, 0)

    def pause_reading(self) -> None:
        self._paused = True

    def resume_reading(self) -> None:
        self._paused = False
        self._resumed.ring()

    def limit_frames(self, size: int) -> None:
        self._limit = size

    def listen_for_life(self) -> None:
        raise ValueError("an ASGI application cannot send pings: it is the server that asks for signs of life")

    # Writing

    write_wire = None  # the frames are the server's

    def write_frame(self, opcode: int, payload: bytes, *, fin: bool, rsv: int) -> None:
        if rsv:
            raise ValueError(f"an ASGI application cannot set reserved bits, such as {rsv}")
        self._writer.write_fragment(opcode, payload, fin)

    def write_close(self, code: int, message: str) -> None:
        self._writer.write_close(code, message)
        self._said_close = True

    def on_flushed(self, call: Callable[[], object]) -> None:
        self._writer.on_flushed(call)

    def set_masking(self, on: bool) -> None:
        if on:
            raise ValueError("masking=True: an ASGI application cannot mask frames")

    def _set_writable(self, on: bool) -> None:
        self.is_writable = on
        if self._endpoint is not None:
            (self._endpoint.writing_resumed if on else self._endpoint.writing_paused)()

    def _cannot_send(self, error: Exception) -> None:
        """The reader will hear why, even if nobody takes its messages just now."""
        self._cause = error
        self._news = call_later(NEWS, self.abort)
        self.resume_reading()

    def _all_left(self) -> None:
        if self._said_close and self._parted:
            self.abort()

    # Ending

    def close(self) -> None:
        self.on_flushed(self.abort)

    def abort(self) -> None:
        self._jobs.cancel()

    def _lost(self, _: BaseException | None) -> None:
        self._jobs.cancel()
        self._writer.drop()
        if self._news is not None:
            self._news.cancel()
        endpoint, self._endpoint = self._endpoint, None
        if endpoint is not None:
            endpoint.connection_lost(self._cause)

    def call_later(self, delay: float, call: Callable[[], object]) -> Timer:
        return call_later(delay, call)


def _close_of(message: Message) -> bytes | None:
    """The payload of the Close frame that the server tells of; None if there was none.

    1005 means an empty one, says ASGI. But uvicorn says 1005 for a lost connection, too; then without a reason, which
    it gives, if only an empty one, wherever it has read a Close frame.
    """
    code, text = message.get("code"), message.get("reason")
    if code is None or code == 1005:
        return None if text is None else b""
    try:
        return Close(code, (text or "").encode()[:123].decode(errors="ignore")).serialize()
    except ProtocolError:  # 1006, and whatever else cannot have travelled
        return None


def address_of(scope: Scope) -> tuple[str, int] | None:
    """The address of the client, None where the server knows none."""
    client = scope.get("client")
    return None if not client else (str(client[0]), int(client[1] or 0))


def is_secure(scope: Scope) -> bool:
    """Whether TLS is spoken."""
    return scope.get("scheme") in ("wss", "https")
