"""`Serving`: a server at work."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractAsyncContextManager, AsyncExitStack
from dataclasses import replace
from socket import AF_INET, AF_INET6, socket
from ssl import SSLContext
from types import TracebackType
from typing import Self

import anyio

from .._close_reason import CloseReason
from ..engines import Listening, ServerLimits
from ..engines._choice import choose
from ._binding import Address, bind, remove_files
from ._reception import Reception
from ._server_session import ServerSession
from ._site import Site


class Serving(AbstractAsyncContextManager["Serving"]):
    """A server at work: made by `WebSocketServer.serve`."""

    def __init__(
        self,
        app: Site,
        addresses: Sequence[Address],
        *,
        ssl: SSLContext | None,
        grace: float,
        stop_reason: CloseReason,
        engine: str | None,
        reuse_port: bool,
        limits: ServerLimits,
    ) -> None:
        # Stored state
        self._app = app
        self._addresses = addresses
        self._ssl = ssl
        self._grace = grace
        self._stop_reason = stop_reason
        self._engine_name = engine
        self._reuse_port = reuse_port
        self._limits = limits
        self._port = 0
        self._reception: Reception | None = None
        self._listening: Listening | None = None
        self._life = AsyncExitStack()

    @property
    def sessions(self) -> frozenset[ServerSession]:
        """The sessions that are not over: open ones, and those whose last jobs are ending."""
        return frozenset() if self._reception is None else self._reception.sessions

    @property
    def sockets(self) -> tuple[socket, ...]:
        """The sockets that listen; none any more once the server has stopped."""
        return () if self._listening is None else tuple(self._listening.sockets)

    @property
    def port(self) -> int:
        """The port of the first host: the one that was asked for, or that was picked for 0. 0 where there is none, as
        with unix sockets alone.
        """
        return self._port

    @property
    def is_stopping(self) -> bool:
        """Whether the server stops, or has stopped: ``GET /healthz`` is answered with 503."""
        return self._reception is not None and self._reception.is_closing

    def __repr__(self) -> str:
        where = f"at port {self.port}" if self.port else "at a unix socket"
        return f"<Serving {where if self.sockets else 'stopped'}, {len(self.sessions)} sessions>"

    async def __aenter__(self) -> Self:
        if self._listening is not None:
            raise RuntimeError("this server has been entered already: each block needs a serve() of its own")
        async with AsyncExitStack() as life:
            await life.enter_async_context(self._app._life())
            await self._listen()
            self._life = life.pop_all()
        return self

    async def _listen(self) -> None:
        engine = choose(self._engine_name)
        self._reception = reception = Reception(self._app, engine.can)
        listeners = bind(self._addresses, reuse_port=self._reuse_port)
        self._port = next((port_of(each) for each in listeners if port_of(each)), 0)
        limits = replace(self._limits, max_frame_size=reception.max_frame_size)
        reception.open()
        try:
            self._listening = await engine.serve(reception.decide, listeners, ssl=self._ssl, limits=limits)
        except BaseException:
            for each in listeners:
                each.close()
            remove_files(self._addresses)
            raise

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        async with self._life:
            with anyio.CancelScope(shield=True):
                await self.stop()

    async def stop(self, *, grace: float | None = None) -> None:
        """Stop before the block ends; it may go on. Until the last session is over, requests are answered with 503,
        so that a load balancer sees it. A second call with a shorter `grace` shortens that of the first.
        """
        assert self._listening is not None  # the block was entered
        assert self._reception is not None  # as above
        try:
            await self._reception.close(self._stop_reason, self._grace if grace is None else grace)
        finally:  # asyncio's own cancellation may come in here
            self._listening.close()
            self._listening.cut_all()  # those who never asked for a session, or whose page is still on its way
            addresses, self._addresses = self._addresses, ()  # once: a file that is there later is a successor's
            remove_files(addresses)
        await self._listening.wait_closed()


def port_of(listener: socket) -> int:
    """The port at which it listens; 0 for a unix socket."""
    return int(listener.getsockname()[1]) if listener.family in (AF_INET, AF_INET6) else 0
