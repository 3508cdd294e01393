"""A network that takes nothing for a while, as the engine would say it to a session."""

from __future__ import annotations

from flowws.websocket import WebSocketSession


def held_back(session: WebSocketSession) -> None:
    """From now on nothing leaves."""
    session._connection.is_writable = False
    session._link.writing_paused()


def let_go(session: WebSocketSession) -> None:
    """Now it does again."""
    session._connection.is_writable = True
    session._link.writing_resumed()
