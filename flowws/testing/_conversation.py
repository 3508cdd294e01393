"""`conversation`: a test talks to a handler, in memory."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import cast

import anyio

from flowws._core import Duration, to_seconds
from flowws.websocket import HandshakeError, MemoryServer, WebSocketServer
from flowws.websocket.engines import RefusedError

from ._peer import Peer
from ._wire import Wire


@asynccontextmanager
async def conversation(
    app: WebSocketServer | MemoryServer,
    path: str,
    *,
    headers: Mapping[str, str] | Iterable[tuple[str, str]] = (),
    subprotocols: Sequence[str] = (),
    raw: bool = False,
    timeout: Duration = 3.0,
) -> AsyncGenerator[Peer]:
    """Talk to the handler of a path, without sockets: ``async with conversation(app, "/echo") as peer``.

    The bytes on the way are those of a real connection, and the session does not know the difference; on virtual time,
    pings and time-outs of hours cost nothing. Leaving the block closes with 1000 and waits until the session is over;
    an exception in it hangs up.

    Args:
        app: the app, or a `MemoryServer` of it that several peers are to share.
        path: with its query, if there is one.
        headers: of the request, beside those of the handshake.
        subprotocols: what the peer offers, the best first.
        raw: whether the peer shows every frame, and answers nothing by itself.
        timeout: how long each expectation waits if it does not say otherwise, in seconds.

    Raises `HandshakeError`, with status, headers and body, where the server refuses.

    >>> from flowws.testing import run_test
    >>> from flowws.websocket import WebSocketServer
    >>> app = WebSocketServer()
    >>> @app.websocket("/shout")
    ... async def shout(session):
    ...     async for frame in session.incoming:
    ...         await session.send(frame.read_text().upper())
    >>> async def test(scope):
    ...     async with conversation(app, "/shout") as peer:
    ...         await peer.send("hello")
    ...         return await peer.expect_text("HELLO")
    >>> run_test(test)
    'HELLO'

    Kotlin: `handleWebSocketConversation`.
    """
    seconds = to_seconds(timeout, "timeout")
    if seconds <= 0:
        raise ValueError(f"timeout must be more than zero, not {timeout!r}")
    if not path.startswith("/"):
        raise ValueError(f"a path begins with a slash, not like {path!r}")
    sent = _headers(headers, subprotocols)
    if isinstance(app, MemoryServer):
        async with _talk(app, path, sent, raw=raw, timeout=seconds) as peer:
            yield peer
    else:
        async with MemoryServer(app) as server, _talk(server, path, sent, raw=raw, timeout=seconds) as peer:
            yield peer


@asynccontextmanager
async def _talk(
    server: MemoryServer, path: str, headers: list[tuple[str, str]], *, raw: bool, timeout: float
) -> AsyncGenerator[Peer]:
    try:
        dialled = await server.dial(f"ws://localhost{path}", headers)
    except RefusedError as error:
        raise HandshakeError(error.problem, status=error.status, headers=error.headers, body=error.body) from None
    wire = Wire(dialled.line)
    peer = Peer(dialled, wire, raw=raw, timeout=timeout)
    try:
        yield peer
        if not wire.is_held:
            await peer.close()
    finally:
        wire.flow()
        peer.hang_up()
        with anyio.CancelScope(shield=True):
            await dialled.session.ended()


def _headers(
    headers: Mapping[str, str] | Iterable[tuple[str, str]], subprotocols: Sequence[str]
) -> list[tuple[str, str]]:
    if isinstance(subprotocols, str):
        raise TypeError(f"subprotocols is a list, such as [{subprotocols!r}], not the text {subprotocols!r}")
    pairs = cast("Mapping[str, str]", headers).items() if isinstance(headers, Mapping) else headers
    offer = [("Sec-WebSocket-Protocol", ", ".join(subprotocols))] if subprotocols else []
    return [*pairs, *offer]
