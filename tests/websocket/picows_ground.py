"""The picows engine without sessions: an endpoint that takes notes, and both sides of a connection."""

from __future__ import annotations

import socket
import ssl
from collections.abc import Callable
from contextlib import asynccontextmanager, suppress
from typing import Any

import anyio
import anyio.lowlevel
import pytest
import trustme

from flowws.websocket.engines import Opening, Response, ServerLimits, Upgrade, _picows

from .conftest import RawPeer

LIMITS = ServerLimits(1 << 20)

BOTH_LOOPS = [
    pytest.param(("asyncio", {}), id="asyncio"),
    pytest.param(("asyncio", {"use_uvloop": True}), id="uvloop"),
]


async def until(condition: Callable[[], object]) -> None:
    with anyio.fail_after(5):
        while not condition():
            await anyio.lowlevel.checkpoint()


class Probe:
    """An endpoint that notes what it is told."""

    def __init__(self) -> None:
        self.connection: Any = None
        self.texts: list[str] = []
        self.frames: list[tuple[int, bytes, bool, int]] = []
        self.failures: list[tuple[int, str]] = []
        self.news: list[str] = []
        self.lost: list[BaseException | None] = []

    def take(self, connection, *_):
        self.connection = connection
        return self

    def text_received(self, text, *_):
        self.texts.append(text)

    def frame_received(self, opcode, payload, fin, rsv):
        self.frames.append((opcode, payload, fin, rsv))

    def failed(self, code, message):
        self.failures.append((code, message))

    def writing_paused(self):
        self.news.append("paused")

    def writing_resumed(self):
        self.news.append("resumed")

    def eof_received(self):
        self.news.append("eof")
        self.connection.abort()

    def connection_lost(self, cause):
        self.lost.append(cause)


@asynccontextmanager
async def serving(decide, *, limits=LIMITS, ssl=None, listeners=None, engine=_picows):
    """A server with one listening socket, or those that are given; it ends without leaving anything."""
    listening = await engine.serve(decide, listeners or [listener()], ssl=ssl, limits=limits)
    try:
        yield listening
    finally:
        listening.close()
        listening.cut_all()
        with anyio.fail_after(5):
            await listening.wait_closed()


def listener(family=socket.AF_INET, address=("127.0.0.1", 0)):
    made = socket.socket(family, socket.SOCK_STREAM)
    made.setblocking(False)
    made.bind(address)
    made.listen(100)
    return made


def port_of(listening):
    return listening.sockets[0].getsockname()[1]


def opening_for(probe, *, url="ws://127.0.0.1/", ssl=None, check=lambda _: None, max_frame_size=1 << 20):
    return Opening(url, (), check, probe.take, ssl, None, max_frame_size)


def upgrading(probe, headers=()):
    """A `decide` that opens every session with this endpoint."""
    return lambda request, respond: respond(Upgrade(probe.take, headers))


async def dialled(listening):
    line = socket.socket()
    line.setblocking(False)
    line.connect_ex(listening.sockets[0].getsockname())
    await anyio.wait_writable(line)
    return line


class Certificates:
    """An authority, a server's context, and a client's that trusts it."""

    def __init__(self, *names: str) -> None:
        authority = trustme.CA()
        self.server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        authority.issue_cert(*(names or ("localhost", "127.0.0.1"))).configure_cert(self.server)
        authority.configure_trust(self.server)
        self.client = ssl.create_default_context()
        authority.configure_trust(self.client)
        self.authority = authority


@asynccontextmanager
async def raw_peer(probe, *, ssl=None, client_ssl=None, engine=_picows):
    """A server with this endpoint, and a peer that is shaken hands with."""
    async with serving(upgrading(probe), ssl=ssl, engine=engine) as listening:
        peer = RawPeer(await anyio.connect_tcp("127.0.0.1", port_of(listening), ssl_context=client_ssl))
        await peer.request("/", peer.handshake())
        assert peer.status == 101
        try:
            yield peer
        finally:
            with suppress(anyio.ClosedResourceError):  # hung up already
                await peer.hang_up()
            await until(lambda: probe.lost)


@asynccontextmanager
async def two_ends(engine=_picows):
    """Endpoints of a server and a client that talk to each other."""
    ours, theirs = Probe(), Probe()
    async with serving(upgrading(ours), engine=engine) as listening:
        await engine.connect(opening_for(theirs, url=f"ws://127.0.0.1:{port_of(listening)}/"), await dialled(listening))
        try:
            yield ours, theirs
        finally:
            theirs.connection.abort()
            await until(lambda: ours.lost and theirs.lost)


async def peer_of(listening):
    return RawPeer(await anyio.connect_tcp("127.0.0.1", port_of(listening)))


def page(_, respond):
    respond(Response(200, (("X-Page", "yes"),), b"a page"))
