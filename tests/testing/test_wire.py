"""`Wire`: what can go wrong between a peer and the server."""

from __future__ import annotations

from typing import Any

import pytest

from flowws import delay
from flowws.testing import TestScope, Wire, conversation
from flowws.websocket import (
    Frame,
    MemoryServer,
    PingTimeoutError,
    WebSocketClient,
    WebSockets,
    WebSocketServer,
    WebSocketServerSession,
    bounded,
    channels,
)


def serving(config: WebSockets | None = None) -> WebSocketServer:
    app = WebSocketServer(config)

    @app.websocket("/echo")
    async def echo(session: WebSocketServerSession) -> None:
        async for frame in session.incoming:
            await session.send(frame)

    @app.websocket("/flood")
    async def flood(session: WebSocketServerSession) -> None:
        while True:
            await session.send(b"x" * 1000)

    @app.websocket("/count")
    async def count(session: WebSocketServerSession) -> None:
        await session.incoming.receive()
        for number in range(3):
            await session.send(str(number))
        await delay(10**9)

    return app


# Half-open


async def test_a_half_open_connection_is_found_by_pings(test_scope: TestScope) -> None:
    """W84: and costs no time in the test."""
    async with conversation(serving(WebSockets(ping_interval=30, timeout=15)), "/echo") as peer:
        await peer.expect_nothing(300)
        peer.wire.hold()
        reason = await peer.session.close_reason
        assert (reason.code, reason.message, type(reason.cause)) == (1011, "Ping timeout", PingTimeoutError)
        assert test_scope.current_time == pytest.approx(345, abs=30)
        await peer.expect_nothing(10)
    assert not peer.wire.is_held


async def test_without_pings_nobody_notices_a_half_open_connection(test_scope: TestScope) -> None:
    async with conversation(serving(), "/echo") as peer:
        peer.wire.hold()
        await peer.send("into the void")
        await peer.expect_nothing(10**6)
        assert peer.session.is_active
        peer.wire.flow()
        await peer.expect_text("into the void")


async def test_closing_a_half_open_connection_has_a_deadline(test_scope: TestScope) -> None:
    """W63."""
    async with conversation(serving(WebSockets(close_timeout=5)), "/echo") as peer:
        peer.wire.hold()
        await peer.session.close()
        assert test_scope.current_time == 5


# A peer that does not read, a server that does not


async def test_a_peer_that_does_not_read_stalls_the_writes(test_scope: TestScope) -> None:
    """W53, W107: what is on its way stays bounded."""
    async with MemoryServer(serving(), capacity=10_000) as server, conversation(server, "/flood") as peer:
        peer.wire.hold(towards="peer")
        await peer.expect_nothing(60)
        assert "to the peer: <Pipe held, " in repr(peer.wire)
        on_their_way = int(repr(peer.wire).rpartition("held, ")[2].split()[0])
        assert 10_000 < on_their_way < 12_000
        peer.wire.flow()
        for _ in range(200):
            assert len(await peer.expect_binary()) == 1000


async def test_a_server_that_does_not_read_stalls_the_peer(test_scope: TestScope) -> None:
    """W107."""
    app = WebSocketServer(WebSockets(channels=channels(incoming=bounded(4))))

    @app.websocket("/")
    async def sleep(session: WebSocketServerSession) -> None:
        await session.incoming.receive()
        await delay(100)
        async for _ in session.incoming:
            pass

    async with MemoryServer(app, capacity=10_000) as server, conversation(server, "/") as peer:
        sent = 0

        async def flood() -> None:
            nonlocal sent
            while True:
                await peer.send(b"x" * 1000)
                sent += 1

        with pytest.raises(AssertionError, match="within 3 s: the server takes none"):
            await flood()
        assert sent < 100
        await delay(100)
        await peer.send(b"x" * 1000)


# How the bytes are cut


@pytest.mark.parametrize("size", [1, 3, 1000])
async def test_bytes_may_come_in_pieces(size: int, test_scope: TestScope) -> None:
    async with conversation(serving(), "/echo") as peer:
        peer.wire.split(size)
        await peer.send("x" * 200)
        await peer.send(b"\x00" * 2)
        await peer.expect_text("x" * 200)
        await peer.expect_binary(b"\x00" * 2)


async def test_what_was_held_comes_in_one_piece(test_scope: TestScope) -> None:
    async with conversation(serving(), "/echo", raw=True) as peer:
        peer.wire.hold(towards="server")
        for number in range(3):
            await peer.send(str(number))
        await peer.send(Frame.Ping(b"last"))
        await peer.expect_nothing(10)
        peer.wire.flow(towards="server")
        frames = [await peer.expect_frame() for _ in range(4)]
    assert sorted(map(repr, frames)) == [
        "<Frame.Pong b'last'>",
        "<Frame.Text '0'>",
        "<Frame.Text '1'>",
        "<Frame.Text '2'>",
    ]


async def test_a_frame_may_be_spoilt(test_scope: TestScope) -> None:
    """W99."""
    async with conversation(serving(), "/echo") as peer:
        await peer.send("good")
        await peer.expect_text("good")
        peer.wire.corrupt(0x70)
        await peer.send("bad")
        await peer.expect_close(1002)


async def test_a_character_may_be_spoilt(test_scope: TestScope) -> None:
    """W38."""
    async with conversation(serving(), "/echo") as peer:
        peer.wire.corrupt(0x80, at=6)
        await peer.send("bad")
        await peer.expect_close(1007)


async def test_a_spoilt_byte_behind_the_end_is_none(test_scope: TestScope) -> None:
    async with conversation(serving(), "/echo") as peer:
        peer.wire.corrupt(at=1000)
        await peer.send("good")
        await peer.expect_text("good")


async def test_a_server_that_breaks_the_protocol_is_found_out(test_scope: TestScope) -> None:
    async with conversation(serving(), "/count") as peer:
        peer.wire.corrupt(0x80, at=1, towards="peer")  # a masked frame of a server
        await peer.send("go")
        reason = await peer.expect_close(1006)
        assert "the server broke the protocol: incorrect masking" in str(reason.cause)


# Slow, and over


async def test_a_slow_wire_takes_its_time(test_scope: TestScope) -> None:
    async with conversation(serving(), "/echo") as peer:
        peer.wire.delay(0.2)
        await peer.send("hello")
        await peer.expect_text("hello")
        assert test_scope.current_time == pytest.approx(0.4)
        peer.wire.delay(0, towards="peer")
        await peer.send("hello")
        await peer.expect_text("hello")
        assert test_scope.current_time == pytest.approx(0.6)


async def test_a_peer_may_hang_up_without_a_word(test_scope: TestScope) -> None:
    """W66, W71."""
    async with conversation(serving(), "/echo") as peer:
        peer.wire.end()
        reason = await peer.session.close_reason
        assert (reason.code, reason.by, type(reason.cause)) == (1006, "network", EOFError)
        await peer.expect_close(1006)


@pytest.mark.parametrize("path", ["/echo", "/flood", "/count"])
async def test_a_reset_is_told_to_both_sides(path: str, test_scope: TestScope) -> None:
    """W66-W68, W71."""
    async with conversation(serving(), path) as peer:
        if path == "/flood":
            peer.wire.hold(towards="peer")
            await peer.expect_nothing(1)
        peer.wire.reset()
        reason = await peer.session.close_reason
        assert (reason.code, reason.by, type(reason.cause)) == (1006, "network", ConnectionResetError)
        end = await peer.expect_close(1006)
        assert isinstance(end.cause, ConnectionResetError)
        await peer.session.ended()
        assert test_scope.current_time < 2


async def test_a_client_may_have_a_bad_wire_too(test_scope: TestScope) -> None:
    """W66, seen from the client."""
    async with MemoryServer(serving()) as server:
        assert list(server.lines) == []
        async with WebSocketClient(engine=server.engine).websocket("ws://memory/echo") as session:
            (line,) = server.lines
            wire = Wire(line)
            wire.split(1)
            await session.send("hello")
            assert (await session.incoming.receive()).data == b"hello"
            wire.reset()
            reason = await session.close_reason
        assert (reason.code, type(reason.cause)) == (1006, ConnectionResetError)
        assert list(server.lines) == []


@pytest.mark.parametrize(
    ("method", "arguments", "error"),
    [
        ("hold", {"towards": "client"}, "towards must be 'server' or 'peer', not 'client'"),
        ("split", {"size": 0}, "a piece has one byte at least, not 0"),
        ("delay", {"duration": -1}, "duration must be zero or more, not -1"),
        ("corrupt", {"bits": 0}, "bits are those of one byte, 1 to 255, not 0"),
        ("corrupt", {"bits": 256}, "bits are those of one byte, 1 to 255, not 256"),
        ("corrupt", {"at": -1}, "at must be zero or more, not -1"),
    ],
)
async def test_bad_arguments_are_refused(method: str, arguments: dict[str, Any], error: str) -> None:
    async with conversation(serving(), "/echo") as peer:
        with pytest.raises(ValueError, match=error):
            getattr(peer.wire, method)(**arguments)
