"""A server of feeds that does what the test says: no more, no less, and in no other order."""

from __future__ import annotations

import json
from contextlib import AbstractAsyncContextManager
from typing import Any, Self

import anyio

from flowws.channels import Channel
from flowws.feeds import ReconnectPolicy
from flowws.flows import Backoff
from flowws.testing import TestScope, Wire
from flowws.websocket import (
    CloseReason,
    MemoryServer,
    Response,
    WebSocketClient,
    WebSockets,
    WebSocketServer,
    WebSocketServerSession,
    refuse,
)

URL = "ws://feeds.example/people"

AT_ONCE = ReconnectPolicy(Backoff(0, longest=0), retries=20)


class Line:
    """One connection of a client, seen from the server."""

    def __init__(self, session: WebSocketServerSession, wire: Wire) -> None:
        self.session = session
        self.wire = wire
        self.heard: Channel[Any] = Channel(Channel.UNLIMITED)

    async def expect(self, expected: dict[str, Any]) -> None:
        """The next message of the client is this one."""
        with anyio.fail_after(20):
            assert await self.heard.receive() == expected

    async def say(self, *messages: dict[str, Any]) -> None:
        for message in messages:
            await self.session.send(json.dumps(message))

    async def begin(self, *values: Any, number: int = 1, epoch: int = 5, offset: int = 10, **request: Any) -> None:
        """Expect a subscription without a snapshot, agree, and say these values."""
        await self.expect({"subscribe": "", "id": number, **request})
        await self.say({"subscribed": "", "id": number, "at": f"{epoch}-{offset}", "resumed": "after" in request})
        await self.update(*values, number=number, offset=offset)

    async def update(self, *values: Any, number: int = 1, offset: int) -> None:
        """Say these values, the first of which has the offset behind that one."""
        for at, value in enumerate(values, offset + 1):
            await self.say({"update": value, "id": number, "at": at})

    async def close(self, code: int, message: str = "") -> None:
        await self.session.close(CloseReason(code, message))

    async def cut(self, scope: TestScope) -> None:
        """Tear the connection down, once what was said has arrived."""
        await scope.run_current()
        self.wire.reset()

    async def over(self) -> CloseReason:
        """How the session has ended, once it has, with all its jobs."""
        with anyio.fail_after(20):
            reason = await self.session.close_reason
            await self.session.ended()
        return reason


class ScriptedServer(AbstractAsyncContextManager["ScriptedServer"]):
    """Takes connections, in memory, and hands them to the test; or refuses them."""

    def __init__(self, config: WebSockets | None = None, **options: Any) -> None:
        self.lines: Channel[Line] = Channel(Channel.UNLIMITED)
        self.refusals: list[Response] = []
        """What the next requests are answered, instead of opening a session."""
        self.requests = 0
        self._app = WebSocketServer(config)
        self._app.websocket("/people")(self._serve)
        self._app.middleware(self._answer)
        self._server = MemoryServer(self._app, **options)

    def client(self, config: WebSockets | None = None, **options: Any) -> WebSocketClient:
        return WebSocketClient(config, engine=self._server.engine, **options)

    async def line(self) -> Line:
        """The next connection."""
        with anyio.fail_after(100):
            return await self.lines.receive()

    def refuse_next(self, *statuses: int) -> None:
        self.refusals += [refuse(status, "not now") for status in statuses]

    async def _answer(self, call: Any, proceed: Any) -> Any:
        self.requests += 1
        return self.refusals.pop(0) if self.refusals else await proceed()

    async def _serve(self, session: WebSocketServerSession) -> None:
        line = Line(session, Wire(self._server.lines[-1]))
        self.lines.try_send(line)
        async for frame in session.incoming:
            assert hasattr(frame, "read_text")
            line.heard.try_send(json.loads(frame.read_text()))

    async def __aenter__(self) -> Self:
        await self._server.__aenter__()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._server.__aexit__(None, None, None)


def gathered(feed: Any, scope: Any) -> tuple[list[Any], Any]:
    """What a feed gives, in a list that grows; and the job that collects it."""
    values: list[Any] = []
    return values, feed.on_each(values.append).launch_in(scope)


def state_of(feed: Any) -> Any:
    """How the connection of a feed is doing."""
    return feed.state.value
