"""`Router`: handlers by path, below a prefix of the server's paths."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, TypeVar

from flowws.flows import Lag, SharedFlow

from .._config import WebSockets
from ..converters import ContentConverter
from ._middleware import Middleware
from ._path_pattern import PathPattern
from ._route import Route, check_subprotocol, refuse_twins
from ._server_session import RawWebSocketServerSession, WebSocketServerSession

if TYPE_CHECKING:
    from flowws.feeds import Feed, FeedLog, ServedFeed, TakeSnapshot

T = TypeVar("T")
H = TypeVar("H", bound=Callable[[WebSocketServerSession], Awaitable[object]])
R = TypeVar("R", bound=Callable[[RawWebSocketServerSession], Awaitable[object]])
M = TypeVar("M", bound=Middleware)


class Router:
    """Handlers by path, to be put under a prefix: ``app.include("/rooms", router)``. A server is one, too.

    What a router configures, and its middleware, is for everything below it.

    >>> rooms = Router()
    >>> @rooms.websocket("/{room}")
    ... async def talk(session: WebSocketServerSession) -> None:
    ...     await session.send(f"welcome to {session.call.path_parameters['room']}")

    Kotlin: `route` with what stands in its block.
    """

    _is_root: ClassVar = False  # the paths of a server are never empty

    def __init__(self, config: WebSockets | None = None) -> None:
        self._config = _checked(config)  # None: as the router above says
        self._entries: list[Route | _Mount] = []
        self._middleware: list[Middleware] = []

    def websocket(
        self, path: str, *, subprotocol: str | None = None, config: WebSockets | None = None
    ) -> Callable[[H], H]:
        """Decorate the handler of a path: ``/updates``, or with places, ``/rooms/{room}``.

        A place is one segment; ``{id:int}``, ``{ratio:float}`` and ``{key:uuid}`` are converted, and ``{rest:path}``
        is all that follows. Of several paths that fit, one without places comes first, then the one that was added
        first. An empty path is that of the prefix itself.

        With a `subprotocol` the handler is for clients that offer it; of two with the same path the client's offer
        decides. `config` is for this path's sessions alone. When the handler returns, the session closes with 1000;
        when it raises, with 1011, and the failure is logged.

        Raises `ValueError` for a path or a subprotocol that can never fit, or that is taken.

        Kotlin: `webSocket`.
        """
        self._check(path, subprotocol, config)

        def register(handler: H) -> H:
            self._add(Route(path, handler, subprotocol, config))
            return handler

        return register

    def websocket_raw(
        self, path: str, *, subprotocol: str | None = None, config: WebSockets | None = None
    ) -> Callable[[R], R]:
        """Decorate a handler that sees every frame and answers each itself, see `RawWebSocketServerSession`; the
        arguments are those of `websocket`. When it returns, what it sent leaves, and the connection ends.

        Kotlin: `webSocketRaw`.
        """
        self._check(path, subprotocol, config)

        def register(handler: R) -> R:
            self._add(Route(path, handler, subprotocol, config, is_raw=True))
            return handler

        return register

    # A knot between two floors: feeds are served by a path, and `app.feed(...)` is what people type. The imports wait
    # for the call, when both floors stand.

    def feed(
        self,
        path: str,
        source: SharedFlow[T],
        *,
        filter: Mapping[str, Callable[[T], object]] | None = None,
        fields: Collection[str] | None = None,
        snapshot: TakeSnapshot | None = None,
        revision: Callable[[T], int] | None = None,
        lag: Lag = Lag.DROP_OLDEST,
        backlog: int = 256,
        resume: int | FeedLog[T] = 1024,
        converter: ContentConverter | None = None,
        config: WebSockets | None = None,
    ) -> ServedFeed:
        """Serve a hot flow at a path, to each client those updates that it wants; docs/feeds.md shows how.

        It is a subscriber of `source` from now on, whom nobody waits for.

        Args:
            path: as for `websocket`.
            source: a `SharedFlow` or `StateFlow`.
            filter: what clients may want, by name: plain functions of an update.
            fields: which fields of an update the filters may compare that clients write themselves. None: all of
                those that its type declares; empty: none.
            snapshot: what a client begins with, and begins anew with after each change of its filter: a function of
                the filter, sync or async, that gives the items, or a `Snapshot` of them. A sync one is exact.
                None: the value, where `source` is a state, else nothing.
            revision: which revision an update has made, each a greater one than the one before: for an async snapshot,
                which may contain some of the updates that follow. Those up to its ``revision`` are left out.
            lag: what becomes of updates for a client that does not keep up; `Lag.DISCONNECT` closes it with 1013.
            backlog: how many updates wait for such a client.
            resume: how many updates are kept for clients that come back, or a log that keeps them. Where `source` is a
                broker's flow, what is older is read from the broker, and clients may come from other processes.
            converter: writes updates and items, as JSON; a `JsonConverter` if not said otherwise.
            config: for the sessions of this path.

        Raises `TypeError` and `ValueError` for bad arguments, as for a source that cannot be tapped, `Lag.SUSPEND`,
        with which a slow client would delay others, and a path that is taken.
        """
        from flowws.feeds import Feed

        feed = Feed(
            source,
            filter=filter,
            fields=fields,
            snapshot=snapshot,
            revision=revision,
            lag=lag,
            backlog=backlog,
            resume=resume,
            converter=converter,
        )
        return self.feeds(path, {"": feed}, config=config)[""]

    def feeds(
        self, path: str, feeds: Mapping[str, Feed[Any]], *, config: WebSockets | None = None
    ) -> dict[str, ServedFeed]:
        """Serve several feeds at one path, each by its topic: a client subscribes to those that it wants, over one
        connection. The arguments of each `Feed` are those of `feed`.

        Raises what `feed` does.
        """
        from flowws.feeds import FeedEndpoint

        self._check(path, None, config)
        endpoint = FeedEndpoint(feeds)
        try:
            self._add(Route(path, endpoint, None, config, page_files=endpoint.page_files))
        except ValueError:  # the path is taken
            endpoint.close()
            raise
        return endpoint.feeds

    def middleware(self, function: M) -> M:
        """Decorate a function around the upgrades of every path below: it gets the `Call` and ``proceed``, and
        returns the answer: what ``await proceed()`` gives, or a `Response` (see `refuse`).

        The first one added is the outermost. It may be async or not, set ``call.attributes``, and add headers to the
        answer. Context variables that it sets are seen by the handler. If it raises, the client gets 500, and the
        failure is logged. It runs once the request is known to be a proper handshake of a welcome client.

        >>> from flowws.websocket import Answer, Call, Proceed, refuse
        >>> app = Router()
        >>> @app.middleware
        ... async def only_members(call: Call, proceed: Proceed) -> Answer:
        ...     if call.cookies.get("member") != "yes":
        ...         return refuse(401, "members only")
        ...     call.attributes["since"] = 2020
        ...     return await proceed()

        Kotlin: `intercept`.
        """
        if not callable(function):
            raise TypeError(f"a middleware is a function of a call and proceed, not {function!r}")
        self._middleware.append(function)
        return function

    def include(self, prefix: str, router: Router) -> None:
        """Put everything of another router under a prefix, which may have places: ``/tenants/{tenant}``.

        Raises `ValueError` for a bad prefix, and where two handlers would be for the same clients of the same path.
        """
        if prefix:
            PathPattern(prefix)
        if prefix.endswith("/"):
            raise ValueError(f"a prefix does not end with a slash: what follows begins with one; not {prefix!r}")
        if any(each is self for each in router._tree()):
            raise ValueError(f"{self!r} stands below {router!r} already")
        mount = _Mount(prefix, router)
        refuse_twins([*self.routes, *mount.routes])
        self._entries.append(mount)

    @property
    def routes(self) -> tuple[Route, ...]:
        """Every route from here down, in the order in which they were added."""
        return tuple(
            route.under("", self._config, self._middleware)
            for entry in self._entries
            for route in ([entry] if isinstance(entry, Route) else entry.routes)
        )

    def _check(self, path: str, subprotocol: str | None, config: WebSockets | None) -> None:
        _checked(config)
        if path != "" or self._is_root:
            PathPattern(path)
        if subprotocol is not None:
            check_subprotocol(subprotocol)

    def _add(self, route: Route) -> None:
        if not callable(route.handler):
            raise TypeError(f"a handler is an async function of a session, not {route.handler!r}")
        refuse_twins([*self.routes, route])
        self._entries.append(route)

    def _tree(self) -> Iterator[Router]:
        yield self
        for entry in self._entries:
            if isinstance(entry, _Mount):
                yield from entry.router._tree()

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {len(self.routes)} handlers>"


def _checked(config: WebSockets | None) -> WebSockets | None:
    if not isinstance(config, WebSockets | None):  # pyright: ignore[reportUnnecessaryIsInstance]  # untyped callers
        raise TypeError(f"config is made by WebSockets(...), not {config!r}")
    return config


@dataclass(frozen=True, slots=True)
class _Mount:
    """A router at its place in another one."""

    prefix: str
    router: Router

    @property
    def routes(self) -> list[Route]:
        return [route.under(self.prefix, None, ()) for route in self.router.routes]
