"""The transport of the picows engine without TLS, on asyncio and uvloop: with a protocol that takes notes."""

from __future__ import annotations

import asyncio
import os
import socket
import struct
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from typing import Any

import anyio
import pytest

from flowws.websocket.engines._plain_transport import PlainTransport

from .picows_ground import BOTH_LOOPS, until


@pytest.fixture(scope="module", params=BOTH_LOOPS)
def anyio_backend(request):
    return request.param


class Notes(asyncio.BufferedProtocol):
    def __init__(self) -> None:
        self.room = bytearray(4096)
        self.data = b""
        self.news: list[Any] = []
        self.keeps_open = False

    def connection_made(self, transport):
        self.news.append("made")

    def get_buffer(self, sizehint):
        return self.room

    def buffer_updated(self, nbytes):
        self.data += self.room[:nbytes]

    def eof_received(self):
        self.news.append("eof")
        return self.keeps_open

    def pause_writing(self):
        self.news.append("paused")

    def resume_writing(self):
        self.news.append("resumed")

    def connection_lost(self, exc):
        self.news.append(("lost", type(exc)))


@asynccontextmanager
async def joined(notes: Notes) -> AsyncIterator[tuple[PlainTransport, socket.socket]]:
    line, far = socket.socketpair()
    far.setblocking(False)
    with line, far:
        transport = PlainTransport(asyncio.get_running_loop(), line, None, notes)
        yield transport, far
        transport.abort()
        await until(lambda: line.fileno() == -1)


OVER = ("lost", type(None))


async def test_it_is_open_at_once():
    notes = Notes()
    async with joined(notes) as (transport, far):
        assert notes.news == ["made"]
        far.send(b"hello")
        await until(lambda: notes.data == b"hello")
        transport.write(b"welcome")
        assert far.recv(100) == b"welcome"
    assert notes.news == ["made", OVER]


async def test_closing_sends_what_waits():
    notes = Notes()
    async with joined(notes) as (transport, far):
        size = 1 << 22
        transport.write(bytes(size))
        assert notes.news == ["made", "paused"]
        transport.close()
        transport.write(b"never")
        assert transport.is_closing()
        received = 0
        while received < size:
            await anyio.wait_readable(far)
            received += len(far.recv(1 << 20))
        await until(lambda: OVER in notes.news)
        assert far.recv(100) == b""
    assert notes.news == ["made", "paused", "resumed", OVER]


async def test_aborting_drops_it():
    notes = Notes()
    async with joined(notes) as (transport, _):
        transport.write(bytes(1 << 22))
        transport.abort()
        assert "lost" not in str(notes.news)  # in a turn of its own
        await until(lambda: OVER in notes.news)
        assert transport.get_write_buffer_size() > 0  # nobody may write past it: its socket's number is another's


@pytest.mark.parametrize("keeps_open", [True, False])
async def test_the_end_of_the_peer(keeps_open):
    notes = Notes()
    notes.keeps_open = keeps_open
    async with joined(notes) as (transport, far):
        far.shutdown(socket.SHUT_WR)
        await until(lambda: "eof" in notes.news)
        transport.resume_reading()
        assert not transport.is_reading()
        transport.write(b"last words")
        assert transport.is_closing() is not keeps_open
        if keeps_open:
            assert far.recv(100) == b"last words"
    assert notes.news == ["made", "eof", OVER]


async def test_our_end_comes_behind_what_waits():
    notes = Notes()
    async with joined(notes) as (transport, far):
        size = 1 << 22
        transport.write(bytes(size))
        transport.write_eof()
        received = 0
        while received < size:
            await anyio.wait_readable(far)
            received += len(far.recv(1 << 20))
        await anyio.wait_readable(far)
        assert far.recv(100) == b""
        far.send(b"still here")
        await until(lambda: notes.data)


async def test_a_pause_of_reading():
    notes = Notes()
    async with joined(notes) as (transport, far):
        transport.pause_reading()
        transport.pause_reading()
        far.send(b"later")
        await anyio.wait_all_tasks_blocked()
        assert notes.data == b""
        transport.resume_reading()
        await until(lambda: notes.data == b"later")


async def test_a_peer_that_is_gone():
    notes = Notes()
    async with joined(notes) as (transport, far):
        transport.pause_reading()
        far.close()
        transport.write(b"x")
        await until(lambda: len(notes.news) == 2)
    assert notes.news == ["made", ("lost", BrokenPipeError)]


@pytest.mark.parametrize("size", [1, 100_000])
@pytest.mark.parametrize("pauses", [False, True])
async def test_a_reset_behind_what_is_not_read(size, pauses):
    """uvloop tells once of a reset."""

    class Pausing(Notes):
        def buffer_updated(self, nbytes: int) -> None:
            super().buffer_updated(nbytes)
            transport.pause_reading()

    notes = Pausing() if pauses else Notes()
    with socket.create_server(("127.0.0.1", 0)) as server, socket.create_connection(server.getsockname()) as far:
        line, peer = server.accept()
        transport = PlainTransport(asyncio.get_running_loop(), line, peer, notes)
        far.sendall(bytes(size))
        far.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        far.close()
        with anyio.move_on_after(5):
            while line.fileno() != -1:
                await anyio.lowlevel.checkpoint()
                transport.resume_reading()
        transport.abort()
    assert len(notes.data) == size
    assert notes.news == ["made", ("lost", ConnectionResetError)]


SIZE = 1 << 22
ENDINGS = {
    "close": lambda transport: transport.close(),
    "abort": lambda transport: transport.abort(),
    "last words": lambda transport: (transport.write(b"bye"), transport.close()),
}


@pytest.mark.parametrize("end", ENDINGS.values(), ids=ENDINGS)
async def test_an_end_in_the_moment_when_all_has_left(end):
    """The loop must not watch a socket that is closed: its number is the next one's."""

    class Ending(Notes):
        def resume_writing(self):
            super().resume_writing()
            end(transport)

    notes = Ending()
    async with joined(notes) as (transport, far):
        number = transport.get_extra_info("socket").fileno()
        transport.set_write_buffer_limits(high=0)
        transport.write(bytes(SIZE))
        received = 0
        while OVER not in notes.news:
            with suppress(BlockingIOError):
                received += len(far.recv(1 << 20))
            await anyio.lowlevel.checkpoint()
        assert received >= SIZE - (1 << 20)
        assert notes.news == ["made", "paused", "resumed", OVER]
        assert not asyncio.get_running_loop().remove_writer(number)
        with joined_at(number) as (line, other):
            after = Notes()
            again = PlainTransport(asyncio.get_running_loop(), line, None, after)
            other.send(b"hello")
            await until(lambda: after.data == b"hello")
            again.abort()
            await until(lambda: line.fileno() == -1)


@contextmanager
def joined_at(number: int) -> Iterator[tuple[socket.socket, socket.socket]]:
    """A pair, the first of which has this number."""
    first, far = socket.socketpair()
    with first, far:
        if first.fileno() == number:
            yield first, far
        else:
            with socket.socket(fileno=os.dup2(first.fileno(), number)) as line:
                first.close()
                yield line, far


@pytest.mark.parametrize("news", ["get_buffer", "buffer_updated", "eof_received", "pause_writing", "resume_writing"])
async def test_a_protocol_that_fails(news):
    """It ends its own connection, and nobody hears of it who only wants to write."""

    def fail(*_):
        raise LookupError("a bug")

    notes = Notes()
    setattr(notes, news, fail)
    troubles: list[Any] = []
    asyncio.get_running_loop().set_exception_handler(lambda _, trouble: troubles.append(trouble["exception"]))
    async with joined(notes) as (transport, far):
        transport.write(bytes(SIZE))
        far.send(b"hello")
        far.shutdown(socket.SHUT_WR)
        if news == "resume_writing":
            transport.close()
        while ("lost", LookupError) not in notes.news:
            with suppress(BlockingIOError):
                far.recv(1 << 20)
            await anyio.lowlevel.checkpoint()
    asyncio.get_running_loop().set_exception_handler(None)
    assert [type(trouble) for trouble in troubles] == [LookupError]
    assert notes.news[-1] == ("lost", LookupError)
