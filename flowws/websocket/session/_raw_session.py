"""`RawWebSocketSession`: every frame, and nothing done by itself."""

from __future__ import annotations

from collections.abc import Sequence

from ..extensions import WebSocketExtension
from ._link import Link
from ._raw_link import RawLink
from ._session import WebSocketSession


class RawWebSocketSession(WebSocketSession):
    """One WebSocket connection, frame by frame: `incoming` gives out pings, pongs, Close frames, and fragments, each
    with its reserved bits; `send` takes the same. Pings are not answered, no Close frame is, and no ping is sent.

    A fragment is a `Frame.Text` or `Frame.Binary` with ``fin=False``; those that follow are of the same kind.
    `incoming` ends behind the peer's Close frame, `outgoing` behind ours. What breaks the rules of RFC 6455 for frames
    fails the connection as it does elsewhere; whether a text is UTF-8 is not looked at.

    When the handler returns, or the client's block is left, what was sent leaves, and the connection ends. `close`
    sends a Close frame first, unless one was sent, and does not wait for the peer's. A handler or a block that fails
    sends 1011.

    `close_reason` is what the first Close frame said, sent or received; 1006 without one. For the jobs of a session,
    see `DefaultWebSocketSession`.

    Kotlin: `WebSocketSession`, as `webSocketRaw` gives it.
    """

    def _open_link(self, is_client: bool, extensions: Sequence[WebSocketExtension]) -> Link:
        return RawLink(self._connection, self._config, self, is_client=is_client)
