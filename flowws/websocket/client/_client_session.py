"""`WebSocketClientSession` and `RawWebSocketClientSession`: a session as the client has it."""

from __future__ import annotations

from collections.abc import Sequence

import anyio
from websockets.datastructures import Headers

from flowws._core import Job

from .._close_reason import GOING_AWAY, CloseReason, Codes
from .._config import WebSockets
from ..engines import Connection
from ..extensions import WebSocketExtension
from ..session._default_session import DefaultWebSocketSession
from ..session._raw_session import RawWebSocketSession
from ..session._session import WebSocketSession


class ClientSide(WebSocketSession):
    """What a session is to the client."""

    def __init__(
        self,
        connection: Connection,
        config: WebSockets,
        url: str,
        headers: Headers,
        subprotocol: str | None,
        extensions: Sequence[WebSocketExtension] = (),
        *,
        parent: Job | None = None,
    ) -> None:
        super().__init__(connection, config, name=url, is_client=True, parent=parent, extensions=extensions)
        self.url = url
        """Where the session leads: the last address, if there were redirects, without user and password."""
        self.headers = headers
        """The headers of the server's answer."""
        self.subprotocol = subprotocol
        """The subprotocol that the server chose; None if it chose none."""

    # For the client

    async def leave(self, error: BaseException | None) -> None:
        """End the session because its block has ended."""
        if error is None:
            self._link.finish()
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


class WebSocketClientSession(ClientSide, DefaultWebSocketSession):
    """A session that this side has opened. Made by `WebSocketClient`. Kotlin: `DefaultClientWebSocketSession`."""


class RawWebSocketClientSession(ClientSide, RawWebSocketSession):
    """A session that this side has opened, frame by frame. Made by `WebSocketClient.websocket_raw`.

    Kotlin: `ClientWebSocketSession`.
    """
