"""`MemoryServer`: an app at work without sockets."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import AbstractAsyncContextManager, AsyncExitStack
from dataclasses import dataclass, replace
from functools import partial
from types import TracebackType
from typing import TYPE_CHECKING, Self

import anyio
from websockets.datastructures import Headers

from flowws._core import Duration

from .._close_reason import GOING_AWAY
from .._config import checked_seconds
from ..engines import Answer, Connection, Endpoint, Line, Request, Upgrade
from ..engines._memory import MemoryEngine as MemoryEngine
from ..engines._memory import can
from ..engines._memory_line import CAPACITY
from ._reception import Reception
from ._server_session import ServerSession

if TYPE_CHECKING:
    from ._server import WebSocketServer


@dataclass(frozen=True, slots=True)
class Dialled:
    """A line whose far end is a session of a `MemoryServer`; whoever has it speaks for the client."""

    line: Line
    headers: Headers
    """Of the server's 101."""
    session: ServerSession


class MemoryServer(AbstractAsyncContextManager["MemoryServer"]):
    """An app at work without sockets, for the length of a block: ``async with MemoryServer(app) as server``.

    What its sessions say travels through memory, byte for byte as over TCP. It runs on asyncio and on trio, and obeys
    virtual time. At the end every session closes with 1001, and handlers have `grace` seconds to return.

    ``WebSocketClient(engine=server.engine)`` is a client for it: with any host in its URLs. A test asks
    `flowws.testing.conversation`.

    Args:
        app: whose handlers and pages.
        grace: seconds, or a `timedelta`.
        capacity: bytes that may be on their way in each direction before a writer has to wait.
    """

    def __init__(self, app: WebSocketServer, *, grace: Duration = 5.0, capacity: int = CAPACITY) -> None:
        self._grace = checked_seconds("grace", grace)
        if capacity < 1:
            raise ValueError(f"capacity must be a number of bytes, 1 or more, not {capacity!r}")
        self._capacity = capacity
        self._app = app
        self._reception = Reception(app, can)
        self._engine: MemoryEngine | None = None
        self._life = AsyncExitStack()
        self._newest: ServerSession | None = None

    @property
    def engine(self) -> MemoryEngine:
        """The way to this server. Raises `RuntimeError` before the block was entered."""
        if self._engine is None:
            raise RuntimeError("a MemoryServer works inside its block: async with MemoryServer(app) as server")
        return self._engine

    @property
    def sessions(self) -> frozenset[ServerSession]:
        """The sessions that are not over: open ones, and those whose last jobs are ending."""
        return self._reception.sessions

    @property
    def lines(self) -> tuple[Line, ...]:
        """The connections that are not over, the oldest first. ``flowws.testing.Wire(line)`` lets one go wrong."""
        return self.engine.lines

    async def __aenter__(self) -> Self:
        if self._engine is not None:
            raise RuntimeError("this MemoryServer has been entered already: each block needs one of its own")
        async with AsyncExitStack() as life:
            await life.enter_async_context(self._app._life())
            self._reception = Reception(self._app, can)  # there may be more routes now
            self._reception.open()
            size = self._reception.max_frame_size
            self._engine = MemoryEngine(self._decide, max_frame_size=size, capacity=self._capacity)
            self._life = life.pop_all()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        async with self._life:
            with anyio.CancelScope(shield=True):
                await self._reception.close(GOING_AWAY, self._grace)
            self._newest = None

    async def dial(self, url: str, headers: Sequence[tuple[str, str]] = ()) -> Dialled:
        """Open a session. Raises `RefusedError` where the app refuses."""
        line, answer = await self.engine.dial(url, headers)
        session, self._newest = self._newest, None
        assert session is not None  # it was opened a moment ago
        return Dialled(line, answer, session)

    def _decide(self, request: Request, respond: Callable[[Answer], object]) -> None:
        def note(answer: Answer) -> None:
            respond(replace(answer, open=partial(self._open, answer)) if isinstance(answer, Upgrade) else answer)

        self._reception.decide(request, note)

    def _open(self, answer: Upgrade, connection: Connection) -> Endpoint:
        before = self.sessions
        endpoint = answer.open(connection)
        (self._newest,) = self.sessions - before
        return endpoint

    def __repr__(self) -> str:
        return f"<MemoryServer {len(self.sessions)} sessions>"
