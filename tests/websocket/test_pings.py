from __future__ import annotations

import os
import threading

import anyio

from flowws.websocket import Frame, PingTimeoutError, WebSockets, bounded, channels


async def reading(session):
    async for _ in session.incoming:
        pass


async def test_w81_w82_w83_each_ping_is_answered_once_with_its_payload(house):
    """W81, W82, W83"""
    server = await house.serve(reading)
    peer = await house.open(server.port)
    for number in range(5):
        await peer.send(9, b"ping %d" % number)
    await peer.send(9)
    assert [await peer.next() for _ in range(6)] == [(10, b"ping %d" % number) for number in range(5)] + [(10, b"")]
    await peer.say_close()
    await peer.next_close()
    assert not await peer.read_to_end()


async def test_pongs_do_not_wait_for_a_reader(house):
    async def handler(session):
        await anyio.sleep_forever()

    server = await house.serve(handler)
    peer = await house.open(server.port)
    await peer.send(9, b"there?")
    assert await peer.next() == (10, b"there?")


async def test_w84_w85_a_peer_that_is_silent_is_dropped(house):
    """W84, W85"""
    ends = []

    async def handler(session):
        try:
            await session.incoming.receive()
        except PingTimeoutError as error:
            ends.append((error, await session.close_reason, session.outgoing.is_closed_for_send))

    server = await house.serve(handler, WebSockets(ping_interval=0.01, timeout=0.02))
    peer = await house.open(server.port)
    opcode, payload = await peer.next()
    assert (opcode, len(payload)) == (9, 16)
    assert await peer.next_close() == (1011, "Ping timeout")
    assert not await peer.read_to_end()  # without waiting for our Close
    while server.sessions:
        await anyio.lowlevel.checkpoint()
    ((error, reason, closed),) = ends
    assert (reason.code, reason.message, reason.by) == (1011, "Ping timeout", "us")
    assert reason.cause is error
    assert closed
    assert str(error) == "no pong within 0.02 s"


async def test_w86_matching_pongs_keep_the_session(house):
    """W86"""
    server = await house.serve(reading, WebSockets(ping_interval=0.005, timeout=5, liveness="pong"))
    peer = await house.open(server.port)
    payloads = set()
    for _ in range(10):
        opcode, payload = await peer.next()
        assert opcode == 9
        payloads.add(payload)
        await peer.send(10, payload)
    assert len(payloads) == 10
    await peer.say_close()
    while (await peer.next())[0] != 8:
        pass


async def test_w87_other_pongs_do_not_count(house):
    """W87"""
    server = await house.serve(reading, WebSockets(ping_interval=0.01, timeout=0.05, liveness="pong"))
    peer = await house.open(server.port)
    opcode, payload = await peer.next()
    assert opcode == 9
    await peer.send(10, payload[::-1])
    await peer.send(1, b"alive!")
    assert await peer.next_close() == (1011, "Ping timeout")


async def test_w88_anything_counts_if_so_configured(house):
    """W88"""
    server = await house.serve(reading, WebSockets(ping_interval=0.01, timeout=0.05, liveness="any"))
    peer = await house.open(server.port)
    for _ in range(3):
        opcode, _ = await peer.next()
        assert opcode == 9
        await peer.write(b"\x81")  # half a header is a sign of life
        await peer.write(peer.frame(1, b"x")[1:])
    assert await peer.next() != (8, b"")
    assert server.sessions


async def test_w89_a_write_that_is_stuck_counts(house):
    """W89: a peer that goes on sending, but takes nothing."""

    async def handler(session):
        session.launch(reading, session)
        while True:
            await session.send(bytes(65536))

    server = await house.serve(handler, WebSockets(ping_interval=0.05, timeout=0.05))
    peer = await house.open(server.port)
    (session,) = server.sessions
    try:
        while not session.close_reason.is_completed:
            await peer.send(1, b"alive!")
            await anyio.lowlevel.checkpoint()
    except anyio.BrokenResourceError:
        pass
    assert (await session.close_reason).message == "Ping timeout"


async def test_w91_no_pings_once_closing(house):
    """W91"""

    async def handler(session):
        pass

    server = await house.serve(handler, WebSockets(ping_interval=0.005, timeout=0.005, close_timeout=0.05))
    peer = await house.open(server.port)
    assert await peer.next_close() == (1000, "")
    assert not await peer.read_to_end()


async def test_w92_a_pong_overtakes_what_is_queued(house):
    """W92"""
    full = anyio.Event()

    async def handler(session):
        frame = Frame.Binary(bytes(65536))
        while session.outgoing.try_send(frame).is_success:
            pass
        session._link.frame_received(9, b"now", True, 0)
        full.set()
        await anyio.sleep_forever()

    server = await house.serve(handler)
    peer = await house.open(server.port)
    with anyio.fail_after(5):
        await full.wait()
    before = 0
    while await peer.next() != (10, b"now"):
        before += 1
    (_session,) = server.sessions
    after = 0
    await peer.say_close()
    while (await peer.next())[0] == 2:
        after += 1
    assert after >= 64 - 2, (before, after)


async def test_a_reader_that_holds_the_peer_back_does_not_blame_it(house, raw):
    go_on = anyio.Event()

    async def handler(session):
        await go_on.wait()
        await reading(session)

    config = WebSockets(ping_interval=0.01, timeout=0.01, liveness="pong", channels=channels(incoming=bounded(1)))
    server = await house.serve(handler, config)
    peer = await house.open(server.port)
    await peer.write(raw.frame(1, b"x") * 10)
    for _ in range(4):
        assert (await peer.next())[0] == 9
    (session,) = server.sessions
    assert session.is_active
    go_on.set()


async def test_a_loop_that_was_busy_does_not_blame_the_peer(house):
    server = await house.serve(reading, WebSockets(ping_interval=0.01, timeout=0.01, liveness="pong"))
    peer = await house.open(server.port)
    for _ in range(20):
        opcode, payload = await peer.next()
        assert opcode == 9
        os.write(peer.stream.extra(anyio.abc.SocketAttribute.raw_socket).fileno(), peer.frame(10, payload))
        threading.Event().wait(0.02)  # the time is over, and the answer is there: who is looked at first?
    await peer.hang_up()
