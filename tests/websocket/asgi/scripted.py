"""An ASGI server that does as it is told, message by message."""

from __future__ import annotations

from typing import Any

import anyio

from flowws import Channel
from flowws.testing import TestScope
from flowws.websocket import AsgiApplication, DefaultWebSocketSession, WebSockets, WebSocketServer

ACCEPT: dict[str, Any] = {"type": "websocket.accept", "subprotocol": None, "headers": []}


def text(words: str) -> dict[str, Any]:
    return {"type": "websocket.send", "text": words}


def close(code: int, reason: str = "") -> dict[str, Any]:
    return {"type": "websocket.close", "code": code, "reason": reason}


def one(handler: Any, config: WebSockets | None = None, **options: Any) -> AsgiApplication:
    """An application of one handler, at the root."""
    app = WebSocketServer(config)
    app.websocket("/")(handler)
    return app.asgi(**options)


async def reads(session: DefaultWebSocketSession) -> None:
    """A handler that takes what comes."""
    async for _ in session.incoming:
        pass


class ScriptedServer:
    """One connection."""

    def __init__(self, scope: TestScope, **changed: Any) -> None:
        self._scope = scope
        self.asgi_scope: dict[str, Any] = {
            "type": "websocket",
            "scheme": "ws",
            "path": "/",
            "raw_path": b"/",
            "query_string": b"",
            "root_path": "",
            "headers": [(b"host", b"example.org")],
            "client": ("192.0.2.1", 50000),
            "subprotocols": [],
            "extensions": {"websocket.http.response": {}},
            **changed,
        }
        self._coming = Channel[dict[str, Any]](Channel.UNLIMITED)
        self.sent: list[dict[str, Any]] = []
        self.asked = 0  # how often the application has asked for a message
        self.takes = anyio.Event()  # set: what is sent is taken
        self.takes.set()
        self.fails: Exception | None = None

    # What the application calls

    async def receive(self) -> dict[str, Any]:
        self.asked += 1
        return await self._coming.receive()

    async def send(self, message: dict[str, Any]) -> None:
        await self.takes.wait()
        if self.fails is not None:
            raise self.fails
        self.sent.append(message)

    # What the test calls

    def calls(self, app: Any) -> Any:
        """Start the application. The job is over when it has returned."""
        if self.asgi_scope["type"] == "websocket":
            self.says("connect")
        return self._scope.launch(app, self.asgi_scope, self.receive, self.send, name="the application")

    def says(self, kind: str, **facts: Any) -> None:
        self._coming.try_send({"type": f"websocket.{kind}", **facts})

    def says_lifespan(self, what: str) -> None:
        self._coming.try_send({"type": f"lifespan.{what}"})

    async def has_heard(self) -> list[dict[str, Any]]:
        """What the application has sent by now, and not been asked for before."""
        await self._scope.run_current()
        heard, self.sent = self.sent, []
        return heard

    def holds_sends(self) -> None:
        self.takes = anyio.Event()
