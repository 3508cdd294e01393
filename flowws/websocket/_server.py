"""`WebSocketServer`: paths, handlers and pages, and the serving of them."""

from __future__ import annotations

import logging
import signal
from collections.abc import Awaitable, Callable, Iterable
from contextlib import AbstractAsyncContextManager
from contextvars import Context, copy_context
from importlib.resources.abc import Traversable
from socket import socket
from ssl import SSLContext
from types import TracebackType
from typing import Final, Self, TypeVar

import anyio

from flowws._core import CoroutineScope, Duration, to_seconds

from ._call import Call
from ._config import WebSockets
from ._handshake import Handshake
from ._pages import Pages, text
from ._router import Match, Router
from ._server_session import WebSocketServerSession
from .engines import Answer, Connection, Endpoint, Listening, Request

H = TypeVar("H", bound=Callable[[WebSocketServerSession], Awaitable[object]])

HANDSHAKE_TIMEOUT: Final = 10.0  # seconds for a request to arrive

_log: Final = logging.getLogger("flowws.websocket")


class WebSocketServer:
    """Handlers by path, and the folders of a page beside them.

    A page of another origin may not open sessions unless `origins` lists it (``["https://example.org"]``, or ``"*"``
    for any); the server's own pages, and clients that are no browsers, always may. ``GET /healthz`` answers 200 by
    itself.

    >>> app = WebSocketServer()
    >>> @app.websocket("/echo")
    ... async def echo(session: WebSocketServerSession) -> None:
    ...     async for frame in session.incoming:
    ...         await session.send(frame)

    Kotlin: the `WebSockets` plugin and its `routing`.
    """

    def __init__(self, config: WebSockets | None = None, *, origins: Iterable[str] = ()) -> None:
        self.config: Final = WebSockets() if config is None else config
        if self.config.masking:
            raise ValueError(
                "masking=True: the picows engine cannot mask the frames of a server (and RFC 6455 forbids it)"
            )
        self._router = Router()
        self._pages = Pages()
        self._handshake = Handshake(self._router, self._pages, origins)

    def websocket(self, path: str, *, subprotocol: str | None = None) -> Callable[[H], H]:
        """Decorate the handler of a path: ``/updates``, or with places, ``/rooms/{room}``.

        With a `subprotocol` the handler is for clients that offer it; of two with the same path the client's offer
        decides. When the handler returns, the session closes with 1000; when it raises, with 1011, and the failure
        is logged.

        Kotlin: `webSocket`.
        """

        def register(handler: H) -> H:
            self._router.add(path, subprotocol, handler)
            return handler

        return register

    def static(self, prefix: str, folder: Traversable) -> None:
        """Serve the files of a folder under a prefix: ``app.static("/", Path("page"))``. Hidden files are left out."""
        self._pages.add(prefix, folder)

    def serve(
        self, host: str | None = None, port: int = 0, *, ssl: SSLContext | None = None, grace: Duration = 5.0
    ) -> AbstractAsyncContextManager[Serving]:
        """Serve for the length of a block: ``async with app.serve("127.0.0.1", 0) as server: server.port``.

        At the end every session closes with 1001. Handlers have `grace` seconds to return; then what is left is
        cancelled and cut off. Nothing is left when the block is.

        Handlers see the context variables of the block's caller. Needs asyncio. Raises `OSError` where the address
        is taken.
        """
        return Serving(self, host, port, ssl=ssl, grace=to_seconds(grace, "grace"))

    def run(
        self, host: str = "127.0.0.1", port: int = 8080, *, ssl: SSLContext | None = None, grace: Duration = 5.0
    ) -> None:
        """Serve until SIGINT (Ctrl-C) or SIGTERM; then every session closes with 1001."""
        anyio.run(self._run, host, port, ssl, grace, backend="asyncio")

    async def _run(self, host: str, port: int, ssl: SSLContext | None, grace: Duration) -> None:
        with anyio.open_signal_receiver(signal.SIGINT, signal.SIGTERM) as signals:
            async with self.serve(host, port, ssl=ssl, grace=grace) as server:
                _log.info("serving at %s://%s:%d", "http" if ssl is None else "https", host, server.port)
                async for _ in signals:
                    return

    def __repr__(self) -> str:
        return f"<WebSocketServer {len(self._router)} handlers>"


class Serving(AbstractAsyncContextManager["Serving"]):
    """A server at work: made by `WebSocketServer.serve`."""

    def __init__(
        self, app: WebSocketServer, host: str | None, port: int, *, ssl: SSLContext | None, grace: float
    ) -> None:
        # Stored state
        self._app = app
        self._host = host
        self._asked_port = port
        self._ssl = ssl
        self._grace = grace
        self._sessions: set[WebSocketServerSession] = set()
        self._context: Context | None = None
        self._scope: CoroutineScope | None = None
        self._listening: Listening | None = None

    @property
    def sessions(self) -> frozenset[WebSocketServerSession]:
        """The sessions that are not over: open ones, and those whose last jobs are ending."""
        return frozenset(self._sessions)

    @property
    def sockets(self) -> tuple[socket, ...]:
        """The sockets that listen."""
        return () if self._listening is None else tuple(self._listening.sockets)

    @property
    def port(self) -> int:
        """The port: the one that was asked for, or that was picked for 0."""
        listening = self.sockets
        return int(listening[0].getsockname()[1]) if listening else self._asked_port

    def __repr__(self) -> str:
        state = f"at port {self.port}" if self.sockets else "stopped"
        return f"<Serving {state}, {len(self._sessions)} sessions>"

    async def __aenter__(self) -> Self:
        from .engines import _picows as engine

        self._context = copy_context()
        self._scope = CoroutineScope("sessions", supervisor=True)
        self._listening = await engine.serve(
            self._answer,
            self._host,
            self._asked_port,
            ssl=self._ssl,
            max_frame_size=self._app.config.max_frame_size,
            handshake_timeout=HANDSHAKE_TIMEOUT,
        )
        self._asked_port = self.port
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        with anyio.CancelScope(shield=True):
            await self._stop()

    async def _stop(self) -> None:
        from .engines import _picows as engine

        assert self._listening is not None  # the block was entered
        assert self._scope is not None  # as above
        self._listening.close()
        for session in self.sessions:
            session.go_away()
        with anyio.move_on_after(self._grace):
            await self._all_ended()
        for session in self.sessions:
            session.cut()
        await self._all_ended()
        engine.cut_all(self._listening)  # those who never asked for a session, or whose page is still on its way
        await self._listening.wait_closed()
        await self._scope.aclose()

    async def _all_ended(self) -> None:
        for session in self.sessions:
            await session.ended()

    def _answer(self, request: Request) -> Answer:
        try:
            return self._app._handshake.answer(request, self._open)
        except Exception:  # noqa: BLE001  # a request must not take the server down
            # picows would tell the peer what the exception says.
            _log.exception("answering %r failed", request.target)
            return text(500, "something went wrong here")

    def _open(self, request: Request, match: Match, connection: Connection) -> Endpoint:
        assert self._context is not None  # the block was entered
        return self._context.copy().run(self._open_session, request, match, connection)

    def _open_session(self, request: Request, match: Match, connection: Connection) -> Endpoint:
        assert self._scope is not None  # the block was entered
        call = Call(
            request.target,
            request.headers,
            match.path_parameters,
            connection.client_address,
            match.route.subprotocol,
            "wss" if connection.is_secure else "ws",
        )
        session = WebSocketServerSession(connection, self._app.config, call, parent=self._scope.job)
        self._sessions.add(session)
        return session.begin(match.route.handler, self._sessions.discard)
