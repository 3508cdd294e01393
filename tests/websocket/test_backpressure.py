from __future__ import annotations

import anyio
import anyio.lowlevel
import pytest

from flowws.websocket import Frame, SessionClosedError, WebSocketClient, WebSockets, bounded, channels, unlimited


async def fill(session):
    """Send until nothing is taken any more: the system's buffers grow for a while."""
    refused = 0
    while refused < 20:
        if session.outgoing.try_send(Frame.Binary(bytes(65536))).is_success:
            refused = 0
        else:
            refused += 1
            await anyio.lowlevel.checkpoint()


async def send_until_nothing_goes(stream, data):
    """Each time that `data` has gone, however slowly, until it does not."""
    while True:
        with anyio.move_on_after(0.3) as waited:
            await stream.send(data)
        if waited.cancelled_caught:
            return
        yield


async def test_w103_queues_of_one_keep_order_and_lose_nothing(house, engine):
    """W103"""

    async def echo(session):
        async for frame in session.incoming:
            await session.send(frame)

    config = WebSockets(channels=channels(incoming=bounded(1), outgoing=bounded(1)))
    server = await house.serve(echo, config)
    async with WebSocketClient(config, engine=engine).websocket(f"ws://127.0.0.1:{server.port}/") as session:

        async def send_all():
            for number in range(100):
                await session.send(str(number))

        async with anyio.create_task_group() as tasks:
            tasks.start_soon(send_all)
            assert [(await session.incoming.receive()).data.decode() for _ in range(100)] == [
                str(n) for n in range(100)
            ]


async def test_w107_a_full_incoming_reaches_tcp(house):
    """W107: the peer's writes stall, and no more is kept here than the queue and what was read before it was full."""
    go_on = anyio.Event()
    sizes = []

    async def handler(session):
        await go_on.wait()
        async for frame in session.incoming:
            sizes.append(len(frame.data))  # noqa: PERF401  # the loop is what is tested

    server = await house.serve(handler, WebSockets(channels=channels(incoming=bounded(4))))
    peer = await house.open(server.port)
    frame = peer.frame(2, bytes(16384))
    sent = 0
    async for _ in send_until_nothing_goes(peer.stream, frame):
        sent += 1
    (session,) = server.sessions
    waiting = len(session.incoming._buffer)
    assert 4 <= waiting <= 40
    assert waiting < sent < 2000
    assert session._link.incoming.is_paused
    go_on.set()
    await peer.stream.send(b"")
    while len(sizes) < sent - 1:
        await anyio.lowlevel.checkpoint()
    assert not session._link.incoming.is_paused
    assert set(sizes) == {16384}


async def test_w107_of_tiny_frames_no_more_is_kept_than_one_read_has_brought(house, engine):
    """W107: however long the peer goes on sending."""
    go_on = anyio.Event()

    async def handler(session):
        await go_on.wait()

    server = await house.serve(handler, WebSockets(channels=channels(incoming=bounded(4))))
    peer = await house.open(server.port)
    (session,) = server.sessions
    many = peer.frame(2, b"") * 10_000  # six bytes each
    sent, waiting = 0, set()
    async for _ in send_until_nothing_goes(peer.stream, many):
        sent += 10_000
        if session._link.incoming.is_paused:
            waiting.add(session.stats.incoming_waiting)
    waiting.add(session.stats.incoming_waiting)
    at_most = 4 + (262144 if engine == "picows" else 65536) // 6
    assert len(waiting) == 1
    assert 4 <= waiting.pop() <= at_most < sent
    go_on.set()


async def test_w108_pings_among_frames_that_nobody_takes_are_answered(house, raw):
    """W108"""

    async def handler(session):
        await anyio.sleep_forever()

    server = await house.serve(handler, WebSockets(channels=channels(incoming=bounded(1))))
    peer = await house.open(server.port)
    await peer.write(raw.frame(1, b"x") * 5 + raw.frame(9, b"there?"))
    assert await peer.next() == (10, b"there?")


async def test_w109_a_handler_that_leaves_a_full_incoming_still_closes(house, raw):
    """W109"""
    go_on = anyio.Event()

    async def handler(session):
        await go_on.wait()

    server = await house.serve(handler, WebSockets(channels=channels(incoming=bounded(1))))
    peer = await house.open(server.port)
    await peer.write(raw.frame(1, bytes(1000)) * 100)
    await peer.say_close(4000)
    (session,) = server.sessions
    while not session._link.incoming.is_paused:
        await anyio.lowlevel.checkpoint()
    go_on.set()
    assert await peer.next_close() == (1000, "")
    assert not await peer.read_to_end()


async def test_senders_wait_while_the_peer_does_not_read_and_keep_their_order(house):
    begun, sent = [], []  # trio begins tasks in an order of its own

    async def handler(session):
        async def send(number):
            begun.append(number)
            await session.send(number.to_bytes(4, "big") + bytes(32768))
            sent.append(number)

        async with anyio.create_task_group() as tasks:
            for number in range(400):
                tasks.start_soon(send, number)

    server = await house.serve(handler, WebSockets(channels=channels(outgoing=bounded(2))))
    peer = await house.open(server.port)
    (session,) = server.sessions
    while not session.outgoing.senders:
        await anyio.lowlevel.checkpoint()
    assert len(sent) < 400
    for index in range(400):
        assert (await peer.next())[1][:4] == begun[index].to_bytes(4, "big")
    assert await peer.next_close() == (1000, "")
    assert sorted(sent) == list(range(400))


async def test_a_sender_that_is_cancelled_while_it_waits_sends_nothing(house):
    done = anyio.Event()

    async def handler(session):
        await fill(session)
        with anyio.move_on_after(0.01) as scope:
            await session.send("never")
        assert scope.cancelled_caught
        done.set()
        await session.send("after all")

    server = await house.serve(handler, WebSockets(channels=channels(outgoing=bounded(1))))
    peer = await house.open(server.port)
    with anyio.fail_after(5):
        await done.wait()
    texts = []
    while (frame := await peer.next())[0] != 8:
        if frame[0] == 1:
            texts.append(frame[1])
    assert texts == [b"after all"]


async def test_waiting_senders_are_told_of_the_close(house):
    errors = []

    async def handler(session):
        async def send():
            try:
                while True:  # until it waits: the system takes more and more for a while
                    await session.send(bytes(65536))
            except SessionClosedError as error:
                errors.append(error.code)

        async with anyio.create_task_group() as tasks:
            session._link.incoming.readers.add(session._main)
            tasks.start_soon(send)
            tasks.start_soon(send)
            while len(session.outgoing.senders) < 2:
                await anyio.lowlevel.checkpoint()
            tasks.start_soon(session.close)

    server = await house.serve(handler, WebSockets(channels=channels(outgoing=bounded(1)), close_timeout=20))
    peer = await house.open(server.port)
    while len(errors) < 2:
        await anyio.lowlevel.checkpoint()
    assert errors == [1000, 1000]
    while (frame := await peer.next())[0] != 8:
        assert frame[0] == 2
    await peer.say_close()
    await peer.read_to_end()


async def test_w53_many_sends_to_a_peer_that_reads_nothing_do_not_deadlock(house, engine):
    """W53: in the client, that reads nothing either."""

    async def handler(session):
        async for _ in session.incoming:
            pass

    server = await house.serve(handler)
    async with WebSocketClient(engine=engine).websocket(f"ws://127.0.0.1:{server.port}/") as session:
        for _ in range(1000):
            await session.send("x" * 1000)
    assert (await session.close_reason).code == 1000


async def test_a_peer_that_does_not_read_is_explained(house):
    async def handler(session):
        async def pieces():
            while "takes nothing now" not in session.explain():
                yield bytes(65536)

        await session.send(pieces())

    server = await house.serve(handler)
    peer = await house.open(server.port)
    (session,) = server.sessions
    with anyio.fail_after(5):
        while "0 wait to leave (at most 0), and the network takes nothing now" not in session.explain():
            await anyio.lowlevel.checkpoint()
    arrived = 0
    while arrived <= 65536:
        arrived += len(await peer.stream.receive())
    await peer.hang_up()


async def test_an_unlimited_outgoing_never_waits(house):
    async def handler(session):
        for _ in range(500):
            assert session.outgoing.try_send(Frame.Binary(bytes(65536))).is_success

    server = await house.serve(handler, WebSockets(channels=channels(outgoing=unlimited())))
    peer = await house.open(server.port)
    for _ in range(500):
        assert (await peer.next())[0] == 2
    assert await peer.next_close() == (1000, "")


async def test_a_tight_loop_of_sends_lets_others_run(house):
    async def handler(session):
        turns = 0

        async def count():
            nonlocal turns
            while True:
                turns += 1
                await anyio.lowlevel.checkpoint()

        async with anyio.create_task_group() as tasks:
            tasks.start_soon(count)
            for _ in range(1000):
                await session.send("")
            tasks.cancel_scope.cancel()
        await session.send(str(turns))

    server = await house.serve(handler)
    peer = await house.open(server.port)
    while (frame := await peer.next())[1] == b"":
        pass
    assert int(frame[1]) >= 6


@pytest.mark.parametrize("bad", [Frame.Text("x", fin=False), Frame.Binary(b"x", rsv1=True)])
async def test_w55_what_is_no_whole_message_is_refused(house, bad):
    """W55"""

    async def handler(session):
        for attempt in (session.send, session.outgoing.send):
            with pytest.raises(ValueError, match="whole messages"):
                await attempt(bad)
        with pytest.raises(UnicodeEncodeError):
            await session.send("\ud800")
        for wrong in (3, None):
            with pytest.raises(TypeError, match=repr(wrong)):
                await session.send(wrong)
            with pytest.raises(TypeError, match=repr(wrong)):
                await session.outgoing.send(wrong)
        await session.send(bytearray(b"fine"))
        await session.outgoing.send(Frame.Ping(b"p"))

    server = await house.serve(handler)
    peer = await house.open(server.port)
    assert await peer.next() == (2, b"fine")
    assert await peer.next() == (9, b"p")
    assert await peer.next_close() == (1000, "")
