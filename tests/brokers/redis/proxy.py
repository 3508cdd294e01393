"""A proxy between a broker and its server, which spoils what passes."""

from __future__ import annotations

import socket
import tempfile
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from pathlib import Path

import anyio
from anyio.abc import ByteStream, SocketAttribute, TaskGroup

from flowws.brokers.redis._unix_stream import UnixStream, connect_unix

from .server import RedisServer


class FaultProxy:
    """Between a broker and its server, on a unix socket (`url`) and on a port of the loopback (`tcp_url`)."""

    def __init__(self, server: RedisServer, folder: Path) -> None:
        self.server = server
        self.socket = folder / "sock"
        self.port = 0
        self.dropped = 0
        """How many replies were dropped, and the connection with them."""
        self.drops: Callable[[bytes], bool] = lambda request: False
        """Whether to drop the reply to a request."""
        self.pause = 0.0
        """Seconds between two pieces of a reply."""
        self._open = anyio.Event()
        self._open.set()

    @property
    def url(self) -> str:
        return f"unix://{self.socket}"

    @property
    def tcp_url(self) -> str:
        return f"redis://127.0.0.1:{self.port}"

    def swallow(self) -> None:
        """From now on nothing gets through, and nobody is told: half-open connections."""
        self._open = anyio.Event()

    def pass_on(self) -> None:
        """Everything gets through again, what was swallowed included."""
        self._open.set()

    async def serve(self, client: ByteStream) -> None:
        """One connection."""
        async with client:
            try:
                upstream = await connect_unix(str(self.server.socket))
            except OSError:
                return
            async with upstream, anyio.create_task_group() as both:
                passing = _Passing(self, client, upstream, both.cancel_scope)
                both.start_soon(passing.requests)
                both.start_soon(passing.replies)


class _Passing:
    """One connection."""

    def __init__(self, proxy: FaultProxy, client: ByteStream, upstream: ByteStream, both: anyio.CancelScope) -> None:
        self._proxy, self._client, self._upstream, self._both = proxy, client, upstream, both
        self._drops_next = False

    async def requests(self) -> None:
        with self._end():
            while True:
                data = await self._client.receive()
                await self._proxy._open.wait()
                self._drops_next = self._proxy.drops(data)
                await self._upstream.send(data)

    async def replies(self) -> None:
        with self._end():
            while True:
                data = await self._upstream.receive()
                await self._proxy._open.wait()
                if self._drops_next:  # the server has done what it was asked for
                    self._proxy.dropped += 1
                    return
                await self._client.send(data)
                await anyio.sleep(self._proxy.pause)

    @contextmanager
    def _end(self) -> Iterator[None]:
        with suppress(anyio.EndOfStream, anyio.BrokenResourceError, anyio.ClosedResourceError):
            yield
        self._both.cancel()


@asynccontextmanager
async def fault_proxy(server: RedisServer) -> AsyncIterator[FaultProxy]:
    """A proxy for the time of a block."""
    with tempfile.TemporaryDirectory(prefix="proxy-") as folder:
        proxy = FaultProxy(server, Path(folder))
        with socket.socket(socket.AF_UNIX) as local:
            local.setblocking(False)
            local.bind(str(proxy.socket))
            local.listen()
            async with (
                await anyio.create_tcp_listener(local_host="127.0.0.1") as remote,
                anyio.create_task_group() as jobs,
            ):
                proxy.port = remote.extra(SocketAttribute.local_port)
                jobs.start_soon(_accept, local, proxy, jobs)
                jobs.start_soon(remote.serve, proxy.serve)
                yield proxy
                jobs.cancel_scope.cancel()


async def _accept(listening: socket.socket, proxy: FaultProxy, jobs: TaskGroup) -> None:
    """Streams of our own: `UnixStream` says why."""
    while True:
        await anyio.wait_readable(listening)
        connection, _ = listening.accept()
        connection.setblocking(False)
        jobs.start_soon(proxy.serve, UnixStream(connection))
