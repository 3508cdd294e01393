"""`UnixStream`: bytes over a unix socket."""

from __future__ import annotations

import socket
from collections.abc import Awaitable, Callable
from typing import Final, TypeAlias, TypeVar

import anyio
from anyio.abc import ByteStream
from anyio.lowlevel import cancel_shielded_checkpoint, checkpoint, checkpoint_if_cancelled

R = TypeVar("R")

Wait: TypeAlias = Callable[[socket.socket], Awaitable[None]]


class UnixStream(ByteStream):
    """Bytes over a unix socket.

    What `anyio.connect_unix` gives tells asyncio of an "invalid state" when a receive is cancelled in the very turn in
    which something has come (anyio 4.16), which is what happens when a broker is closed.
    """

    def __init__(self, connection: socket.socket) -> None:
        self._connection: Final = connection
        self._is_closed = False

    async def receive(self, max_bytes: int = 65536) -> bytes:
        await checkpoint_if_cancelled()
        data, has_waited = await self._when_ready(anyio.wait_readable, lambda: self._connection.recv(max_bytes))
        if not has_waited:
            await cancel_shielded_checkpoint()  # others have their turn, also where there is always more
        if not data:
            raise anyio.EndOfStream
        return data

    async def send(self, item: bytes) -> None:
        await checkpoint_if_cancelled()
        rest = memoryview(item)
        while rest:
            part = rest
            sent, _ = await self._when_ready(anyio.wait_writable, lambda: self._connection.send(part))  # noqa: B023  # at once
            rest = rest[sent:]

    async def _when_ready(self, wait: Wait, do: Callable[[], R]) -> tuple[R, bool]:
        """What it gives, and whether that had to be waited for."""
        has_waited = False
        while not self._is_closed:
            try:
                return do(), has_waited
            except (BlockingIOError, InterruptedError):
                has_waited = True
                await wait(self._connection)
            except OSError as error:
                raise anyio.BrokenResourceError from error
        raise anyio.ClosedResourceError

    async def send_eof(self) -> None:
        self._connection.shutdown(socket.SHUT_WR)
        await checkpoint()

    async def aclose(self) -> None:
        if not self._is_closed:
            self._is_closed = True
            anyio.notify_closing(self._connection)
            self._connection.close()
        await checkpoint()


async def connect_unix(path: str) -> UnixStream:
    """Connect to the socket at `path`. Raises `OSError`."""
    connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        connection.setblocking(False)
        while True:
            try:
                connection.connect(path)
            except BlockingIOError:  # its line of those who wait is full
                await anyio.sleep(0.01)
            else:
                return UnixStream(connection)
    except BaseException:
        connection.close()
        raise
