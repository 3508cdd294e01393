"""A server that echoes, and sessions with it, wherever it listens."""

from __future__ import annotations

from contextlib import AbstractAsyncContextManager
from pathlib import Path
from typing import Any

import anyio

from flowws.websocket import WebSocketServer


class App(WebSocketServer):
    """A server whose engine is the one that is tried, unless a test says another."""

    def __init__(self, engine: str | None) -> None:
        super().__init__()
        self.engine = engine

    def serve(self, *where: Any, **options: Any) -> Any:
        return super().serve(*where, **{"engine": self.engine, **options})


async def echo(session):
    async for frame in session.incoming:
        await session.send(frame)


def echo_server(engine: str | None) -> App:
    app = App(engine)
    app.websocket("/")(echo)
    return app


class Dialler(AbstractAsyncContextManager["Dialler"]):
    """Opens sessions: with a port, a path, or host and port; ends them with its block."""

    def __init__(self, raw):
        self._raw = raw
        self._peers: list[Any] = []

    async def __call__(self, where, path="/", *, tls=None):
        stream: Any
        if isinstance(where, (str, Path)):
            stream = await anyio.connect_unix(where)
        else:
            host, port = where if isinstance(where, tuple) else ("127.0.0.1", where)
            stream = await anyio.connect_tcp(host, port, ssl_context=tls, tls_standard_compatible=False)
        peer = self._raw(stream)
        self._peers.append(peer)
        await peer.request(path, peer.handshake())
        return peer

    async def __aexit__(self, *_):
        for peer in self._peers:
            await peer.hang_up()


async def is_alive(peer):
    assert peer.status == 101
    await peer.send(1, b"hi")
    return await peer.next() == (1, b"hi")
