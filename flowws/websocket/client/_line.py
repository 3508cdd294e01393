"""`Line`: a connected socket as a stream of bytes, for those who talk before the engine does: proxies."""

from __future__ import annotations

import socket

import anyio
from anyio.abc import ByteStream


class Line(ByteStream):
    """Reads and writes a non-blocking socket, on asyncio and trio, and leaves no byte behind: whoever takes the socket
    next finds it as the peer left it.
    """

    def __init__(self, connected: socket.socket) -> None:
        self.socket = connected

    async def send(self, item: bytes) -> None:
        left = memoryview(item)
        while left:
            try:
                left = left[self.socket.send(left) :]
            except BlockingIOError:
                await anyio.wait_writable(self.socket)

    async def receive(self, max_bytes: int = 65536) -> bytes:
        while True:
            try:
                if data := self.socket.recv(max_bytes):
                    return data
            except BlockingIOError:
                await anyio.wait_readable(self.socket)
            else:
                raise anyio.EndOfStream

    async def send_eof(self) -> None:
        self.socket.shutdown(socket.SHUT_WR)

    async def aclose(self) -> None:
        self.socket.close()
