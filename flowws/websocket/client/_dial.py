"""`dial`: a connected socket, on asyncio and trio."""

from __future__ import annotations

import errno
import os
import socket
from itertools import chain, zip_longest
from typing import Final, NamedTuple

import anyio

_PATIENCE: Final = 0.01  # seconds until a unix socket is asked again

HEAD_START: Final = 0.25
"""Seconds that an address has before the next one is tried beside it: RFC 8305, section 8."""


class _Address(NamedTuple):
    family: int
    kind: int
    protocol: int
    name: str
    address: tuple[object, ...]


async def dial(host: str, port: int) -> socket.socket:
    """A non-blocking socket that is connected.

    A host with several addresses is tried at all of them, each a little after the one before, and the first to answer
    is taken ("happy eyeballs", RFC 8305). Raises `OSError`, which names every address and what was wrong with it.
    """
    addresses = await _look_up(host, port)
    failures: list[tuple[_Address, OSError]] = []
    if len(addresses) > 1:
        line = await _race(addresses, failures)
    else:
        line = await _attempt(addresses[0], failures)
    if line is None:
        raise _failure(host, port, failures)
    return line


async def _race(addresses: list[_Address], failures: list[tuple[_Address, OSError]]) -> socket.socket | None:
    """The first to answer."""
    lines: list[socket.socket] = []

    async def run(address: _Address, over: anyio.Event) -> None:
        line = await _attempt(address, failures)
        if line is None:
            over.set()
        else:
            lines.append(line)
            race.cancel_scope.cancel()

    try:
        async with anyio.create_task_group() as race:
            for address in addresses:
                over = anyio.Event()
                race.start_soon(run, address, over)
                with anyio.move_on_after(HEAD_START):
                    await over.wait()
        return lines.pop(0) if lines else None
    finally:
        for line in lines:  # two answered at once, or nobody wants the answer any more
            line.close()


async def _attempt(address: _Address, failures: list[tuple[_Address, OSError]]) -> socket.socket | None:
    try:
        return await _connected(address)
    except OSError as error:
        failures.append((address, error))
        return None


async def dial_unix(path: str) -> socket.socket:
    """A non-blocking socket that is connected to a unix socket. Raises `OSError`, which names the path."""
    try:
        line = socket.socket(socket.AF_UNIX)
        return await _connect(line, path)
    except OSError as error:
        raise OSError(error.errno, f"{error.strerror}: {path!r}") from None


async def _look_up(host: str, port: int) -> list[_Address]:
    """The addresses of a host, families taking turns: RFC 8305, section 4."""
    try:  # an address needs no looking up, and no thread for it
        numeric = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_NUMERICHOST)
        addresses = [_Address(*entry) for entry in numeric]
    except socket.gaierror:
        try:
            addresses = [_Address(*entry) for entry in await anyio.getaddrinfo(host, port, type=socket.SOCK_STREAM)]
        except socket.gaierror as error:
            raise socket.gaierror(error.errno, f"{host!r} has no address: {error.strerror}") from None
    first = addresses[0].family
    families = ([each for each in addresses if (each.family == first) is same] for same in (True, False))
    return [each for each in chain(*zip_longest(*families)) if each is not None]


async def _connected(address: _Address) -> socket.socket:
    line = socket.socket(address.family, address.kind, address.protocol)
    line.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return await _connect(line, address.address)


async def _connect(line: socket.socket, address: object) -> socket.socket:
    try:
        line.setblocking(False)
        problem = line.connect_ex(address)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]  # any family's
        while problem == errno.EAGAIN and line.family == socket.AF_UNIX:  # too many are before us, and nothing tells us
            await anyio.sleep(_PATIENCE)
            problem = line.connect_ex(address)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]  # as above
        if problem in (errno.EINPROGRESS, errno.EWOULDBLOCK):
            if not _is_there(line):
                await anyio.wait_writable(line)
            problem = line.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
        if problem:
            raise OSError(problem, os.strerror(problem))
    except BaseException:
        line.close()
        raise
    return line


def _is_there(line: socket.socket) -> bool:
    """Whether it is connected already, as on one machine it mostly is: half of what dialling costs (connect rate,
    benchmarks/bench_session.py).
    """
    try:
        line.getpeername()
    except OSError:
        return False
    return True


def _failure(host: str, port: int, failures: list[tuple[_Address, OSError]]) -> OSError:
    """One error for all addresses: of the kind of the first, such as `ConnectionRefusedError`."""
    by_address = {str(address.address[0]): error.strerror or str(error) for address, error in failures}
    what = "; ".join(why if address == host else f"{address}: {why}" for address, why in by_address.items())
    return OSError(failures[0][1].errno, f"cannot connect to {host!r} at port {port}: {what}")
