"""Raw sessions, streams and `flush` over real sockets, on each engine."""

from __future__ import annotations

import struct
from typing import Any

import anyio
import pytest

from flowws import Channel
from flowws.websocket import (
    CloseReason,
    Frame,
    WebSocketClient,
    WebSockets,
    WebSocketServer,
    bounded,
    channels,
)

MIB = 1 << 20


async def serve_raw(house, handler, config=None):
    app = WebSocketServer(config)
    app.websocket_raw("/")(handler)
    return await house.start(app)


async def read_frame(peer):
    """Opcode, fin, bits and payload."""
    first, second = await peer.read(2)
    length = second & 0x7F
    if length == 126:
        (length,) = struct.unpack("!H", await peer.read(2))
    elif length == 127:
        (length,) = struct.unpack("!Q", await peer.read(8))
    return first & 0x0F, bool(first & 0x80), first >> 4 & 7, await peer.read(length)


async def test_i11_control_frames_are_shown_and_not_answered(house):
    """I11, D1, K3"""

    async def handler(session):
        async for frame in session.incoming:
            await session.send(frame)
            if isinstance(frame, Frame.Close):
                return

    server = await serve_raw(house, handler)
    peer = await house.open(server.port)
    sent = [(9, True, 0, b"?"), (1, False, 4, b"\xc3"), (0, False, 0, b""), (0, True, 0, b"\xbc"), (2, True, 3, b"x")]
    for opcode, fin, rsv, payload in sent:
        await peer.send(opcode, payload, fin=fin, rsv=rsv)
    assert [await read_frame(peer) for _ in sent] == sent
    await peer.say_close(3001, "mine")
    assert await peer.next_close() == (3001, "mine")
    assert not await peer.read_to_end()


async def test_a_handler_that_returns_ends_the_connection_behind_what_it_sent(house):
    async def handler(session):
        for _ in range(20):
            await session.send(bytes(MIB))

    server = await serve_raw(house, handler)
    peer = await house.open(server.port)
    for _ in range(20):
        assert await peer.next() == (2, bytes(MIB))
    assert not await peer.read_to_end()


async def test_h11_a_raw_client_block_that_fails_sends_1011_and_raises(house, engine):
    """H11, but the failure reaches the caller, and its text nobody else"""
    seen = Channel[Any](Channel.UNLIMITED)

    async def handler(session):
        async for frame in session.incoming:
            await seen.send(frame)
        await seen.send(session)

    server = await serve_raw(house, handler)
    url = f"ws://127.0.0.1:{server.port}/"
    with pytest.raises(LookupError, match="secret"):  # noqa: PT012 - the block is what is tested
        async with WebSocketClient(engine=engine).websocket_raw(url) as session:
            await session.send("first")
            raise LookupError("secret")
    assert await seen.receive() == Frame.Text("first")
    assert await seen.receive() == Frame.Close(CloseReason(1011))
    reason = await (await seen.receive()).close_reason
    assert (reason.code, reason.by) == (1011, "peer")


async def test_a_raw_client_shakes_hands_itself_or_leaves(house, engine):
    async def handler(session):
        async for frame in session.incoming:
            await session.send(frame)

    server = await serve_raw(house, handler)
    url = f"ws://127.0.0.1:{server.port}/"
    async with WebSocketClient(engine=engine).websocket_raw(url) as session:
        await session.send(Frame.Ping(b"?"))
        assert await session.incoming.receive() == Frame.Ping(b"?")
        await session.send(Frame.Close(CloseReason(1001, "bye")))
        assert await session.incoming.receive() == Frame.Close(CloseReason(1001, "bye"))
    reason = await session.close_reason
    assert (reason.code, reason.by) == (1001, "us")
    async with WebSocketClient(engine=engine).websocket_raw(url) as session:
        pass
    reason = await session.close_reason
    assert (reason.code, reason.by) == (1006, "us")


async def test_a_server_that_stops_tells_raw_clients(house, engine):
    async def handler(session):
        async for _ in session.incoming:
            pass

    app = WebSocketServer()
    app.websocket_raw("/")(handler)
    async with app.serve("127.0.0.1", 0, engine=engine) as server:
        peer = await house.open(server.port)
    assert await peer.next_close() == (1001, "")


async def test_a_large_message_is_streamed_and_never_kept(house):
    """K4 for sending: pieces are asked for as fast as they leave"""
    asked = 0

    async def pieces():
        nonlocal asked
        for _ in range(64):
            asked += 1
            yield bytes(MIB)

    async def handler(session):
        await session.send(pieces())

    server = await house.serve(handler)
    peer = await house.open(server.port)
    opcode, fin, _, payload = await read_frame(peer)
    before = -1
    while asked != before:  # the peer does not read, until the sender stands still
        before = asked
        for _ in range(50):
            await anyio.lowlevel.checkpoint()
    assert asked < 40
    size = len(payload)
    assert (opcode, fin) == (2, False)
    while not fin:
        opcode, fin, _, payload = await read_frame(peer)
        assert opcode == 0
        size += len(payload)
    assert size == 64 * MIB
    assert await peer.next_close() == (1000, "")


async def test_w26_a_message_of_20_mib_comes_back(house, engine):
    """W26, J12"""
    config = WebSockets(max_frame_size=20 * MIB)

    async def handler(session):
        async for frame in session.incoming:
            await session.send(frame)

    server = await house.serve(handler, config)
    data = bytes(range(256)) * (20 * MIB // 256)
    async with WebSocketClient(config, engine=engine).websocket(f"ws://127.0.0.1:{server.port}/") as session:
        await session.send(data)
        assert (await session.incoming.receive()).data == data


async def test_w45_flush_waits_for_the_operating_system(house):
    """W45"""
    flushed = []
    go = Channel[str]()

    async def handler(session):
        for _ in range(32):
            await session.send(bytes(MIB))
        await go.send("queued")
        await session.flush()
        flushed.append(True)
        await session.send("flushed")

    server = await house.serve(handler, WebSockets(channels=channels(outgoing=bounded(64))))
    peer = await house.open(server.port)
    await go.receive()
    for _ in range(50):
        await anyio.lowlevel.checkpoint()
    assert not flushed
    for _ in range(32):
        assert (await peer.next())[0] == 2
    assert await peer.next() == (1, b"flushed")


async def test_e16_terminate_over_tcp(house):
    """E16: no Close frame"""

    async def handler(session):
        async for _ in session.incoming:
            session.terminate()

    server = await house.serve(handler)
    peer = await house.open(server.port)
    await peer.send(1, b"x")
    assert await peer.read_to_end() == b""
