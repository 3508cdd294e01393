"""`WebSocketServer`: paths, handlers and pages, and the serving of them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from os import PathLike
from ssl import SSLContext
from typing import Any, Literal, TypedDict, Unpack

from flowws._core import Duration

from .._close_reason import GOING_AWAY, CloseReason, checked_for_sending
from .._config import checked_seconds
from ..engines import ServerLimits
from ._asgi_application import AsgiApplication
from ._binding import Address, check_address
from ._running import Loop, OnStart, run_alone
from ._serving import Serving
from ._site import Site


class ServeOptions(TypedDict, total=False):
    """What `WebSocketServer.run` passes on to `serve`."""

    ssl: SSLContext | None
    grace: Duration
    stop_reason: CloseReason
    engine: str | None
    reuse_port: bool
    head_timeout: Duration
    max_head_size: int
    max_connections: int | None
    max_connections_per_address: int | None


class WebSocketServer(Site):
    """Handlers by path, and the folders of a page beside them.

    A page of another origin may not open sessions unless `origins` lists it (``["https://example.org"]``, or ``"*"``
    for any); the server's own pages, and clients that are no browsers, always may. Behind a proxy, list it in
    `trusted_proxies`, so that a call knows its client's address. ``GET /healthz`` answers 200 by itself, and 503 once
    the server stops. Each session, and each refused request, is a record of the logger ``flowws.websocket.access``.

    `lifespan` is the block around each time that it is served, in every worker: a function of the server that gives an
    async context manager. It opens what handlers need, such as a broker, and may add paths; it is left when the last
    session is over.

    >>> from flowws.websocket import WebSocketServerSession
    >>> app = WebSocketServer()
    >>> @app.websocket("/echo")
    ... async def echo(session: WebSocketServerSession) -> None:
    ...     async for frame in session.incoming:
    ...         await session.send(frame)

    Kotlin: the `WebSockets` plugin and its `routing`.
    """

    def serve(
        self,
        host: str | None = None,
        port: int | None = None,
        *,
        uds: str | PathLike[str] | None = None,
        bind: Iterable[Address] = (),
        ssl: SSLContext | None = None,
        grace: Duration = 5.0,
        stop_reason: CloseReason = GOING_AWAY,
        engine: str | None = None,
        reuse_port: bool = False,
        head_timeout: Duration = 10.0,
        max_head_size: int = 64 * 1024,
        max_connections: int | None = None,
        max_connections_per_address: int | None = None,
    ) -> Serving:
        """Serve for the length of a block: ``async with app.serve("127.0.0.1", 0) as server: server.port``.

        At the end every session closes with `stop_reason`. Handlers have `grace` seconds to return; then what is left
        is cancelled and cut off. Nothing is left when the block is. Handlers see the context variables of the block's
        caller.

        Args:
            host: a name or an address; None: every interface.
            port: 0 or None: any that is free. Without host, port, `uds` and `bind`, all interfaces at such a port.
            uds: the path of a unix socket.
            bind: more addresses: ``(host, port)``, the path of a unix socket, or a bound socket.
            ssl: makes it ``wss``, on every address.
            grace: how long handlers have to return when the server stops.
            stop_reason: what clients are told then: 1001, or 1012 (a restart), for instance.
            engine: "picows" (asyncio) or "sansio"; None: the one that fits the loop.
            reuse_port: share the ports with other processes that do so, too.
            head_timeout: how long a request may take to arrive, the TLS handshake included.
            max_head_size: bytes of a request line and its headers together; beyond: 431.
            max_connections: of all clients together, with a session or without; beyond: 503.
            max_connections_per_address: of one address, that of the proxy where there is one; beyond: 429.

        Raises, when the block is entered, `OSError` where an address is taken, and `ValueError` for a route that the
        engine cannot serve.
        """
        return Serving(
            self,
            _addresses(host, port, uds, bind),
            ssl=_checked_ssl(ssl),
            grace=checked_seconds("grace", grace),
            stop_reason=checked_for_sending(stop_reason),
            engine=engine,
            reuse_port=reuse_port,
            limits=ServerLimits(
                max_frame_size=1,  # until the routes are known
                head_timeout=checked_seconds("head_timeout", head_timeout, positive=True),
                max_head_size=_one_or_more("max_head_size", max_head_size),
                max_connections=_limit("max_connections", max_connections),
                max_connections_per_address=_limit("max_connections_per_address", max_connections_per_address),
            ),
        )

    def asgi(self, *, grace: Duration = 5.0, stop_reason: CloseReason = GOING_AWAY) -> AsgiApplication:
        """These paths as an ASGI application: for uvicorn and hypercorn, or mounted in Starlette, FastAPI or Litestar.

        When the server's lifespan ends, every session closes with `stop_reason`; handlers have `grace` seconds to
        return. Raises `ValueError`, quoting the path, for what ASGI cannot do: raw routes, pings, masking, extensions.
        """
        return AsgiApplication(self, grace=grace, stop_reason=stop_reason)

    def run(
        self,
        host: str | None = None,
        port: int | None = None,
        *,
        uds: str | PathLike[str] | None = None,
        bind: Iterable[Address] = (),
        workers: int = 1,
        backend: Literal["asyncio", "trio"] = "asyncio",
        backend_options: Mapping[str, Any] | None = None,
        on_start: OnStart | None = None,
        **options: Unpack[ServeOptions],
    ) -> None:
        """Serve until SIGINT (Ctrl-C) or SIGTERM; a second signal does not wait for the handlers any longer.

        What the program consists of by then is left out of garbage collections meanwhile (`gc.freeze`): they hold up
        every client.

        Args:
            host: as for `serve`; without any address it is 127.0.0.1, port 8080.
            port: as for `serve`.
            uds: as for `serve`.
            bind: as for `serve`.
            workers: how many processes share the ports. Each has sessions and an ``app.state`` of its own. One that
                dies is replaced. More than one need a system with fork and SO_REUSEPORT.
            backend: the loop.
            backend_options: for the loop: ``{"use_uvloop": True}``.
            on_start: called with the port once it serves; in this process, and with workers once all of them do.
            options: as for `serve`.
        """
        addresses = _addresses(host, port, uds, bind, default=("127.0.0.1", 8080))
        scheme = "http" if options.get("ssl") is None else "https"

        def serve(addresses: Sequence[Address], *, shared: bool) -> Serving:
            options["reuse_port"] = shared or options.get("reuse_port", False)
            return self.serve(bind=addresses, **options)

        loop = Loop(backend, {} if backend_options is None else dict(backend_options))
        if _one_or_more("workers", workers) == 1:
            run_alone(serve(addresses, shared=False), loop, scheme, on_start or _nothing)
        else:
            from ._workers import run_workers  # here: few need processes, and they take their time to load

            run_workers(workers, serve, addresses, loop, scheme, on_start or _nothing)


def _nothing(_: int) -> None:
    """Nobody wants to know."""


def _addresses(
    host: str | None,
    port: int | None,
    uds: str | PathLike[str] | None,
    bind: Iterable[Address],
    default: Address = (None, 0),
) -> list[Address]:
    addresses: list[Address] = [] if uds is None else [uds]
    if isinstance(bind, (str, PathLike)):
        raise TypeError(f"bind is a list of addresses, such as [{bind!r}], not {bind!r}")
    addresses += bind
    if host is not None or port is not None:
        addresses.insert(0, (host, 0 if port is None else port))
    for address in addresses:
        check_address(address)
    return addresses or [default]


def _checked_ssl(ssl: SSLContext | None) -> SSLContext | None:
    if ssl is not None and not isinstance(ssl, SSLContext):  # pyright: ignore[reportUnnecessaryIsInstance]  # untyped callers
        raise TypeError(f"ssl is an ssl.SSLContext, not {ssl!r}")
    return ssl


def _limit(name: str, number: int | None) -> int | None:
    return None if number is None else _one_or_more(name, number)


def _one_or_more(name: str, number: int) -> int:
    if number < 1:
        raise ValueError(f"{name} must be 1 or more, not {number!r}")
    return number
