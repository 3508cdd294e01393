"""`Reception`: where requests become sessions, whichever engine brings them."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from contextvars import Context, copy_context
from copy import copy
from dataclasses import replace
from typing import Final

import anyio

from flowws._core import CoroutineScope, CoroutineStart

from .._close_reason import CloseReason
from ..engines import Abilities, Answer, Connection, Endpoint, Request, Response, Upgrade
from ..extensions import LocalExtension, WebSocketExtension, accept
from ._call import Call, printable
from ._handshake import Handshake
from ._middleware import pass_through
from ._pages import text
from ._route import Match, Route, RouteTable
from ._server_session import RawWebSocketServerSession, ServerSession, WebSocketServerSession
from ._site import Site

_log: Final = logging.getLogger("flowws.websocket")

_STOPS: Final = text(503, "the server stops")


class Reception:
    """The sessions of one serving of an app.

    ::

        engine  --  decide(request, respond)  -->  Handshake  --  a page, or why not  ------------>  respond(Response)
                                                       |
                                                    a route  --  middleware (a job, if any)  ----->  respond(...)
                                                       |
        engine  --  Upgrade.open(connection)  -->  a session, its handler started

    Routes that are added to the app later are for its next serving. Raises `ValueError`, naming the route, for one
    that this engine cannot serve.
    """

    def __init__(self, app: Site, can: Abilities) -> None:
        # Stored state
        self._app = app
        self._routes = RouteTable(app.routes)
        for route in self._routes.routes:
            _check(route, can)
            app._pages.lend(route.page_files)
        self._handshake = Handshake(self._routes, app._pages, app._origins)
        self._sessions: set[ServerSession] = set()
        self._context: Context | None = None
        self._scope: CoroutineScope | None = None
        self._requests: CoroutineScope | None = None  # those whose middleware has not answered yet
        self._stops_with: CloseReason | None = None

    @property
    def sessions(self) -> frozenset[ServerSession]:
        """The sessions that are not over: open ones, and those whose last jobs are ending."""
        return frozenset(self._sessions)

    @property
    def max_frame_size(self) -> int:
        """The largest of all routes."""
        return max((route.config.max_frame_size for route in self._routes.routes), default=1)

    def another(self) -> Reception:
        """One for the same routes, with sessions of its own: the asgi engine opens one for each connection."""
        other = copy(self)
        other._sessions = set()
        return other

    @property
    def is_closing(self) -> bool:
        """Whether `close` was called."""
        return self._stops_with is not None

    def open(self) -> None:
        """Begin. Handlers see the context variables of this call's caller."""
        self._context = copy_context()
        self._scope = CoroutineScope("sessions", supervisor=True)
        self._requests = CoroutineScope("requests", supervisor=True)

    async def close(self, reason: CloseReason, grace: float) -> None:
        """Close every session with this reason. Handlers have `grace` seconds to return; what is left then is cut. New
        requests are answered with 503 from now on.
        """
        assert self._scope is not None  # it was opened
        assert self._requests is not None  # as above
        self._stops_with = self._stops_with or reason  # the first one counts, as it does for a session
        self._requests.cancel("the server stops")
        for session in self.sessions:
            session.go_away(reason)
        with anyio.move_on_after(grace):
            await self.ended()
        for session in self.sessions:
            session.cut()
        await self.ended()
        await self._requests.aclose()
        await self._scope.aclose()

    async def ended(self) -> None:
        """Wait until no session is left."""
        while self._sessions:
            for session in self.sessions:
                await session.ended()

    # Requests

    def decide(self, request: Request, respond: Callable[[Answer], object]) -> None:
        """What to do about a request: a `Decide`."""
        assert self._context is not None  # it was opened
        try:
            found = _STOPS if self.is_closing else self._handshake.examine(request)
            if isinstance(found, Match):
                self._context.copy().run(self._receive, request, found, respond)
                return
            answer = found
        except Exception:  # noqa: BLE001  # a request must not take the server down, nor be told what happened
            answer = self._failed(request)
        self._respond(request, answer, respond)

    def _receive(self, request: Request, match: Match, respond: Callable[[Answer], object]) -> None:
        assert self._requests is not None  # it was opened
        call = self._call(request, match)
        if match.route.middleware:
            self._requests.launch(
                self._ask_middleware,
                request,
                call,
                match.route,
                respond,
                name=f"upgrade of {printable(call.path)}",
                start=CoroutineStart.ATOMIC,  # it answers even if it is cancelled before it begins
            )
        else:
            self._respond(request, self._upgrade(call, match.route), respond)

    def _call(self, request: Request, match: Match) -> Call:
        client_address, scheme = self._app._trusted_proxies.seen_by(request)
        return Call(
            target=request.target,
            headers=request.headers,
            path_parameters={**request.scope.get("path_params", {}), **match.path_parameters},  # a framework's first
            client_address=client_address,
            subprotocol=match.route.subprotocol,
            scheme=scheme,
            route=match.route.path,
            tls=request.tls,
            state=self._app.state,
            asgi_scope=request.scope,
        )

    async def _ask_middleware(
        self, request: Request, call: Call, route: Route, respond: Callable[[Answer], object]
    ) -> None:
        answer: Answer = _STOPS  # that is why this job may be cancelled
        try:
            answer = await pass_through(route.middleware, call, lambda: self._upgrade(call, route))
        except Exception:  # noqa: BLE001  # as in `decide`
            answer = self._failed(request)
        finally:
            self._respond(request, answer, respond)

    def _upgrade(self, call: Call, route: Route) -> Answer:
        if self.is_closing:
            return _STOPS
        try:
            factories = () if route.is_raw else route.config.extensions  # raw sessions show what travels
            extensions, agreed = accept(factories, call.headers.get_all("Sec-WebSocket-Extensions"))
        except ValueError:
            return text(400, "this is no WebSocket handshake: Sec-WebSocket-Extensions cannot be read")
        headers = (("Sec-WebSocket-Protocol", route.subprotocol), ("Sec-WebSocket-Extensions", agreed))
        context = copy_context()  # with what middleware has set
        return Upgrade(
            lambda connection: context.run(self._open_session, connection, call, route, extensions),
            tuple((name, value) for name, value in headers if value is not None),
            route.subprotocol,
        )

    def _respond(self, request: Request, answer: Answer, respond: Callable[[Answer], object]) -> None:
        if isinstance(answer, Response) and answer.status >= 400:
            client_address, scheme = self._app._trusted_proxies.seen_by(request)
            self._app._observers.refused(replace(request, client_address=client_address, scheme=scheme), answer)
        respond(answer)

    def _failed(self, request: Request) -> Response:
        _log.exception("answering %r failed", request.target)
        return text(500, "something went wrong here")

    # Sessions

    def _open_session(
        self, connection: Connection, call: Call, route: Route, extensions: Sequence[WebSocketExtension]
    ) -> Endpoint:
        assert self._scope is not None  # it was opened
        call._keep()
        kind = RawWebSocketServerSession if route.is_raw else WebSocketServerSession
        session = kind(connection, route.config, call, extensions, parent=self._scope.job)
        self._sessions.add(session)
        self._app._observers.opened(session)
        endpoint = session.begin(route.handler, self._ended)
        if self._stops_with is not None:  # decided before, opened after
            session.go_away(self._stops_with)
        return endpoint

    def _ended(self, session: ServerSession) -> None:
        self._sessions.discard(session)
        self._app._observers.ended(session)


def _check(route: Route, can: Abilities) -> None:
    if route.config.masking and not can.server_masking:
        raise ValueError(f"masking=True of {route.named}: this engine cannot mask the frames of a server")
    if route.config.ping_interval is not None and not can.pings:
        interval = route.config.ping_interval
        raise ValueError(f"ping_interval={interval!r} of {route.named}: this engine cannot send pings")
    if not (can.raw or all(isinstance(each, LocalExtension) for each in route.config.extensions)):
        raise ValueError(f"extensions={route.config.extensions!r} of {route.named}: this engine has no reserved bits")
    if route.is_raw and not can.raw:
        raise ValueError(f"{route.named} is a raw route: this engine shows no frames")
