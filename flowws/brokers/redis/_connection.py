"""`Connection`: coredis on a stream that is open already."""

from __future__ import annotations

from typing import Any

import anyio
from anyio.abc import ByteStream
from coredis.connection import BaseConnection, TCPLocation, UnixDomainSocketLocation

from ._address import Address


class Connection(BaseConnection):
    """coredis' connection, without its pool and its client: what is asked is answered in bytes, numbers and lists.

    It begins with a stream that is open, so that an attempt to connect which fails has cost nothing: coredis' own
    classes leave channels behind then, which complain when they are collected.
    """

    def __init__(self, address: Address, stream: ByteStream) -> None:
        super().__init__(
            TCPLocation(address.host, address.port) if address.host else UnixDomainSocketLocation(address.path),
            db=address.db,
            username=address.username,
            password=address.password,
        )
        self._address = address
        self._stream = stream

    async def _connect(self) -> ByteStream:
        return self._stream

    def describe(self) -> str:
        return f"<Connection to {self._address.url}>"

    async def ask(self, timeout: float, command: bytes, *args: str | bytes | int) -> Any:
        """The answer to a command. Raises coredis' errors, and `TimeoutError` if nothing comes for so many seconds.

        A long answer may take longer than that, as long as it is coming.
        """
        request, statistics = self.create_request(command, *args), self.statistics
        while True:
            received = statistics.bytes_read
            with anyio.move_on_after(timeout):
                return await request
            if statistics.bytes_read == received:
                raise TimeoutError(f"no answer within {timeout:g} s")
