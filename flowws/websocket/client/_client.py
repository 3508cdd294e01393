"""`WebSocketClient`: opens sessions."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager
from types import TracebackType
from typing import TYPE_CHECKING, Any, Final, Generic, Literal, TypeVar, Unpack, overload

import anyio

from flowws._core import CoroutineScope

from .._config import WebSockets
from ..engines import Engine
from ..engines._choice import NAMES, choose
from ._client_handshake import ClientHandshake, Reaching
from ._client_session import ClientSide, RawWebSocketClientSession, WebSocketClientSession
from ._connect_options import ConnectOptions
from ._plan import Plan, plan_for
from ._target import without_user

if TYPE_CHECKING:
    from flowws.feeds import FeedConnection, Filter, Gap, LiveFeed, Position, Reconnected, ReconnectPolicy, Snapshot

S = TypeVar("S", bound=ClientSide)
T = TypeVar("T")


class WebSocketClient:
    """Opens sessions with servers: ``async with client.websocket("ws://127.0.0.1:8080/updates") as session``.

    A client keeps nothing between sessions but its configuration: it needs no closing, and may be used from any number
    of tasks at once.

    Args:
        config: how its sessions behave.
        base_url: what relative addresses are seen from: with ``"wss://example.org/api/"``, ``"updates"`` is
            ``"wss://example.org/api/updates"``.
        engine: "picows" (asyncio), "sansio" (asyncio and trio), or that of a `MemoryServer`; None: the one that fits
            the loop.
        options: the defaults of each connection, see `ConnectOptions`.

    Kotlin: `HttpClient` with the `WebSockets` plugin, and `defaultRequest`.
    """

    def __init__(
        self,
        config: WebSockets | None = None,
        *,
        base_url: str | None = None,
        engine: str | Engine | Reaching | None = None,
        **options: Unpack[ConnectOptions],
    ) -> None:
        if not isinstance(config, WebSockets | None):  # pyright: ignore[reportUnnecessaryIsInstance]  # untyped callers
            raise TypeError(f"config is made by WebSockets(...), not {config!r}")
        self.config: Final = WebSockets() if config is None else config
        """How its sessions behave."""
        self._base_url = base_url
        self._engine = _checked(engine)
        self._options = options
        plan_for("ws://localhost/" if base_url is None else base_url, None, options, {})  # refuses what makes no sense

    def websocket(
        self, url: str, **options: Unpack[ConnectOptions]
    ) -> AbstractAsyncContextManager[WebSocketClientSession]:
        """A session for the length of a block.

        The block is never interrupted: when the session closes, reads end and sends raise `SessionClosedError`.
        Leaving the block closes with 1000; an exception in it closes with 1011, a cancellation with 1001, and goes
        on to the caller as it is.

        Args:
            url: ``"ws://host:port/path?query"`` or ``"wss://..."``; a user and password in it are sent as Basic
                credentials (RFC 7617). Or what is left of it beyond the client's `base_url`.
            options: see `ConnectOptions`.

        Raises `HandshakeError`, with `status`, `headers` and `body`, where the server refuses; `OSError` where nobody
        answers; `ProxyError` where the proxy does not lead on; `TimeoutError` after `open_timeout`; `ValueError` and
        `TypeError` at once for arguments that make no sense.

        Kotlin: `webSocket`, `ws`, `wss`.
        """
        return _Block(self._opener(WebSocketClientSession, url, None, options))

    async def websocket_session(
        self, url: str, *, scope: CoroutineScope | None = None, **options: Unpack[ConnectOptions]
    ) -> WebSocketClientSession:
        """A session that lives until it is closed: the caller does that, or the end of `scope`. Arguments and failures
        as for `websocket`.

        Kotlin: `webSocketSession`.
        """
        return await self._opener(WebSocketClientSession, url, scope, options)()

    def websocket_raw(
        self, url: str, **options: Unpack[ConnectOptions]
    ) -> AbstractAsyncContextManager[RawWebSocketClientSession]:
        """A session for the length of a block that shows and sends each frame; extensions are not offered. Arguments
        and failures as for `websocket`; `ValueError` where the engine cannot do that.

        Leaving the block ends the connection behind what was sent, without a Close frame of its own; an exception in
        it closes with 1011, a cancellation with 1001, and goes on to the caller as it is.

        Kotlin: `webSocketRaw`, `wsRaw`, `wssRaw`.
        """
        return _Block(self._opener(RawWebSocketClientSession, url, None, options))

    async def websocket_raw_session(
        self, url: str, *, scope: CoroutineScope | None = None, **options: Unpack[ConnectOptions]
    ) -> RawWebSocketClientSession:
        """Such a session that lives until it is closed: the caller does that, or the end of `scope`.

        Kotlin: `webSocketRawSession`.
        """
        return await self._opener(RawWebSocketClientSession, url, scope, options)()

    # A knot between two floors: feeds stand on sessions, and `client.feed(...)` is what people type. The imports wait
    # for the call, when both floors stand.

    @overload
    def feed(
        self,
        url: str,
        type: type[T],
        *,
        filter: Filter | str | list[Any] | None = None,
        after: Position | str | None = None,
        markers: Literal[False] = False,
        policy: ReconnectPolicy | None = None,
        **options: Unpack[ConnectOptions],
    ) -> LiveFeed[T]: ...
    @overload
    def feed(
        self,
        url: str,
        type: type[T],
        *,
        filter: Filter | str | list[Any] | None = None,
        after: Position | str | None = None,
        markers: Literal[True],
        policy: ReconnectPolicy | None = None,
        **options: Unpack[ConnectOptions],
    ) -> LiveFeed[T | Snapshot[T] | Gap | Reconnected]: ...
    @overload
    def feed(
        self,
        url: str,
        type: Any = Any,
        *,
        filter: Filter | str | list[Any] | None = None,
        after: Position | str | None = None,
        markers: bool = False,
        policy: ReconnectPolicy | None = None,
        **options: Unpack[ConnectOptions],
    ) -> LiveFeed[Any]: ...
    def feed(
        self,
        url: str,
        type: Any = Any,
        *,
        filter: Filter | str | list[Any] | None = None,
        after: Position | str | None = None,
        markers: bool = False,
        policy: ReconnectPolicy | None = None,
        **options: Unpack[ConnectOptions],
    ) -> LiveFeed[Any]:
        """The feed that a server has at an address, as a flow: ``async for person in client.feed(url, Person)``. When
        the connection is lost it comes back by itself, and the feed goes on where it was.

        Nothing is opened before somebody collects it. All collections share one connection.

        Args:
            url: as for `websocket`.
            type: what its values are, and the items of its snapshot: a class, a union, a generic. Without it they are
                what JSON gives.
            filter: what is wanted of it: a `flowws.feeds.Filter`, the name of one, or what `Filter.to_json` gives.
                None: all.
            after: where to go on, instead of beginning with a snapshot: the `LiveFeed.position` of an earlier time.
            markers: whether there are also `Snapshot`, `Gap` and `Reconnected`.
            policy: when to connect again, and when to give up.
            options: see `ConnectOptions`.

        Raises `ValueError` and `TypeError` at once for arguments that make no sense. What the collection raises, says
        `flowws.feeds.LiveFeed`.
        """
        connection = self.feeds(url, policy=policy, **options)
        return connection.subscribe("", type, filter=filter, after=after, markers=markers)

    def feeds(
        self, url: str, *, policy: ReconnectPolicy | None = None, **options: Unpack[ConnectOptions]
    ) -> FeedConnection:
        """One connection for several feeds of a server: ``connection.subscribe("orders", Order)``. Nothing is opened
        before somebody collects one of them. Arguments as for `feed`.
        """
        from flowws.feeds import FeedConnection

        return FeedConnection(self, url, policy=policy, **options)

    async def reconnecting(
        self,
        url: str,
        handler: Callable[[WebSocketClientSession], Awaitable[object]],
        *,
        policy: ReconnectPolicy | None = None,
        **options: Unpack[ConnectOptions],
    ) -> None:
        """Call ``handler(session)``, and when the connection is lost, call it again with a new session.

        The handler is a job of its session, as a server's is: when that closes, it is cancelled; if it reads
        `incoming`, its reads end instead, and it has `linger` seconds to return. All is done when the handler returns
        while its session is open, or closes it, or when the server closes it with 1000.

        Raises at once what the handler raises that is not merely the end of its session; and what opening the session
        raises, or `SessionClosedError`, where the policy calls that fatal. Arguments as for `feed`.
        """
        from flowws.feeds import reconnecting

        await reconnecting(self, url, handler, policy=policy, **options)

    def _opener(
        self, kind: type[S], url: str, scope: CoroutineScope | None, options: ConnectOptions
    ) -> Callable[[], Awaitable[S]]:
        """What opens a session; the arguments are checked now."""
        plan = plan_for(url, self._base_url, self._options, options)

        async def open_session() -> S:
            parent = None if scope is None else scope.job
            return await _in_time(plan, ClientHandshake(plan, self._engine_for(kind), kind, self.config, parent))

        return open_session

    def _engine_for(self, kind: type[ClientSide]) -> Engine | Reaching:
        engine = choose(self._engine) if self._engine is None or isinstance(self._engine, str) else self._engine
        if issubclass(kind, RawWebSocketClientSession) and not engine.can.raw:
            raise ValueError(f"the engine {engine.name!r} cannot show single frames: open the session with websocket()")
        return engine

    def __repr__(self) -> str:
        return "<WebSocketClient>" if self._base_url is None else f"<WebSocketClient {without_user(self._base_url)}>"


def _checked(engine: str | Engine | Reaching | None) -> str | Engine | Reaching | None:
    if isinstance(engine, str) and engine not in NAMES:
        raise ValueError(f"engine must be one of {NAMES}, or None for the one that fits the loop, not {engine!r}")
    if engine is not None and not isinstance(engine, str) and not hasattr(engine, "can"):
        raise TypeError(f"engine is a name, or the engine of a MemoryServer, not {engine!r}")
    return engine


async def _in_time(plan: Plan, handshake: ClientHandshake[S]) -> S:
    with anyio.move_on_after(plan.open_timeout):
        return await handshake.open()
    raise TimeoutError(f"no session with {plan.target.url} within {plan.open_timeout:g} s")


class _Block(AbstractAsyncContextManager[S], Generic[S]):
    def __init__(self, open_session: Callable[[], Awaitable[S]]) -> None:
        self._open_session = open_session
        self._session: S | None = None

    async def __aenter__(self) -> S:
        if self._session is not None:
            raise RuntimeError("this block has been entered already: each has a session of its own")
        self._session = await self._open_session()
        return self._session

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        assert self._session is not None  # the block was entered
        session, self._session = self._session, None
        await session.leave(error)
