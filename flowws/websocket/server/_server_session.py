"""`WebSocketServerSession` and `RawWebSocketServerSession`: a session as the server's handler has it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from typing import Any, TypeAlias

from flowws._core import Job

from .._close_reason import GOING_AWAY, CloseReason
from .._config import WebSockets
from ..engines import Connection, Endpoint
from ..extensions import WebSocketExtension
from ..session._default_session import DefaultWebSocketSession
from ..session._raw_session import RawWebSocketSession
from ..session._session import WebSocketSession
from ._call import Call, printable


class ServerSide(WebSocketSession):
    """What a session is to the server."""

    def __init__(
        self,
        connection: Connection,
        config: WebSockets,
        call: Call,
        extensions: Sequence[WebSocketExtension] = (),
        *,
        parent: Job,
    ) -> None:
        name = printable(call.path)
        super().__init__(connection, config, name=name, is_client=False, parent=parent, extensions=extensions)
        self.call = call
        """The request: path, parameters, headers, cookies, the client's address, the subprotocol."""

    # For the server

    def begin(
        self,
        handler: Callable[[Any], Awaitable[object]],
        on_end: Callable[[Any], object],
    ) -> Endpoint:
        """Start the handler."""
        self._on_end = on_end
        if self._link.reason is None:  # else an observer has closed it already
            self._run_main(handler, self.job.name)
        return self.endpoint()

    def go_away(self, reason: CloseReason = GOING_AWAY) -> None:
        """Close, because the server stops."""
        self._link.close(reason)

    def cut(self) -> None:
        """End connection and jobs, now."""
        self._link.abort()
        self.job.cancel("the server stops")


class WebSocketServerSession(ServerSide, DefaultWebSocketSession):
    """A session that a client has opened; `call` is the request that did it. Made by `WebSocketServer`.

    Kotlin: `DefaultWebSocketServerSession`.
    """


class RawWebSocketServerSession(ServerSide, RawWebSocketSession):
    """A session that a client has opened, frame by frame; `call` is the request that did it. Made by
    `WebSocketServer.websocket_raw`.

    Kotlin: `WebSocketServerSession`.
    """


ServerSession: TypeAlias = WebSocketServerSession | RawWebSocketServerSession
"""A session of a server, of either kind."""
