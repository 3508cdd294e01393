"""Servers that are not ours, on asyncio and trio: one that answers as it is told to, and proxies."""

from __future__ import annotations

import base64
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from ssl import SSLContext
from typing import Self

import anyio
from anyio.abc import ByteStream, Listener, SocketAttribute, SocketStream
from anyio.streams.tls import TLSListener, TLSStream
from websockets.frames import Frame, Opcode
from websockets.http11 import Request
from websockets.protocol import State
from websockets.server import ServerProtocol


def answer(status: int, *headers: tuple[str, str], body: bytes = b"") -> bytes:
    lines = [("Content-Length", str(len(body))), *headers]
    head = "".join(f"{name}: {value}\r\n" for name, value in lines)
    return f"HTTP/1.1 {status} Reason\r\n{head}\r\n".encode() + body


class Answering:
    """A server that says one thing after the other, the last one again and again; with None it opens a session, by the
    protocol of `websockets`, and echoes.
    """

    def __init__(self, *answers: bytes | None, tls: SSLContext | None = None, path: str | None = None) -> None:
        self.answers = list(answers or (None,))
        self.tls = tls
        self.path = path
        self.requests: list[Request] = []
        self.closes: list[tuple[int | None, str | None]] = []
        self.connections = 0
        self.ended = 0

    async def __aenter__(self) -> Self:
        if self.path is not None:
            self.listener: Listener[SocketStream] = await anyio.create_unix_listener(self.path)
            self.port = 0
        else:
            self.listener = await anyio.create_tcp_listener(local_host="127.0.0.1")
            self.port = self.listener.extra(SocketAttribute.local_port)
        self.tasks = await anyio.create_task_group().__aenter__()
        self.tasks.start_soon(self._serve)
        return self

    async def __aexit__(self, *_: object) -> None:
        self.tasks.cancel_scope.cancel()
        await self.tasks.__aexit__(None, None, None)
        await self.listener.aclose()

    def url(self, path: str = "/", *, scheme: str = "ws", host: str = "127.0.0.1") -> str:
        return f"{scheme}://{host}:{self.port}{path}"

    @property
    def headers(self) -> list[dict[str, str]]:
        """Of each request, lower case."""
        return [{name.lower(): value for name, value in each.headers.raw_items()} for each in self.requests]

    async def _serve(self) -> None:
        if self.tls is None:
            await self.listener.serve(self._talk)
        else:
            # A client may have its reasons to leave during the handshake.
            await TLSListener(self.listener, self.tls, standard_compatible=False).serve(self._talk)

    async def _talk(self, stream: ByteStream) -> None:
        self.connections += 1
        try:
            await self._say(stream)
        finally:
            self.ended += 1

    async def _say(self, stream: ByteStream) -> None:
        says = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        protocol = ServerProtocol(max_size=None)
        async with stream:
            with contextlib.suppress(anyio.EndOfStream, anyio.BrokenResourceError):
                while True:
                    protocol.receive_data(await stream.receive())
                    for event in protocol.events_received():
                        if isinstance(event, Request):
                            self.requests.append(event)
                            if says is not None:
                                await stream.send(says)
                                return
                            protocol.send_response(protocol.accept(event))
                        elif isinstance(event, Frame):
                            _echo(protocol, event)
                    for data in protocol.data_to_send():
                        if data:
                            await stream.send(data)
                    if protocol.close_expected():
                        break
            said = protocol.close_rcvd
            self.closes.append((None, None) if said is None else (int(said.code), said.reason))


def _echo(protocol: ServerProtocol, frame: Frame) -> None:
    if protocol.state is not State.OPEN:  # these frames came before the Close frame, in one packet
        return
    if frame.opcode is Opcode.TEXT:
        protocol.send_text(frame.data, frame.fin)
    elif frame.opcode is Opcode.BINARY:
        protocol.send_binary(frame.data, frame.fin)
    elif frame.opcode is Opcode.CONT:
        protocol.send_continuation(frame.data, frame.fin)


# Proxies


class Proxying:
    """A proxy that does as it is told; what it leads to is always `port` on this machine, whatever it is asked for."""

    def __init__(
        self, talk: Callable[[ByteStream, Proxying], Awaitable[bool]], port: int, *, tls: SSLContext | None = None
    ) -> None:
        self.talk = talk
        self.to = port
        self.tls = tls
        self.asked: list[str] = []
        self.credentials: list[str] = []

    @asynccontextmanager
    async def at_work(self) -> AsyncIterator[Self]:
        async with await anyio.create_tcp_listener(local_host="127.0.0.1") as listener:
            self.port: int = listener.extra(SocketAttribute.local_port)
            async with anyio.create_task_group() as tasks:
                tasks.start_soon(listener.serve, self._serve)
                yield self
                tasks.cancel_scope.cancel()

    async def _serve(self, stream: ByteStream) -> None:
        async with stream:
            with contextlib.suppress(anyio.EndOfStream, anyio.BrokenResourceError, OSError):
                if self.tls is not None:
                    stream = await TLSStream.wrap(
                        stream, server_side=True, ssl_context=self.tls, standard_compatible=False
                    )
                if await self.talk(stream, self):
                    async with await anyio.connect_tcp("127.0.0.1", self.to) as further:
                        await _join(stream, further)


async def _join(one: ByteStream, other: ByteStream) -> None:
    async def carry(source: ByteStream, sink: ByteStream) -> None:
        with contextlib.suppress(anyio.EndOfStream, anyio.BrokenResourceError, anyio.ClosedResourceError):
            while True:
                await sink.send(await source.receive())
        both.cancel_scope.cancel()

    async with anyio.create_task_group() as both:
        both.start_soon(carry, one, other)
        both.start_soon(carry, other, one)


async def speak_http(stream: ByteStream, proxy: Proxying) -> bool:
    """CONNECT, RFC 9110; the answer comes in two pieces."""
    head = b""
    while not head.endswith(b"\r\n\r\n"):
        head += await stream.receive(1)
    first, *lines = head.decode().split("\r\n")
    proxy.asked.append(first)
    given = [line.split(" ")[2] for line in lines if line.startswith("Proxy-Authorization")]
    proxy.credentials += [base64.b64decode(each).decode() for each in given]
    await stream.send(b"HTTP/1.0 200 Connection estab")
    await anyio.lowlevel.checkpoint()
    await stream.send(b"lished\r\n\r\n")
    return True


def answer_with(says: bytes) -> Callable[[ByteStream, Proxying], Awaitable[bool]]:
    """A proxy that reads a little and says this."""

    async def talk(stream: ByteStream, _: Proxying) -> bool:
        await stream.receive()
        if says:
            await stream.send(says)
        return False

    return talk


async def speak_socks5(stream: ByteStream, proxy: Proxying) -> bool:
    """RFC 1928 and RFC 1929."""
    version, count = await _exactly(stream, 2)
    methods = await _exactly(stream, count)
    assert version == 5
    if 2 in methods:
        await stream.send(b"\x05\x02")
        _, size = await _exactly(stream, 2)
        user = await _exactly(stream, size)
        password = await _exactly(stream, (await _exactly(stream, 1))[0])
        proxy.credentials.append(f"{user.decode()}:{password.decode()}")
        await stream.send(b"\x01\x00")
    else:
        await stream.send(b"\x05\x00")
    _, _, _, kind = await _exactly(stream, 4)
    if kind == 3:
        host = (await _exactly(stream, (await _exactly(stream, 1))[0])).decode()
    else:
        host = ".".join(map(str, await _exactly(stream, 4)))
    port = int.from_bytes(await _exactly(stream, 2), "big")
    proxy.asked.append(f"{host}:{port}")
    refused = host == "refused.invalid"
    await stream.send(b"\x05" + (b"\x05" if refused else b"\x00") + b"\x00\x01\x00\x00\x00\x00\x00\x00")
    return not refused


async def speak_socks4(stream: ByteStream, proxy: Proxying) -> bool:
    """SOCKS 4 and 4a."""
    _, _, *rest = await _exactly(stream, 8)
    port, host = int.from_bytes(bytes(rest[:2]), "big"), ".".join(map(str, rest[2:]))
    await _until_zero(stream)
    if host.startswith("0.0.0."):
        host = (await _until_zero(stream)).decode()
    proxy.asked.append(f"{host}:{port}")
    await stream.send(b"\x00\x5a" + bytes(6))
    return True


async def _exactly(stream: ByteStream, count: int) -> bytes:
    data = b""
    while len(data) < count:
        data += await stream.receive(count - len(data))
    return data


async def _until_zero(stream: ByteStream) -> bytes:
    data = b""
    while not data.endswith(b"\0"):
        data += await stream.receive(1)
    return data[:-1]
