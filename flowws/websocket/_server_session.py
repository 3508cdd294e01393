"""`WebSocketServerSession`: a session as the server's handler has it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from flowws._core import Job

from ._call import Call
from ._close_reason import GOING_AWAY
from ._config import WebSockets
from ._session import DefaultWebSocketSession
from .engines import Connection, Endpoint


class WebSocketServerSession(DefaultWebSocketSession):
    """A session that a client has opened; `call` is the request that did it. Made by `WebSocketServer`.

    Kotlin: `DefaultWebSocketServerSession`.
    """

    def __init__(self, connection: Connection, config: WebSockets, call: Call, *, parent: Job) -> None:
        super().__init__(connection, config, name=call.path, is_client=False, parent=parent)
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
        self._run_main(handler, self.call.path)
        return self._link

    def go_away(self) -> None:
        """Close with 1001, because the server stops."""
        self._link.close(GOING_AWAY)

    def cut(self) -> None:
        """End connection and jobs, now."""
        self._link.abort()
        self.job.cancel("the server stops")
