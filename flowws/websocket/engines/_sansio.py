"""The sansio engine: asyncio and trio, without a task per connection on the first. Frames and handshakes are parsed by
the sans-I/O half of `websockets`; TLS is the standard library's.
"""

from __future__ import annotations

from collections.abc import Sequence
from socket import socket
from ssl import SSLContext
from typing import Final

from . import Abilities, Decide, Listening, Opening, ServerLimits
from ._sansio_client import shake_hands
from ._sansio_server import SansioServer

name: Final = "sansio"
can: Final = Abilities()


async def serve(
    decide: Decide, listeners: Sequence[socket], *, ssl: SSLContext | None, limits: ServerLimits
) -> Listening:
    """Listen, see `Engine`."""
    return SansioServer(decide, listeners, ssl, limits)


async def connect(opening: Opening, line: socket) -> None:
    """Shake hands, see `Engine`."""
    await shake_hands(opening, line)
