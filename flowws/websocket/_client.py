"""`WebSocketClient`: opens sessions."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from ssl import SSLContext
from types import TracebackType
from typing import Final, TypeAlias, cast
from urllib.parse import urlsplit

import anyio
from websockets.datastructures import Headers
from websockets.exceptions import InvalidHandshake
from websockets.headers import parse_subprotocol

from flowws._core import Duration, to_seconds

from ._close_reason import GOING_AWAY, NORMAL, CloseReason, Codes
from ._config import WebSockets
from ._errors import HandshakeError
from ._session import DefaultWebSocketSession
from .engines import Connection, Endpoint

HeadersLike: TypeAlias = Mapping[str, str] | Iterable[tuple[str, str]]

_OURS: Final = {"connection", "upgrade", "sec-websocket-key", "sec-websocket-version", "sec-websocket-extensions"}


class WebSocketClientSession(DefaultWebSocketSession):
    """A session that this side has opened. Made by `WebSocketClient`. Kotlin: `DefaultClientWebSocketSession`."""

    def __init__(
        self, connection: Connection, config: WebSockets, url: str, headers: Headers, subprotocol: str | None
    ) -> None:
        super().__init__(connection, config, name=url, is_client=True)
        self.url = url
        """Where the session leads."""
        self.headers = headers
        """The headers of the server's answer."""
        self.subprotocol = subprotocol
        """The subprotocol that the server chose."""

    # For the client

    def endpoint(self) -> Endpoint:
        """What the engine talks to."""
        return self._link

    async def leave(self, error: BaseException | None) -> None:
        """End the session because its block has ended."""
        if error is None:
            self._link.close(NORMAL)
        elif isinstance(error, Exception):
            self._link.close(CloseReason(Codes.INTERNAL_ERROR, cause=error))
        else:
            self._link.close(GOING_AWAY)
            self.cancel()
        with anyio.CancelScope(shield=error is not None and not isinstance(error, Exception)):
            try:
                await self.ended()
            except BaseException:
                await self.cut()
                raise

    async def cut(self) -> None:
        """End connection and jobs, now."""
        self._link.abort()
        self.cancel()
        with anyio.CancelScope(shield=True):
            await self.ended()


class WebSocketClient:
    """Opens sessions with servers: ``async with client.websocket("ws://127.0.0.1:8080/updates") as session``.

    A client keeps nothing between sessions but its configuration. Needs asyncio.

    Kotlin: `HttpClient` with the `WebSockets` plugin.
    """

    def __init__(self, config: WebSockets | None = None) -> None:
        self.config: Final = WebSockets() if config is None else config

    def websocket(
        self,
        url: str,
        *,
        headers: HeadersLike = (),
        subprotocols: Sequence[str] = (),
        ssl: SSLContext | None = None,
        open_timeout: Duration = 10.0,
    ) -> AbstractAsyncContextManager[WebSocketClientSession]:
        """A session for the length of a block.

        The block is never interrupted: when the session closes, reads end and sends raise `SessionClosedError`.
        Leaving the block closes with 1000; an exception in it closes with 1011, a cancellation with 1001, and goes
        on to the caller as it is.

        Raises `HandshakeError` where the server refuses, `OSError` where nobody answers within `open_timeout`, and
        `ValueError` for a bad URL.

        Kotlin: `webSocket`.
        """
        return _Block(self, url, headers, subprotocols, ssl, open_timeout)

    async def websocket_session(
        self,
        url: str,
        *,
        headers: HeadersLike = (),
        subprotocols: Sequence[str] = (),
        ssl: SSLContext | None = None,
        open_timeout: Duration = 10.0,
    ) -> WebSocketClientSession:
        """A session that lives until it is closed: the caller does that. Arguments and failures as for `websocket`.

        Kotlin: `webSocketSession`.
        """
        from .engines import _picows as engine

        _check_url(url)
        sent = _checked_headers(headers, subprotocols)
        opened: list[WebSocketClientSession] = []

        def check(answer: Headers) -> None:
            if "Sec-WebSocket-Extensions" in answer:
                raise _refused("the server chose an extension that was not offered", answer)
            _chosen(answer, subprotocols)

        def open_endpoint(connection: Connection, answer: Headers) -> Endpoint:
            session = WebSocketClientSession(connection, self.config, url, answer, _chosen(answer, subprotocols))
            opened.append(session)
            return session.endpoint()

        try:
            await engine.connect(
                url,
                check,
                open_endpoint,
                headers=sent,
                ssl=ssl,
                max_frame_size=self.config.max_frame_size,
                open_timeout=to_seconds(open_timeout, "open_timeout"),
            )
        except engine.RefusedError as error:
            raise HandshakeError(error.problem, status=error.status, headers=error.headers, body=error.body) from error
        except BaseException:
            for session in opened:
                await session.cut()
            raise
        return opened[0]

    def __repr__(self) -> str:
        return "<WebSocketClient>"


class _Block(AbstractAsyncContextManager[WebSocketClientSession]):
    def __init__(
        self,
        client: WebSocketClient,
        url: str,
        headers: HeadersLike,
        subprotocols: Sequence[str],
        ssl: SSLContext | None,
        open_timeout: Duration,
    ) -> None:
        self._client = client
        self._url = url
        self._headers = headers
        self._subprotocols = subprotocols
        self._ssl = ssl
        self._open_timeout = open_timeout
        self._session: WebSocketClientSession | None = None

    async def __aenter__(self) -> WebSocketClientSession:
        self._session = await self._client.websocket_session(
            self._url,
            headers=self._headers,
            subprotocols=self._subprotocols,
            ssl=self._ssl,
            open_timeout=self._open_timeout,
        )
        return self._session

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        assert self._session is not None  # the block was entered
        session, self._session = self._session, None
        await session.leave(error)


def _check_url(url: str) -> None:
    parts = urlsplit(url)
    if parts.scheme not in ("ws", "wss") or not parts.hostname:
        raise ValueError(f"the address of a session is like 'ws://host:port/path' or 'wss://...', not {url!r}")
    if parts.username is not None or parts.fragment:
        raise ValueError(f"the address of a session has no user and no fragment, unlike {url!r}")


def _checked_headers(headers: HeadersLike, subprotocols: Sequence[str]) -> list[tuple[str, str]]:
    pairs = _pairs(headers)
    for name, value in pairs:
        if name.lower() in _OURS:
            raise ValueError(f"{name!r} belongs to the handshake and cannot be set")
        if not name or not name.isascii() or not name.isprintable() or set(' \t:"(),;') & set(name):
            raise ValueError(f"{name!r} is no name of a header")
        if set("\r\n\0") & set(value):
            raise ValueError(f"the value of {name!r} must be one line, not {value!r}")
    if isinstance(subprotocols, str):
        raise TypeError(f"subprotocols is a list, such as [{subprotocols!r}], not the text {subprotocols!r}")
    if subprotocols:
        line = ", ".join(subprotocols)
        if _parse(line) != list(subprotocols):
            raise ValueError(f"subprotocols are single tokens, not {list(subprotocols)!r}")
        pairs.append(("Sec-WebSocket-Protocol", line))
    return pairs


def _pairs(headers: HeadersLike) -> list[tuple[str, str]]:
    if isinstance(headers, Mapping):
        return list(cast("Mapping[str, str]", headers).items())
    return list(headers)


def _chosen(answer: Headers, offered: Sequence[str]) -> str | None:
    lines = answer.get_all("Sec-WebSocket-Protocol")
    chosen = [name for line in lines for name in (_parse(line) or [line])]
    if not chosen:
        return None
    if len(chosen) > 1 or chosen[0] not in offered:
        raise _refused(f"the server chose the subprotocol {', '.join(chosen)!r}, of {list(offered)!r} offered", answer)
    return chosen[0]


def _parse(line: str) -> list[str] | None:
    try:
        return [str(name) for name in parse_subprotocol(line)]
    except InvalidHandshake:
        return None


def _refused(problem: str, answer: Headers) -> HandshakeError:
    return HandshakeError(problem, status=101, headers=answer)
