"""`secured`: TLS over a connected socket, on asyncio and trio. The TLS itself is the standard library's."""

from __future__ import annotations

from socket import socket
from ssl import SSLContext, SSLSocket, SSLWantReadError, SSLWantWriteError

import anyio

from . import Tls


async def secured(line: socket, context: SSLContext, *, server_side: bool, server_hostname: str | None) -> SSLSocket:
    """Shake hands over a non-blocking socket, which belongs to what is returned. Raises `OSError`; nothing is left open
    then.
    """
    safe: socket = line
    try:
        safe = tls = context.wrap_socket(
            line, server_side=server_side, do_handshake_on_connect=False, server_hostname=server_hostname
        )
        while not await _shaken(tls):
            pass
    except BaseException:
        safe.close()
        line.close()
        raise
    return tls


async def _shaken(tls: SSLSocket) -> bool:
    try:
        tls.do_handshake()
    except SSLWantReadError:
        await anyio.wait_readable(tls)
    except SSLWantWriteError:
        await anyio.wait_writable(tls)
    else:
        return True
    return False


def facts(tls: SSLSocket) -> Tls:
    """What is known of the connection."""
    cipher = tls.cipher()
    return Tls(tls.version(), None if cipher is None else cipher[0], tls.getpeercert() or None)
