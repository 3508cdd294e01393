"""`Wire`: bytes over one socket by calls, on both loops."""

from __future__ import annotations

import socket
import ssl
import struct
from collections.abc import Iterator

import anyio
import pytest

from flowws.websocket.engines import _sansio_wire
from flowws.websocket.engines._sansio_wire import HIGH_WATER, LOW_WATER, Wire

from .picows_ground import BOTH_LOOPS, until


@pytest.fixture(scope="module", params=[*BOTH_LOOPS, "trio"])
def anyio_backend(request):
    return request.param


class Notes:
    """An owner that takes notes."""

    def __init__(self) -> None:
        self.data = b""
        self.rooms: list[bool] = []
        self.ends = 0
        self.lost_by: list[BaseException | None] = []

    def received(self, data: bytes) -> None:
        self.data += data

    def ended(self) -> None:
        self.ends += 1

    def room_changed(self, has_room: bool) -> None:
        self.rooms.append(has_room)

    def lost(self, cause: BaseException | None) -> None:
        self.lost_by.append(cause)


class Counting:
    """A socket that counts what is sent, and how often."""

    def __init__(self, inner: socket.socket) -> None:
        self.inner = inner
        self.pieces: list[int] = []

    def send(self, data: bytes) -> int:
        sent = self.inner.send(data)
        self.pieces.append(sent)
        return sent

    def __getattr__(self, name: str) -> object:
        return getattr(self.inner, name)


@pytest.fixture
def line() -> Iterator[tuple[socket.socket, socket.socket]]:
    """Ours, which is non-blocking, and the other side's."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        theirs = socket.create_connection(listener.getsockname())
        ours, _ = listener.accept()
    ours.setblocking(False)
    theirs.setblocking(False)
    with ours, theirs:
        yield ours, theirs


async def take(line: socket.socket, count: int) -> bytes:
    data = b""
    with anyio.fail_after(5):
        while len(data) < count:
            await anyio.wait_readable(line)
            data += line.recv(count - len(data)) or pytest.fail(f"the end after {len(data)} bytes")
    return data


async def is_ended(line: socket.socket) -> bool:
    with anyio.fail_after(5):
        await anyio.wait_readable(line)
    return line.recv(1) == b""


# Reading


async def test_what_arrives_is_told_and_so_is_the_end(line):
    ours, theirs = line
    notes = Notes()
    wire = Wire(ours, notes)
    wire.read(True)
    wire.read(True)
    theirs.send(b"hello")
    await until(lambda: notes.data == b"hello")
    theirs.shutdown(socket.SHUT_WR)
    await until(lambda: notes.ends)
    assert not notes.lost_by
    wire.write(b"still here")  # only one half of the connection has ended
    assert await take(theirs, 10) == b"still here"
    wire.abort()
    await until(lambda: notes.lost_by)
    assert (notes.ends, notes.lost_by) == (1, [None])


async def test_nothing_is_read_in_a_pause(line):
    ours, theirs = line
    notes = Notes()
    wire = Wire(ours, notes)
    wire.read(True)
    wire.read(False)
    theirs.send(b"later")
    for _ in range(10):
        await anyio.lowlevel.checkpoint()
    assert notes.data == b""
    wire.read(True)
    await until(lambda: notes.data == b"later")
    wire.abort()


async def test_w71_a_reset_is_a_cause(line):
    """W71"""
    ours, theirs = line
    notes = Notes()
    wire = Wire(ours, notes)
    wire.read(True)
    theirs.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    theirs.close()
    await until(lambda: notes.lost_by)
    assert isinstance(notes.lost_by[0], ConnectionResetError)
    assert wire.is_over
    assert ours.fileno() == -1
    wire.write(b"nobody there")
    wire.read(True)
    wire.close()
    wire.abort()


# Writing


async def test_what_is_written_in_one_turn_leaves_in_one_piece(line):
    ours, theirs = line
    counting = Counting(ours)
    wire = Wire(counting, Notes())  # type: ignore[arg-type]  # as good as a socket
    for number in range(100):
        wire.write(b"%02d" % number)
    assert not counting.pieces
    assert await take(theirs, 200) == b"".join(b"%02d" % number for number in range(100))
    assert counting.pieces == [200]
    wire.abort()


async def test_the_owner_is_told_to_hold_back_and_to_go_on(line):
    ours, theirs = line
    notes = Notes()
    wire = Wire(ours, notes)
    written = 0
    while wire.has_room:
        wire.write(bytes(HIGH_WATER))
        written += HIGH_WATER
    assert notes.rooms == [False]
    assert wire.unsent > HIGH_WATER
    wire.write(b"control frames may go in all the same")
    assert notes.rooms == [False]
    await take(theirs, written - LOW_WATER)
    await until(lambda: notes.rooms == [False, True])
    assert wire.unsent <= LOW_WATER
    wire.abort()


async def test_flushed_is_what_the_system_has_taken(line):
    ours, theirs = line
    wire = Wire(ours, Notes())
    calls: list[str] = []
    wire.on_flushed(lambda: calls.append("nothing waits"))
    wire.write(b"x")
    wire.on_flushed(lambda: calls.append("sent at once"))
    assert calls == ["nothing waits", "sent at once"]
    written = 1
    while wire.has_room:
        wire.write(bytes(HIGH_WATER))
        written += HIGH_WATER
    wire.on_flushed(lambda: calls.append("first"))
    first = written
    wire.write(bytes(1 << 20))
    wire.on_flushed(lambda: calls.append("second"))
    assert len(calls) == 2
    await take(theirs, first)
    await until(lambda: "first" in calls)
    wire.abort()
    assert calls[2:] == ["first", "second"]  # that cannot leave any more, either


class Moody:
    """A socket over which TLS has to read before it can write, and the other way round."""

    def __init__(self, inner: socket.socket) -> None:
        self.inner = inner
        self.moods: list[str] = []

    def send(self, data: bytes) -> int:
        if "reads first" in self.moods:
            self.moods.remove("reads first")
            raise ssl.SSLWantReadError
        return self.inner.send(data)

    def recv(self, size: int) -> bytes:
        if "writes first" in self.moods:
            self.moods.remove("writes first")
            raise ssl.SSLWantWriteError
        if "has half a record" in self.moods:
            self.moods.remove("has half a record")
            raise ssl.SSLWantReadError
        return self.inner.recv(size)

    def __getattr__(self, name: str) -> object:
        return getattr(self.inner, name)


async def test_tls_may_have_to_read_before_it_can_write_and_the_other_way_round(line):
    ours, theirs = line
    moody, notes = Moody(ours), Notes()
    wire = Wire(moody, notes)  # type: ignore[arg-type]  # as good as a socket
    wire.read(True)
    moody.moods.append("reads first")
    wire.write(b"held back")
    for _ in range(10):
        await anyio.lowlevel.checkpoint()
    assert (wire.unsent, moody.moods) == (9, [])
    theirs.send(b"a key")
    assert await take(theirs, 9) == b"held back"
    moody.moods += ["writes first", "has half a record"]
    theirs.send(b" and more")
    await until(lambda: notes.data == b"a key and more")
    assert moody.moods == []
    wire.abort()


# Ending


async def test_close_sends_what_waits_and_says_goodbye(line):
    ours, theirs = line
    notes, over = Notes(), []
    wire = Wire(ours, notes, lambda: over.append(True))
    wire.read(True)
    wire.write(b"x" * 5_000_000)
    wire.close()
    wire.close()
    wire.write(b"too late")
    assert await take(theirs, 5_000_000) == b"x" * 5_000_000
    await until(lambda: notes.lost_by)
    assert await is_ended(theirs)
    assert not over  # the other side has not hung up yet
    theirs.close()
    await until(lambda: over)
    assert (notes.lost_by, ours.fileno()) == ([None], -1)


async def test_last_words_are_not_lost_to_a_reset(line):
    ours, theirs = line
    notes = Notes()
    wire = Wire(ours, notes)
    theirs.send(b"unread" * 1000)
    wire.write(b"the last words")
    wire.close()
    await until(lambda: notes.lost_by)
    theirs.send(b"more" * 1000)
    assert await take(theirs, 14) == b"the last words"
    assert await is_ended(theirs)
    theirs.close()
    await until(lambda: wire.is_over)
    assert notes.data == b""


async def test_who_does_not_hang_up_is_hung_up_on(line, monkeypatch):
    monkeypatch.setattr(_sansio_wire, "LINGER", 0.02)
    ours, _ = line
    notes = Notes()
    wire = Wire(ours, notes)
    wire.close()
    wire.read(False)  # it has to see the end
    await until(lambda: wire.is_over)
    assert notes.lost_by == [None]


async def test_a_client_waits_for_the_server_to_hang_up(line):
    """RFC 6455, section 7.1.1"""
    ours, theirs = line
    notes = Notes()
    wire = Wire(ours, notes)
    wire.write(b"x")
    wire.close(hang_up=False)
    assert await take(theirs, 1) == b"x"
    await until(lambda: notes.lost_by)
    with pytest.raises(BlockingIOError):
        theirs.recv(1)
    theirs.close()
    await until(lambda: wire.is_over)


async def test_an_abort_takes_along_what_can_leave_this_moment(line):
    ours, theirs = line
    notes = Notes()
    wire = Wire(ours, notes)
    wire.write(b"as if it had been sent at once")
    wire.abort()
    assert await take(theirs, 30) == b"as if it had been sent at once"
    assert await is_ended(theirs)
    await until(lambda: notes.lost_by)


async def test_lost_is_told_in_a_turn_of_its_own_and_once(line):
    ours, _ = line
    notes = Notes()
    wire = Wire(ours, notes)
    wire.abort()
    wire.abort()
    assert not notes.lost_by
    await until(lambda: notes.lost_by)
    assert notes.lost_by == [None]
    assert repr(wire) == "<Wire over, 0 bytes waiting>"
