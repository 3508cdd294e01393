"""`Tunnel`: a socket for the engine, where the way leads through TLS to a proxy first."""

from __future__ import annotations

import socket

import anyio
from anyio.abc import ByteStream

from flowws._core import CoroutineScope, CoroutineStart, Job

from ._line import Line


def dig(far: ByteStream) -> tuple[socket.socket, Job]:
    """A socket whose other end is joined with a stream, and the job that joins them until one of both ends.

    An engine takes sockets, and speaks TLS to the server over it itself: TLS within TLS needs no engine that knows
    of it.
    """
    near, inner = socket.socketpair()
    near.setblocking(False)
    inner.setblocking(False)
    # ATOMIC: it is there to close what it was given, so it begins even if it is cancelled at once.
    return near, CoroutineScope("tunnel").launch(_join, Line(inner), far, start=CoroutineStart.ATOMIC)


async def _join(near: ByteStream, far: ByteStream) -> None:
    async with near, far, anyio.create_task_group() as both:
        both.start_soon(_carry, near, far, both.cancel_scope)
        both.start_soon(_carry, far, near, both.cancel_scope)


async def _carry(source: ByteStream, sink: ByteStream, scope: anyio.CancelScope) -> None:
    try:
        while True:
            await sink.send(await source.receive())
    except (anyio.EndOfStream, anyio.BrokenResourceError, anyio.ClosedResourceError, OSError):
        scope.cancel()  # the end of one is the end of the other
