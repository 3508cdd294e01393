"""Where engines are tried that need sockets: over TCP connections of this machine."""

from __future__ import annotations

import socket
import struct
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager

import anyio
from websockets.utils import accept_key

from flowws._core import coroutine_scope
from flowws.websocket.engines import Decide, Engine, Listening, Opening, ServerLimits

from ._engine_trial import MAX_FRAME_SIZE, ByteLine, Role, ScriptedEndpoint, opening_of, welcoming

LIMITS = ServerLimits(max_frame_size=MAX_FRAME_SIZE)
KEY = "dGhlIHNhbXBsZSBub25jZQ=="  # that of RFC 6455, section 1.3
REQUEST = (
    "GET /trial HTTP/1.1\r\nHost: 127.0.0.1\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    f"Sec-WebSocket-Key: {KEY}\r\nSec-WebSocket-Version: 13\r\n\r\n"
).encode()


class SocketGround:
    """TCP connections of this machine."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self.can = engine.can
        self.name = engine.name

    @asynccontextmanager
    async def connect(self, role: Role, endpoint: ScriptedEndpoint) -> AsyncGenerator[ByteLine]:
        """A connection whose handshake is done."""
        async with self.served(endpoint) if role == "server" else self.dialled(endpoint) as line:
            yield line

    @asynccontextmanager
    async def served(self, endpoint: ScriptedEndpoint) -> AsyncGenerator[SocketLine]:
        """The engine is the server."""
        async with self.serving(welcoming(endpoint)) as connect:
            line = await connect()
            await line.write(REQUEST)
            head, line.rest = await head_of(line)
            assert head.startswith(b"HTTP/1.1 101 "), f"the engine opened no session: {head!r}"
            accept = _field(head, "sec-websocket-accept")
            assert accept == accept_key(KEY), f"the engine answered the key with {accept!r}"
            yield line

    @asynccontextmanager
    async def serving(self, decide: Decide, limits: ServerLimits = LIMITS) -> AsyncGenerator[Connect]:
        """The engine serves; what is given makes connections to it."""
        listener = _listener()
        connect = Connect(listener.getsockname(), await self.engine.serve(decide, [listener], ssl=None, limits=limits))
        try:
            yield connect
        finally:
            connect.close()
            await connect.listening.wait_closed()

    @asynccontextmanager
    async def dialled(self, endpoint: ScriptedEndpoint) -> AsyncGenerator[SocketLine]:
        """The engine is the client."""
        async with self.dialling(switching) as dial:
            await dial(opening_of(endpoint))
            try:
                yield dial.line
            finally:
                dial.line.close()
                if not endpoint.has_ended:
                    endpoint.connection.abort()
                await endpoint.until_told("lost")

    @asynccontextmanager
    async def dialling(self, answer_to: Callable[[str], bytes] | None) -> AsyncGenerator[Dial]:
        """A server for the engine as a client: it answers the key of a request, with no bytes by hanging up; None for
        no answer at all.
        """
        with _listener() as listener:
            ours = await _connected(listener.getsockname())
            await anyio.wait_readable(listener)
            dial = Dial(self.engine, ours, SocketLine(listener.accept()[0]), answer_to)
        try:
            yield dial
        finally:
            dial.line.close()


class Connect:
    """Makes connections to a server on trial."""

    def __init__(self, address: tuple[str, int], listening: Listening) -> None:
        self._address = address
        self._lines: list[SocketLine] = []
        self.listening = listening

    async def __call__(self) -> SocketLine:
        line = SocketLine(await _connected(self._address))
        self._lines.append(line)
        return line

    def close(self) -> None:
        for line in self._lines:
            line.close()
        self.listening.close()
        self.listening.cut_all()


class Dial:
    """Lets a client on trial shake hands, once."""

    def __init__(
        self, engine: Engine, ours: socket.socket, line: SocketLine, answer_to: Callable[[str], bytes] | None
    ) -> None:
        self._engine = engine
        self._ours = ours
        self._answer_to = answer_to
        self.line = line
        """The server's end."""

    async def __call__(self, opening: Opening) -> None:
        async with coroutine_scope() as scope:
            if self._answer_to is not None:
                scope.launch(self._answer, self._answer_to)
            await self._engine.connect(opening, self._ours)

    async def _answer(self, answer_to: Callable[[str], bytes]) -> None:
        head, _ = await head_of(self.line)
        answer = answer_to(_field(head, "sec-websocket-key") or "")
        await self.line.write(answer)
        if not answer:
            self.line.end()


def switching(key: str) -> bytes:
    """A 101 in answer to this key."""
    return (
        "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        f"Sec-WebSocket-Accept: {accept_key(key)}\r\n\r\n"
    ).encode()


def _field(head: bytes, name: str) -> str | None:
    for line in head.decode("latin-1").split("\r\n")[1:]:
        field, _, value = line.partition(": ")
        if field.lower() == name:
            return value
    return None


async def head_of(line: SocketLine) -> tuple[bytes, bytes]:
    """The head of a request or an answer, and what has come behind it."""
    arrived = b""
    while b"\r\n\r\n" not in arrived:
        more = await line.read()
        assert more, f"the engine ended the connection during the handshake: {arrived!r}"
        arrived += more
    head, _, rest = arrived.partition(b"\r\n\r\n")
    return head + b"\r\n", rest


def _listener() -> socket.socket:
    listener = socket.socket()
    listener.setblocking(False)
    listener.bind(("127.0.0.1", 0))
    listener.listen()
    return listener


async def _connected(address: tuple[str, int]) -> socket.socket:
    line = socket.socket()
    line.setblocking(False)
    line.connect_ex(address)
    await anyio.wait_writable(line)
    return line


class SocketLine:
    """The peer's end of a TCP connection."""

    def __init__(self, line: socket.socket) -> None:
        line.setblocking(False)
        self._socket = line
        self.rest = b""
        """What has come behind the handshake."""

    async def write(self, data: bytes) -> None:
        view = memoryview(data)
        while view:
            try:
                view = view[self._socket.send(view) :]
            except BlockingIOError:
                await anyio.wait_writable(self._socket)

    async def read(self) -> bytes:
        if self.rest:
            data, self.rest = self.rest, b""
            return data
        while True:
            try:
                return self._socket.recv(65536)
            except BlockingIOError:
                await anyio.wait_readable(self._socket)

    def end(self) -> None:
        try:
            self._socket.shutdown(socket.SHUT_WR)
        except OSError:  # the engine has ended the connection
            pass

    def reset(self) -> None:
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self._socket.close()

    def close(self) -> None:
        self._socket.close()
