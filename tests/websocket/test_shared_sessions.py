"""`try_send_shared` and `send_shared`: what goes to many sessions, on each engine."""

from __future__ import annotations

import logging

import anyio
import anyio.lowlevel
import pytest

from flowws.websocket import (
    ChannelOverflow,
    CloseReason,
    LocalExtension,
    SessionClosedError,
    SharedMessage,
    WebSocketClient,
    WebSocketExtension,
    WebSockets,
    bounded,
    channels,
)
from tests.websocket.stalling import held_back, let_go

ONE, TWO = SharedMessage("one"), SharedMessage("two")
BOTH = SharedMessage(ONE, TWO)


async def stays(session):
    async for _ in session.incoming:
        pass


async def settle():
    for _ in range(20):
        await anyio.lowlevel.checkpoint()


async def opened(house, config=None, count=1):
    """So many sessions of one server, each with its peer."""
    server = await house.serve(stays, config)
    peers = [await house.open(server.port) for _ in range(count)]
    while len(server.sessions) < count:
        await anyio.lowlevel.checkpoint()
    return list(server.sessions), peers


async def test_it_reaches_every_session_in_the_order_of_sending(house):
    sessions, peers = await opened(house, count=3)
    for session in sessions:
        await session.send("zero")
        assert session.try_send_shared(BOTH)
        await session.send("three")
        await session.send_shared(ONE)
    for peer in peers:
        assert [(await peer.next())[1] for _ in range(5)] == [b"zero", b"one", b"two", b"three", b"one"]
    assert [session.stats.frames_sent for session in sessions] == [5] * 3


async def test_what_cannot_leave_now_is_not_sent(house):
    (session,), (peer,) = await opened(house)
    held_back(session)
    assert not session.try_send_shared(ONE)
    assert session.stats.frames_sent == session.stats.outgoing_waiting == 0
    let_go(session)
    assert session.try_send_shared(TWO)
    assert await peer.next() == (1, b"two")


async def test_it_waits_behind_what_was_sent_before(house):
    (session,), (peer,) = await opened(house, WebSockets(channels=channels(outgoing=bounded(2))))
    held_back(session)
    async with anyio.create_task_group() as tasks:
        for message in ("a", BOTH, "b", ONE, "c", TWO):
            tasks.start_soon(session.send if isinstance(message, str) else session.send_shared, message)
            await settle()
        let_go(session)
    assert [(await peer.next())[1] for _ in range(7)] == [b"a", b"one", b"two", b"b", b"one", b"c", b"two"]
    assert session.stats.frames_sent == 7
    assert session.try_send_shared(ONE)


async def test_cancelled_while_it_waits_it_is_not_sent(house):
    (session,), (peer,) = await opened(house, WebSockets(channels=channels(outgoing=bounded(1))))
    held_back(session)
    for queued in (False, True):
        with anyio.CancelScope() as scope:
            async with anyio.create_task_group() as tasks:
                tasks.start_soon(session.send_shared, ONE)
                await settle()  # trio starts tasks in any order
                if queued:
                    tasks.start_soon(session.send, "with it")
                await settle()
                scope.cancel()
    let_go(session)
    await session.send("after")
    assert await peer.next() == (1, b"after")


async def test_no_policy_of_the_queue_drops_it(house):
    config = WebSockets(channels=channels(outgoing=bounded(1, on_overflow=ChannelOverflow.DROP_OLDEST)))
    (session,), (peer,) = await opened(house, config)
    held_back(session)
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(session.send_shared, ONE)
        await settle()
        for number in range(5):
            await session.send(str(number))
        let_go(session)
    assert [(await peer.next())[1] for _ in range(2)] == [b"one", b"4"]


async def test_a_closed_session_refuses_it(house):
    (session,), _ = await opened(house)
    session._link.close(CloseReason(4000))
    with pytest.raises(SessionClosedError, match="4000"):
        session.try_send_shared(ONE)
    with pytest.raises(SessionClosedError, match="4000"):
        await session.send_shared(ONE)


@pytest.mark.parametrize("extensions", [[], [LocalExtension(WebSocketExtension)]], ids=["shared", "one by one"])
async def test_what_waits_in_line_leaves_before_the_close_frame(house, extensions):
    (session,), (peer,) = await opened(house, WebSockets(extensions=extensions))
    held_back(session)
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(session.send_shared, BOTH)
        await settle()
        tasks.start_soon(session.close)
        await settle()
        let_go(session)
        assert [await peer.next() for _ in range(2)] == [(1, b"one"), (1, b"two")]
        assert await peer.next_close() == (1000, "")
        await peer.say_close()


@pytest.mark.parametrize("in_line", [True, False])
async def test_who_waits_is_told_that_the_connection_is_lost(house, in_line):
    (session,), _ = await opened(house, WebSockets(channels=channels(outgoing=bounded(1))))
    held_back(session)
    told = []

    async def send():
        with pytest.raises(SessionClosedError):
            await session.send_shared(ONE)
        told.append(True)

    async with anyio.create_task_group() as tasks:
        if not in_line:
            await session.send("fills the queue")
            tasks.start_soon(send_in_vain, session)
            await settle()
        tasks.start_soon(send)
        await settle()
        session.terminate()
    assert told


async def send_in_vain(session):
    with pytest.raises(SessionClosedError):
        await session.send("waits outside")


async def test_a_message_that_is_streamed_is_not_interrupted(house):
    (session,), (peer,) = await opened(house)
    go_on = anyio.Event()

    async def pieces():
        yield "a"
        await go_on.wait()
        yield "b"

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(session.send, pieces())
        assert await peer.read(3) == b"\x01\x01a"
        assert not session.try_send_shared(ONE)
        tasks.start_soon(session.send_shared, TWO)
        await settle()
        go_on.set()
    assert await peer.read(5) == b"\x00\x01b\x80\x00"
    assert await peer.next() == (1, b"two")


async def test_many_in_a_row_let_others_have_their_turn(house):
    (session,), (peer,) = await opened(house)
    turns: list[None] = []

    async def count():
        while len(turns) < 3:
            turns.append(None)
            await anyio.lowlevel.checkpoint()

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(count)
        for _ in range(2000):
            await session.send_shared(ONE)
            if len(turns) == 3:
                break
        else:
            pytest.fail("nobody else had a turn")
    assert await peer.next() == (1, b"one")


# Where nothing can be shared


async def test_a_client_masks_what_it_shares(house, engine):
    got = []

    async def handler(session):
        async for frame in session.incoming:
            got.append(frame.data)  # noqa: PERF401  # the loop is what a handler does

    server = await house.serve(handler)
    async with WebSocketClient(engine=engine).websocket(f"ws://127.0.0.1:{server.port}/") as session:
        assert session.try_send_shared(BOTH)
        await session.send_shared(ONE)
        assert session.stats.frames_sent == 3
    assert got == [b"one", b"two", b"one"]


@pytest.mark.engine_only("sansio", "picows cannot mask the frames of a server")
async def test_a_server_that_masks_sends_them_one_by_one(house):
    (session,), (peer,) = await opened(house)
    assert session.try_send_shared(BOTH)
    session.masking = True
    assert session.try_send_shared(BOTH)
    session.masking = False
    assert session.try_send_shared(ONE)
    assert await peer.read(10) == b"\x81\x03one\x81\x03two"
    for text in (b"one", b"two"):
        assert (await peer.read(2))[1] & 0x80
        key = await peer.read(4)
        assert bytes(byte ^ mask for byte, mask in zip(await peer.read(3), key, strict=False)) == text
    assert await peer.read(5) == b"\x81\x03one"


async def test_an_extension_sees_each_message(house):
    class Loud(WebSocketExtension):
        def transform_out(self, frame):
            frame = frame.copy()
            frame.payload = frame.data.upper()
            return frame

    (session,), (peer,) = await opened(house, WebSockets(extensions=[LocalExtension(Loud)]))
    assert session.try_send_shared(BOTH)
    await session.send_shared(ONE)
    assert [await peer.next() for _ in range(3)] == [(1, b"ONE"), (1, b"TWO"), (1, b"ONE")]


async def test_an_extension_that_fails_ends_it_at_once(house, caplog):
    class Broken(WebSocketExtension):
        def transform_out(self, frame):
            raise LookupError("not for the peer")

    (session,), (peer,) = await opened(house, WebSockets(extensions=[LocalExtension(Broken)]))
    assert session.try_send_shared(BOTH)
    assert await peer.next_close() == (1011, "")
    assert [record.message for record in caplog.records if record.exc_info] == ["an extension failed"]


async def test_a_watched_session_counts_and_tells_each(house, caplog):
    caplog.set_level(logging.DEBUG, logger="flowws.websocket.frames")
    (session,), (peer,) = await opened(house, WebSockets(count_bytes=True))
    assert session.try_send_shared(BOTH)
    await session.send_shared(SharedMessage(b"\x00"))
    assert [await peer.next() for _ in range(3)] == [(1, b"one"), (1, b"two"), (2, b"\x00")]
    assert session.stats.bytes_sent == 7
    sent = [line for line in caplog.messages if line.startswith("/ > ")]
    assert sent == ["/ > text b'one'", "/ > text b'two'", "/ > binary b'\\x00'"]
