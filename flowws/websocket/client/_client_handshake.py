"""`ClientHandshake`: from a plan to an open session. Mostly one handshake; more after a redirect, or a 401."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Generic, Protocol, TypeGuard, TypeVar, cast

import anyio
from websockets.datastructures import Headers

from flowws._core import Job, ScopeClosedError

from .._config import WebSockets
from .._errors import HandshakeError
from ..engines import Abilities, Connection, Endpoint, Engine, Opening, RefusedError
from ..extensions import WebSocketExtension, agreed, offer
from ._auth import ask
from ._client_headers import chosen_subprotocol
from ._client_session import ClientSide, RawWebSocketClientSession
from ._plan import Plan
from ._redirects import no_redirect, redirection
from ._way import Way, default_context, way_to


class Reaching(Protocol):
    """An engine that needs no socket: memory."""

    name: str
    can: Abilities

    async def reach(self, opening: Opening) -> None:
        """Shake hands, as `Engine.connect` does."""


S = TypeVar("S", bound=ClientSide)


class ClientHandshake(Generic[S]):
    """The way to one session.

    ::

        plan  -->  handshake  -->  101: an open session
                    ^      |
                    |      +---->  401, once, if `auth` has something to add --+
                    |      +---->  a redirect that may be followed ------------+
                    +----------------------------------------------------------+
    """

    def __init__(
        self,
        plan: Plan,
        engine: Engine | Reaching,
        kind: type[S],
        config: WebSockets,
        parent: Job | None,
    ) -> None:
        # Stored state
        self._plan = plan
        self._engine = engine
        self._kind = kind
        self._config = config
        self._offered = () if issubclass(kind, RawWebSocketClientSession) else config.extensions
        self._parent = parent
        self._target = plan.target
        self._credentials: list[tuple[str, str]] = []
        self._redirects = 0

    async def open(self) -> S:
        """Open the session. Raises `HandshakeError` where the server refuses, `OSError` where nobody answers."""
        self._check_parent()
        auth = self._plan.auth
        if auth is not None:
            self._credentials = await ask(auth, None) or []
        while True:
            try:
                return await self._shake_hands()
            except HandshakeError as refusal:
                if auth is not None and refusal.status == 401 and self._is_at_home:
                    renewed, auth = await ask(auth, refusal), None
                    if renewed is None:
                        raise
                    self._credentials = renewed
                else:
                    self._follow(refusal)

    def _check_parent(self) -> None:
        if self._parent is not None and not self._parent.is_active:
            raise ScopeClosedError(self._parent.name)

    @property
    def _is_at_home(self) -> bool:
        return self._target.is_safe_from(self._plan.target)

    def _follow(self, refusal: HandshakeError) -> None:
        """Turn to where the refusal leads, or raise it."""
        there = redirection(refusal, self._target) if self._plan.max_redirects else None
        if there is None:
            raise refusal
        if self._redirects == self._plan.max_redirects:
            raise no_redirect(refusal, f"the server redirects once too often, to {there.url}") from refusal
        if self._plan.uds is not None and not there.is_safe_from(self._plan.target):
            raise no_redirect(refusal, f"the server redirects away from its unix socket, to {there.url}") from refusal
        self._redirects += 1
        self._target = there

    async def _shake_hands(self) -> S:
        opened: list[S] = []
        opening = self._opening(opened)
        way: Way | None = None
        try:
            if _needs_a_socket(self._engine):
                way = await way_to(self._target, self._plan)
                await self._engine.connect(opening, way.line)
            else:
                await cast("Reaching", self._engine).reach(opening)
        except BaseException as error:
            await _clear_away(opened, way)
            if isinstance(error, RefusedError):
                raise HandshakeError(
                    error.problem, status=error.status, headers=error.headers, body=error.body
                ) from error
            raise
        (session,) = opened
        if way is not None and way.tunnel is not None:
            _keep(session, way.tunnel)
        return session

    def _opening(self, opened: list[S]) -> Opening:
        """What the engine is asked for; the session comes into `opened`."""
        plan, target = self._plan, self._target
        subprotocols: list[str | None] = []
        extensions: list[WebSocketExtension] = []

        def check(answer: Headers) -> None:
            self._check_parent()  # it may have ended while we waited
            try:
                subprotocols.append(chosen_subprotocol(answer, plan.subprotocols))
                extensions.extend(agreed(self._offered, answer.get_all("Sec-WebSocket-Extensions")))
            except ValueError as error:
                raise HandshakeError(str(error), status=101, headers=answer) from error

        def open_endpoint(connection: Connection, answer: Headers) -> Endpoint:
            session = self._kind(
                connection, self._config, target.url, answer, subprotocols[0], tuple(extensions), parent=self._parent
            )
            opened.append(session)
            return session.endpoint()

        return Opening(
            target.url,
            self._headers(),
            check,
            open_endpoint,
            (plan.ssl or default_context()) if target.uri.secure else None,
            plan.server_hostname if self._is_at_home else None,
            self._config.max_frame_size,
        )

    def _headers(self) -> list[tuple[str, str]]:
        headers = self._plan.headers_for(self._target, self._credentials)
        if self._plan.subprotocols:
            headers.append(("Sec-WebSocket-Protocol", ", ".join(self._plan.subprotocols)))
        line = offer(self._offered)
        if line is not None:
            headers.append(("Sec-WebSocket-Extensions", line))
        return headers


def _needs_a_socket(engine: Engine | Reaching) -> TypeGuard[Engine]:
    return hasattr(engine, "connect")  # `isinstance` with a protocol takes as long as a system call


async def _clear_away(opened: Sequence[ClientSide], way: Way | None) -> None:
    for session in opened:
        await session.cut()
    if way is not None and way.tunnel is not None:
        with anyio.CancelScope(shield=True):
            await way.tunnel.cancel_and_join()


def _keep(session: ClientSide, tunnel: Job) -> None:
    """The session is over when its tunnel is: no task outlives it."""
    try:
        session.launch(_outlast, tunnel)
    except ScopeClosedError:  # it is over already; so is the tunnel, soon
        pass


async def _outlast(tunnel: Job) -> None:
    with anyio.CancelScope(shield=True):  # the last words of a session that closes go through it
        await tunnel.join()
