"""`AsgiApplication`: the paths of a server for whatever speaks ASGI."""

from __future__ import annotations

from contextlib import AbstractAsyncContextManager, AsyncExitStack
from types import TracebackType
from typing import Final, Self

import anyio

from flowws._core import CompletableDeferred, Duration

from .._close_reason import GOING_AWAY, CloseReason, checked_for_sending
from .._config import checked_seconds
from ..engines import Answer, Response
from ..engines._asgi import AsgiConnection, Receive, Scope, can
from ..engines._asgi_request import accept, request_of, respond
from ..engines._asgi_writer import Send
from ._reception import Reception
from ._server_session import ServerSession
from ._site import Site

FAREWELL: Final = 1.0  # seconds for the sessions of a connection whose server does not wait for them any more


class AsgiApplication(AbstractAsyncContextManager["AsgiApplication"]):
    """A server's paths as an ASGI application: for uvicorn and hypercorn, or to be mounted in Starlette, FastAPI or
    Litestar. Made by `WebSocketServer.asgi`.

    Sessions are what they are elsewhere, on asyncio and trio. The task in which the server, or the framework, calls the
    application lasts until the session and its jobs have ended; they see its context variables, and
    ``session.call.asgi_scope`` is what it was called with.

    As a context manager, or at the end of the server's lifespan, it closes every session.
    """

    def __init__(self, site: Site, *, grace: Duration = 5.0, stop_reason: CloseReason = GOING_AWAY) -> None:
        # Stored state
        self._site = site
        self._grace = checked_seconds("grace", grace)
        self._stop_reason = checked_for_sending(stop_reason)
        self._front: Reception | None = None  # the one that the others are copies of
        self._open: set[Reception] = set()  # one for each connection
        self._life = AsyncExitStack()
        Reception(site, can)  # refuses now what cannot be served, and not when the first client comes

    @property
    def sessions(self) -> frozenset[ServerSession]:
        """The sessions that are not over: open ones, and those whose last jobs are ending."""
        return frozenset(session for reception in self._open for session in reception.sessions)

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {len(self._site.routes)} handlers, {len(self.sessions)} sessions>"

    # What a server calls

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        kind = scope["type"]
        if kind == "lifespan":
            await self._live(receive, send)
        elif kind in ("websocket", "http"):
            await self._serve(scope, receive, send)
        else:
            raise ValueError(f"there is nothing here for an ASGI scope of the type {kind!r}")

    async def _live(self, receive: Receive, send: Send) -> None:
        await receive()
        try:
            await self.__aenter__()
        except ValueError as error:  # a route that has come since
            await send({"type": "lifespan.startup.failed", "message": str(error)})
            return
        await send({"type": "lifespan.startup.complete"})
        await receive()
        await self.__aexit__(None, None, None)
        await send({"type": "lifespan.shutdown.complete"})

    async def __aenter__(self) -> Self:
        async with AsyncExitStack() as life:
            await life.enter_async_context(self._site._life())
            self._front = Reception(self._site, can)
            self._front.open()
            self._life = life.pop_all()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        async with self._life:
            await self._stop()

    async def _stop(self) -> None:
        assert self._front is not None  # it was entered
        with anyio.CancelScope(shield=True):
            await self._front.close(self._stop_reason, 0)  # first, so that no more of them come
            async with anyio.create_task_group() as tasks:
                for reception in self._open:
                    tasks.start_soon(reception.close, self._stop_reason, self._grace)

    # One connection

    async def _serve(self, scope: Scope, receive: Receive, send: Send) -> None:
        if self._front is None:  # mounted, without a lifespan
            self._front = Reception(self._site, can)
        reception = self._front.another()
        connection = AsgiConnection(scope, receive, send)
        reception.open()
        self._open.add(reception)
        try:
            if scope["type"] == "http" or (await receive())["type"] == "websocket.connect":
                await self._answer(scope, reception, connection, send)
        finally:
            connection.part()
            with anyio.CancelScope(shield=True):
                await reception.close(self._stop_reason, FAREWELL)
                await connection.aclose()
            self._open.discard(reception)

    async def _answer(self, scope: Scope, reception: Reception, connection: AsgiConnection, send: Send) -> None:
        decided: CompletableDeferred[Answer] = CompletableDeferred(name="the answer to a request")
        reception.decide(request_of(scope), decided.complete)
        answer = await decided
        if isinstance(answer, Response):
            await respond(scope, send, answer)
        else:
            await accept(send, answer)
            if reception.is_closing:  # since it was decided
                reason = self._stop_reason
                await send({"type": "websocket.close", "code": reason.code, "reason": reason.message})
            else:
                connection.start(answer.open)
                await reception.ended()
