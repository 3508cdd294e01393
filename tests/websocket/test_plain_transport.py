"""The transport of the picows engine without TLS, on asyncio and uvloop: with a protocol that takes notes."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
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
