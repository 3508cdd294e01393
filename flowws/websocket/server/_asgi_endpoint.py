"""`asgi_endpoint`: one handler as an ASGI application, behind the routes of a framework."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable
from functools import cached_property
from typing import Any, Final, Protocol

from flowws._core import Duration

from .._close_reason import GOING_AWAY, CloseReason
from .._config import WebSockets
from ..engines._asgi import Receive
from ..engines._asgi_writer import Send
from ._asgi_application import AsgiApplication
from ._path_pattern import PathPattern
from ._route import Handler, Route, check_subprotocol
from ._server_session import WebSocketServerSession
from ._site import Site

_ATTRIBUTES: Final = "flowws.attributes"  # our key in the scope


class FrameworkWebSocket(Protocol):
    """What Starlette, FastAPI and Litestar hand to a function: not accepted yet."""

    @property
    def scope(self) -> Any: ...
    @property
    def receive(self) -> Receive: ...
    @property
    def send(self) -> Send: ...


class AsgiEndpoint(AsgiApplication):
    """One handler as an ASGI application, made by `asgi_endpoint`.

    It goes where a framework takes ASGI applications, or into a function of the framework, which calls `serve`.
    """

    async def serve(self, websocket: FrameworkWebSocket, **attributes: object) -> None:
        """Take over a WebSocket that the framework has not accepted yet, until the session and its jobs have ended.

        The handler finds the keyword arguments in ``session.call.attributes``: what the framework has injected.
        """
        scope = {**websocket.scope, _ATTRIBUTES: attributes}
        await self(scope, websocket.receive, websocket.send)


def asgi_endpoint(
    handler: Callable[[WebSocketServerSession], Awaitable[object]],
    config: WebSockets | None = None,
    *,
    subprotocol: str | None = None,
    origins: Iterable[str] = (),
    grace: Duration = 5.0,
    stop_reason: CloseReason = GOING_AWAY,
) -> AsgiEndpoint:
    """One handler as an ASGI application, for the routes of Starlette, FastAPI and Litestar.

    The path is the framework's affair: ``session.call.path_parameters`` is what it found there. What is asked for
    beforehand (guards, dependencies) decides before the upgrade, as it does anywhere in the framework. `subprotocol`
    and `origins` are those of `WebSocketServer`, `grace` and `stop_reason` those of `WebSocketServer.asgi`.

    Raises `ValueError` for a `config` that asks for more than ASGI has: pings, masking, extensions.
    """
    if subprotocol is not None:
        check_subprotocol(subprotocol)
    return AsgiEndpoint(_OneHandler(handler, config, subprotocol, origins), grace=grace, stop_reason=stop_reason)


class _OneHandler(Site):
    """A site with a single handler, which every path leads to."""

    def __init__(
        self, handler: Handler, config: WebSockets | None, subprotocol: str | None, origins: Iterable[str]
    ) -> None:
        super().__init__(config, origins=origins)

        async def handle(session: WebSocketServerSession) -> None:
            session.call.attributes.update(session.call.asgi_scope.get(_ATTRIBUTES, {}))
            await handler(session)

        self._route = _EveryPath("*", handle, subprotocol, self.config)

    @property
    def routes(self) -> tuple[Route, ...]:
        return (self._route,)


class _EveryPath(Route):
    @property
    def named(self) -> str:
        return "this endpoint"

    @cached_property
    def pattern(self) -> PathPattern:
        return _AnyPath()


class _AnyPath(PathPattern):
    def __init__(self) -> None:
        """Nothing to compile."""

    @property
    def has_places(self) -> bool:
        return True

    def match(self, path: str) -> dict[str, Any]:
        return {}
