"""A server to talk to, on each engine and loop, and a peer that is not ours: raw bytes over TCP, so that the wire is
what is tested.
"""

from __future__ import annotations

import base64
import gc
import os
import ssl
import struct
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, suppress
from typing import Self

import anyio
import pytest
from anyio.abc import ByteStream

from flowws.websocket import Serving, WebSockets, WebSocketServer, WebSocketServerSession

CONTINUATION, TEXT, BINARY, CLOSE, PING, PONG = 0, 1, 2, 8, 9, 10


class Loop(str):
    """The name of a loop, which knows the engine that is to be tried on it."""

    __slots__ = ("engine",)

    def __new__(cls, name: str, engine: str) -> Self:
        loop = super().__new__(cls, name)
        loop.engine = engine
        return loop

    engine: str

    def __repr__(self) -> str:
        return f"{self.engine} on {self}"


@pytest.fixture(
    scope="module",
    params=[
        pytest.param((Loop("asyncio", "picows"), {}), id="picows"),
        # Options that change nothing: pytest keeps a fixture whose new parameter equals the last one.
        pytest.param((Loop("asyncio", "sansio"), {"use_uvloop": False}), id="sansio"),
        pytest.param((Loop("trio", "sansio"), {}), id="sansio-trio"),
    ],
)
def anyio_backend(request: pytest.FixtureRequest) -> object:
    """Runs every `async def test_...` on each engine, and that on each of its loops."""
    return request.param  # a name and its options


@pytest.fixture
def engine(anyio_backend: object) -> str | None:
    """The name of the engine; None where a file has a say of its own on which loops it runs."""
    loop = anyio_backend[0] if isinstance(anyio_backend, tuple) else anyio_backend
    return getattr(loop, "engine", None)


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leaves out, of a test marked `engine_only`, the runs on other engines."""
    left_out = [item for item in items if _is_for_another_engine(item)]
    if left_out:
        config.hook.pytest_deselected(items=left_out)
        items[:] = [item for item in items if item not in set(left_out)]


def _is_for_another_engine(item: pytest.Item) -> bool:
    marker = item.get_closest_marker("engine_only")
    backend = item.callspec.params.get("anyio_backend") if marker and hasattr(item, "callspec") else None
    loop = backend[0] if isinstance(backend, tuple) else None
    return marker is not None and isinstance(loop, Loop) and loop.engine != marker.args[0]


class RawPeer:
    """A WebSocket peer that does as it is told, right or wrong."""

    def __init__(self, stream: ByteStream) -> None:
        self.stream = stream
        self.received = bytearray()
        self.status = 0
        self.headers: dict[str, str] = {}

    # Bytes

    async def write(self, data: bytes) -> None:
        with anyio.fail_after(10):
            await self.stream.send(data)

    async def read(self, count: int) -> bytes:
        with anyio.fail_after(10):
            while len(self.received) < count:
                self.received += await self.stream.receive()
        data = bytes(self.received[:count])
        del self.received[:count]
        return data

    async def read_to_end(self) -> bytes:
        """What is left until the connection is over, however it ends."""
        with anyio.fail_after(10):
            try:
                while True:
                    self.received += await self.stream.receive()
            except (anyio.EndOfStream, anyio.BrokenResourceError):
                pass
        data = bytes(self.received)
        self.received.clear()
        return data

    # The handshake

    async def request(self, path: str, headers: dict[str, str], *, method: str = "GET", more: bytes = b"") -> None:
        lines = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
        await self.write(f"{method} {path} HTTP/1.1\r\n{lines}\r\n".encode("latin-1") + more)
        await self.answer()

    async def answer(self) -> None:
        with anyio.fail_after(10):
            while b"\r\n\r\n" not in self.received:
                self.received += await self.stream.receive()
        head, _, rest = bytes(self.received).partition(b"\r\n\r\n")
        self.received = bytearray(rest)
        first, *lines = head.decode("latin-1").split("\r\n")
        self.status = int(first.split(" ")[1])
        self.headers = {name.lower(): value for name, _, value in (line.partition(": ") for line in lines)}

    @staticmethod
    def handshake(port: int = 80, **changed: str | None) -> dict[str, str]:
        headers: dict[str, str | None] = {
            "Host": f"127.0.0.1:{port}",
            "Upgrade": "websocket",
            "Connection": "Upgrade",
            "Sec-WebSocket-Key": base64.b64encode(os.urandom(16)).decode(),
            "Sec-WebSocket-Version": "13",
        }
        headers |= {name.replace("_", "-"): value for name, value in changed.items()}
        return {name: value for name, value in headers.items() if value is not None}

    # Frames

    @staticmethod
    def frame(
        opcode: int,
        payload: bytes = b"",
        *,
        fin: bool = True,
        rsv: int = 0,
        masked: bool = True,
        size: int | None = None,
    ) -> bytes:
        first = (0x80 if fin else 0) | rsv << 4 | opcode
        length = len(payload) if size is None else size
        bit = 0x80 if masked else 0
        if length < 126:
            head = struct.pack("!BB", first, bit | length)
        elif length < 65536:
            head = struct.pack("!BBH", first, bit | 126, length)
        else:
            head = struct.pack("!BBQ", first, bit | 127, length)
        if not masked:
            return head + payload
        key = os.urandom(4)
        return head + key + bytes(byte ^ key[index % 4] for index, byte in enumerate(payload))

    async def send(
        self, opcode: int, payload: bytes = b"", *, fin: bool = True, rsv: int = 0, masked: bool = True
    ) -> None:
        await self.write(self.frame(opcode, payload, fin=fin, rsv=rsv, masked=masked))

    async def next(self) -> tuple[int, bytes]:
        """Opcode and payload of the next frame, which must be final and of a server."""
        first, second = await self.read(2)
        assert first & 0xF0 == 0x80, "a frame that is not final, or has reserved bits"
        length = second & 0x7F
        if length == 126:
            (length,) = struct.unpack("!H", await self.read(2))
        elif length == 127:
            (length,) = struct.unpack("!Q", await self.read(8))
        if not second & 0x80:
            return first & 0x0F, await self.read(length)
        key = await self.read(4)
        return first & 0x0F, bytes(byte ^ key[index % 4] for index, byte in enumerate(await self.read(length)))

    async def next_close(self) -> tuple[int, str]:
        opcode, payload = await self.next()
        assert opcode == CLOSE, (opcode, payload)
        return struct.unpack("!H", payload[:2])[0], payload[2:].decode()

    async def say_close(self, code: int = 1000, text: str = "") -> None:
        await self.send(CLOSE, struct.pack("!H", code) + text.encode())

    async def hang_up(self) -> None:
        """Go; over TLS with a word of goodbye, to which there need not be an answer."""
        with suppress(anyio.BrokenResourceError, ssl.SSLError):
            await self.stream.aclose()

    async def reset(self) -> None:
        """End the connection by RST."""
        import socket

        raw = self.stream.extra(anyio.abc.SocketAttribute.raw_socket)
        raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        await self.stream.aclose()


Handler = Callable[[WebSocketServerSession], Awaitable[object]]


class House:
    """Starts servers and peers, and ends them with the test."""

    def __init__(self, stack: AsyncExitStack, engine: str | None) -> None:
        self._stack = stack
        self._engine = engine

    async def serve(
        self, handler: Handler, config: WebSockets | None = None, *, path: str = "/", grace: float = 5.0
    ) -> Serving:
        app = WebSocketServer(config)
        app.websocket(path)(handler)
        return await self.start(app, grace=grace)

    async def start(self, app: WebSocketServer, *, grace: float = 5.0) -> Serving:
        return await self._stack.enter_async_context(app.serve("127.0.0.1", 0, grace=grace, engine=self._engine))

    async def connect(self, port: int) -> RawPeer:
        stream = await anyio.connect_tcp("127.0.0.1", port)
        await self._stack.enter_async_context(stream)
        return RawPeer(stream)

    async def open(self, port: int, path: str = "/", *, more: bytes = b"", **headers: str | None) -> RawPeer:
        peer = await self.connect(port)
        await peer.request(path, peer.handshake(port, **headers), more=more)
        assert peer.status == 101, peer.status
        return peer


@pytest.fixture(scope="module", autouse=True)
def what_is_there_stays() -> None:
    """As `pytest_collection_finish` says: frameworks have been imported since, and much else."""
    gc.collect()
    gc.freeze()


@pytest.fixture
async def house(engine: str | None) -> AsyncIterator[House]:
    async with AsyncExitStack() as stack:
        yield House(stack, engine)
    gc.collect()  # what was left unclosed says so here, and not in the next test


@pytest.fixture
def raw() -> type[RawPeer]:
    return RawPeer
