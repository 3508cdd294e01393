"""The asgi engine as an `Engine`: real ASGI servers bring its connections."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from socket import socket
from ssl import SSLContext
from typing import Any

import anyio

from flowws import CompletableDeferred, CoroutineScope, Job
from flowws.websocket.engines import Abilities, Answer, Decide, Listening, Opening, Response, ServerLimits
from flowws.websocket.engines._asgi import AsgiConnection, can
from flowws.websocket.engines._asgi_request import accept, request_of, respond
from tests.websocket.asgi.serving import ServerName, _hypercorn, _uvicorn


class AsgiEngine:
    """Lets an ASGI server take the clients."""

    can: Abilities = can

    def __init__(self, server: ServerName) -> None:
        self.name = f"asgi on {server}"
        self._server: ServerName = server

    async def serve(
        self, decide: Decide, listeners: Sequence[socket], *, ssl: SSLContext | None, limits: ServerLimits
    ) -> Listening:
        (listener,) = listeners
        make = _uvicorn if self._server == "uvicorn" else _hypercorn
        run, stop = make(_application(decide, limits), listener.dup(), 0.05)
        listener.close()
        scope = CoroutineScope("an ASGI server")
        return AsgiListening(scope, scope.launch(run), stop)

    async def connect(self, opening: Opening, line: socket) -> None:
        raise NotImplementedError("ASGI has no clients")


class AsgiListening:
    sockets: Sequence[socket] = ()

    def __init__(self, scope: CoroutineScope, serving: Job, stop: Callable[[], object]) -> None:
        self._scope = scope
        self._serving = serving
        self._stop = stop

    def close(self) -> None:
        self._stop()

    def cut_all(self) -> None:
        """The server does that itself, soon after it was told to stop."""

    async def wait_closed(self) -> None:
        with anyio.CancelScope(shield=True):
            await self._serving.join()
            await self._scope.aclose()


def _application(decide: Decide, limits: ServerLimits) -> Any:
    async def application(scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "lifespan":
            for step in ("startup", "shutdown"):
                await receive()
                await send({"type": f"lifespan.{step}.complete"})
            return
        connection = AsgiConnection(scope, receive, send)
        connection.limit_frames(limits.max_frame_size)
        await receive()
        decided: CompletableDeferred[Answer] = CompletableDeferred()
        decide(request_of(scope), decided.complete)
        answer = await decided
        if isinstance(answer, Response):
            await respond(scope, send, answer)
            return
        await accept(send, answer)
        over = anyio.Event()
        connection.start(answer.open)
        connection._jobs.job.invoke_on_completion(lambda _: over.set())
        try:
            await over.wait()
        finally:
            with anyio.CancelScope(shield=True):
                await connection.aclose()

    return application
