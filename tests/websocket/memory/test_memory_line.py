"""`Line`: bytes from one end to the other, and how an end comes."""

from __future__ import annotations

from contextvars import ContextVar

import pytest

from flowws.testing import TestScope
from flowws.websocket.engines import Line, LineEnd
from flowws.websocket.engines._memory_line import READ_AT_ONCE

colour: ContextVar[str] = ContextVar("colour", default="none")


class Notes:
    """An owner that notes what it is told."""

    def __init__(self, end: LineEnd, *, reads: bool = True) -> None:
        self.told: list[object] = []
        end.belongs_to(self)
        end.read(reads)

    def received(self, data: bytes) -> None:
        self.told.append(data)

    def ended(self) -> None:
        self.told.append("ended")

    def room_changed(self, has_room: bool) -> None:
        self.told.append("room" if has_room else "no room")

    def lost(self, cause: BaseException | None) -> None:
        self.told.append(("lost", type(cause)))


async def test_bytes_arrive_in_a_turn_of_their_own(test_scope: TestScope) -> None:
    line = Line()
    server, client = Notes(line.server), Notes(line.client)
    line.client.write(b"a")
    line.client.write(b"b")
    assert server.told == []
    await test_scope.run_current()
    assert server.told == [b"ab"]
    line.server.write(b"c")
    await test_scope.run_current()
    assert client.told == [b"c"]


async def test_a_turn_reads_so_much_at_most(test_scope: TestScope) -> None:
    line = Line(10**9)
    server = Notes(line.server)
    line.client.write(b"x" * (READ_AT_ONCE + 1))
    await test_scope.run_current()
    assert [len(data) for data in server.told if isinstance(data, bytes)] == [READ_AT_ONCE, 1]


async def test_the_writer_is_told_to_wait_and_to_go_on(test_scope: TestScope) -> None:
    line = Line(capacity=10)
    client, server = Notes(line.client), Notes(line.server, reads=False)
    line.client.write(b"x" * 10)
    assert line.client.has_room
    line.client.write(b"x")
    assert not line.client.has_room
    flushed: list[str] = []
    line.client.on_flushed(lambda: flushed.append("flushed"))
    await test_scope.run_current()
    assert (client.told, server.told, flushed) == (["no room"], [], [])
    line.server.read(True)
    await test_scope.run_current()
    assert (client.told, server.told, flushed) == (["no room", "room"], [b"x" * 11], ["flushed"])
    line.client.on_flushed(lambda: flushed.append("at once"))
    assert flushed == ["flushed", "at once"]


async def test_close_sends_what_was_written(test_scope: TestScope) -> None:
    line = Line()
    client, server = Notes(line.client), Notes(line.server)
    line.client.write(b"last")
    line.client.close()
    line.client.write(b"too late")
    assert line.client.is_over
    assert client.told == []
    await test_scope.run_current()
    assert client.told == [("lost", type(None))]
    assert server.told == [b"last", "ended"]
    line.server.write(b"to nobody")
    line.server.close()
    line.server.close()
    await test_scope.run_current()
    assert server.told == [b"last", "ended", ("lost", type(None))]


async def test_close_waits_until_there_is_room(test_scope: TestScope) -> None:
    line = Line(capacity=1)
    client, server = Notes(line.client), Notes(line.server, reads=False)
    line.client.write(b"four")
    line.client.close()
    await test_scope.run_current()
    assert client.told == ["no room"]
    line.server.read(True)
    await test_scope.run_current()
    assert client.told == ["no room", "room", ("lost", type(None))]
    assert server.told == [b"four", "ended"]


async def test_half_an_end_leaves_the_other_half(test_scope: TestScope) -> None:
    line = Line()
    client, server = Notes(line.client), Notes(line.server)
    line.client.finish()
    await test_scope.run_current()
    line.server.write(b"answer")
    await test_scope.run_current()
    assert (server.told, client.told) == (["ended"], [b"answer"])


@pytest.mark.parametrize(("held", "arrives"), [(False, [b"ab", "ended"]), (True, [])])
async def test_abort_loses_what_had_no_room(held: bool, arrives: list[object], test_scope: TestScope) -> None:
    line = Line(capacity=2)
    client, server = Notes(line.client), Notes(line.server)
    line.to_server.hold(held)
    line.client.write(b"abc")
    line.client.abort()
    await test_scope.run_current()
    assert client.told == ["no room", ("lost", type(None))]
    assert server.told == arrives


async def test_a_reset_is_for_both(test_scope: TestScope) -> None:
    line = Line()
    client, server = Notes(line.client), Notes(line.server)
    line.client.write(b"lost")
    line.reset()
    line.reset()
    await test_scope.run_current()
    assert client.told == server.told == [("lost", ConnectionResetError)]


async def test_delays_keep_the_order(test_scope: TestScope) -> None:
    line = Line()
    server = Notes(line.server)
    line.to_server.delay = 1.0
    for letter in (b"a", b"b", b"c"):
        line.client.write(letter)
    line.to_server.delay = 0.0
    line.client.write(b"d")
    line.client.finish()
    await test_scope.advance_time_by(0.5)
    await test_scope.advance_time_by(1)
    assert (b"".join(data for data in server.told if isinstance(data, bytes)), server.told[-1]) == (b"abcd", "ended")


async def test_each_end_hears_in_its_own_context(test_scope: TestScope) -> None:
    seen: list[str] = []

    class Looks(Notes):
        def received(self, data: bytes) -> None:
            seen.append(colour.get())

    line = Line()
    colour.set("the server's")
    Looks(line.server)
    colour.set("the client's")
    Looks(line.client)
    colour.set("somebody else's")
    line.client.write(b"x")
    line.server.write(b"x")
    await test_scope.run_current()
    assert seen == ["the server's", "the client's"]
    assert repr(line).startswith("<Line to the server: <Pipe open, 0 bytes on their way>")
