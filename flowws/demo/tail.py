"""`follow`: a client that shows a feed until one side has enough."""

from __future__ import annotations

import signal
from typing import Protocol
from urllib.parse import parse_qsl, urlencode, urlsplit

from flowws import coroutine_scope
from flowws.websocket import CloseReason, Frame, WebSocketClient

from .signals import stop_signal


class Lines(Protocol):
    """Where the messages go."""

    def show(self, frame: Frame) -> None:
        """Shows one."""


async def follow(url: str, wanted: str | None, lines: Lines) -> CloseReason | signal.Signals:
    """Shows the feed until the session is closed, and says why it was; or until SIGINT or SIGTERM, and says which.

    After a signal the session is closed with 1001, as by a browser whose tab is closed. `wanted` is the filter to ask
    for, None to take what comes. Raises what opening the session raises: `OSError` where nobody answers,
    `HandshakeError` where the server refuses.
    """
    reason: CloseReason | None = None
    with stop_signal() as stop:
        async with coroutine_scope() as scope:

            async def end() -> None:
                await stop.wait()
                scope.cancel()

            ending = scope.launch(end)
            async with WebSocketClient().websocket(_with_filter(url, wanted)) as session:
                async for frame in session.incoming:
                    lines.show(frame)
                reason = await session.close_reason
            ending.cancel()
    ended_by = stop.signal or reason
    assert ended_by is not None  # nothing else ends the scope without an error
    return ended_by


def _with_filter(url: str, wanted: str | None) -> str:
    if wanted is None:
        return url
    parts = urlsplit(url)
    query = [(name, value) for name, value in parse_qsl(parts.query, keep_blank_values=True) if name != "filter"]
    return parts._replace(query=urlencode([*query, ("filter", wanted)])).geturl()
