"""`bind`: the sockets that a server listens on."""

from __future__ import annotations

import errno
import os
import socket
import stat
from collections.abc import Iterable
from contextlib import ExitStack
from pathlib import Path
from typing import Any, Final, TypeAlias, cast

Address: TypeAlias = tuple[str | None, int] | str | os.PathLike[str] | socket.socket
"""Where to listen: host and port, the path of a unix socket, or a socket that is bound already. The host None is every
interface, the port 0 any that is free.
"""

BACKLOG: Final = 1024  # handshakes that may wait; the system has an upper limit of its own

# "localhost" may have an address of IPv6 on a machine, or in a container, that has not: the other one will do.
_ABSENT: Final = {errno.EAFNOSUPPORT, errno.EADDRNOTAVAIL}


def check_address(address: object) -> None:
    """Raise `TypeError` or `ValueError`, quoting it, for what is no `Address`."""
    if isinstance(address, (str, os.PathLike, socket.socket)):
        return
    host, port = cast("tuple[Any, ...]", (*address, ..., ...))[:2] if isinstance(address, tuple) else (..., ...)
    if not (isinstance(host, str | None) and isinstance(port, int)):
        raise TypeError(f"an address is (host, port), a path or a socket, not {address!r}")
    if not 0 <= port <= 65535:
        raise ValueError(f"a port is a number of 0 to 65535, not {port!r}")


def bind(addresses: Iterable[Address], *, reuse_port: bool = False, listen: bool = True) -> list[socket.socket]:
    """Sockets that listen, one for each address of a host: the caller's from now on, and those it gave as well.

    With `reuse_port` other processes may bind the same ports, and the system shares the clients out among those who
    listen. Raises `OSError` where an address is taken, and `ValueError` where this system cannot share ports.
    """
    if reuse_port and not hasattr(socket, "SO_REUSEPORT"):
        raise ValueError("reuse_port=True: this system cannot share a port")
    bound: list[socket.socket] = []
    with ExitStack() as on_failure:
        for address in addresses:
            for each in _bound(address, reuse_port, on_failure):
                on_failure.callback(each.close)
                bound.append(each)
        for each in bound if listen else ():
            each.setblocking(False)
            each.listen(BACKLOG)
        on_failure.pop_all()
    return bound


def remove_files(addresses: Iterable[Address]) -> None:
    """Remove what the unix sockets among these have left behind; a socket that was given is the giver's."""
    for address in addresses:
        if not isinstance(address, (tuple, socket.socket)):
            Path(address).unlink(missing_ok=True)


def _bound(address: Address, reuse_port: bool, on_failure: ExitStack) -> list[socket.socket]:
    if isinstance(address, socket.socket):
        return [address]
    if not isinstance(address, tuple):
        listener = _unix(os.fspath(address))
        on_failure.callback(remove_files, [address])
        return [listener]
    found = socket.getaddrinfo(*address[:2], type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    bound: list[socket.socket] = []
    absent: OSError | None = None
    for family, kind, protocol, _, place in dict.fromkeys(found):
        # With port 0, the first address picks it and the others follow: one port is what `port` can tell.
        name = (place[0], bound[0].getsockname()[1] if bound else address[1], *place[2:])
        try:
            bound.append(_tcp(socket.socket(family, kind, protocol), name, reuse_port))
        except OSError as error:
            if error.errno not in _ABSENT:
                raise
            absent = error
        else:
            on_failure.callback(bound[-1].close)
    if absent is not None and not bound:
        raise absent
    return bound


def _tcp(listener: socket.socket, name: tuple[object, ...], reuse_port: bool) -> socket.socket:
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if reuse_port:
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        if listener.family == socket.AF_INET6:
            listener.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        listener.bind(name)
    except OSError as error:
        listener.close()
        raise OSError(error.errno, f"cannot listen at {name[0]!r}, port {name[1]!r}: {error.strerror}") from None
    return listener


def _unix(path: str) -> socket.socket:
    listener = socket.socket(socket.AF_UNIX)
    try:
        if _is_stale(path):
            Path(path).unlink(missing_ok=True)
        listener.bind(path)
    except BaseException as error:
        listener.close()
        if isinstance(error, OSError):
            raise OSError(error.errno, f"cannot listen at {path!r}: {error.strerror}") from None
        raise
    return listener


def _is_stale(path: str) -> bool:
    """Whether a server that is gone has left its socket behind."""
    try:
        if not stat.S_ISSOCK(Path(path).stat().st_mode):
            return False
        with socket.socket(socket.AF_UNIX) as visitor:
            visitor.setblocking(False)  # one that is too busy to answer is there, too
            visitor.connect(path)
    except ConnectionRefusedError:
        return True
    except OSError:
        return False
    return False
