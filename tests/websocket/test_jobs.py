"""Which jobs of a session live on when it closes, and for how long."""

from __future__ import annotations

import anyio
import pytest

from flowws import ScopeClosedError, SharingStarted, coroutine_scope, flow
from flowws.flows import MutableSharedFlow
from flowws.websocket import CloseReason, SessionClosedError, WebSockets


async def for_ever():
    await anyio.sleep_forever()


async def test_w68_w69_a_handler_that_does_not_read_is_cancelled_at_once(house):
    """W68, W69"""
    ended = anyio.Event()

    async def handler(session):
        try:
            await anyio.sleep_forever()
        finally:
            ended.set()

    server = await house.serve(handler)
    for end in ("hang_up", "reset", "say_close"):
        ended = anyio.Event()
        peer = await house.open(server.port)
        await getattr(peer, end)()
        with anyio.fail_after(5):
            await ended.wait()


async def test_w67_a_handler_that_only_sends_is_cancelled(house):
    """W67"""
    ended = anyio.Event()

    async def handler(session):
        try:
            while True:
                await session.send("tick")
                await anyio.lowlevel.checkpoint()
        finally:
            ended.set()

    server = await house.serve(handler)
    peer = await house.open(server.port)
    await peer.next()
    await peer.reset()
    with anyio.fail_after(5):
        await ended.wait()


async def test_a_reader_keeps_its_frames_and_its_time(house, raw):
    log: list[object] = []

    async def handler(session):
        updates = session.launch(for_ever, name="updates")
        await session.incoming.receive()
        reason = await session.close_reason
        log.append((reason.code, updates.is_cancelled))
        log.extend([frame.read_text() async for frame in session.incoming])
        await anyio.lowlevel.checkpoint()
        log.append("in peace")

    server = await house.serve(handler)
    peer = await house.open(server.port)
    await peer.write(b"".join(raw.frame(1, text) for text in (b"a", b"b", b"c")) + raw.frame(8, b"\x0f\xa0"))
    assert await peer.next_close() == (4000, "")
    await peer.read_to_end()
    while server.sessions:
        await anyio.lowlevel.checkpoint()
    assert log == [(4000, True), "b", "c", "in peace"]


async def test_a_reader_that_stays_is_cancelled_after_linger(house):
    ended = anyio.Event()

    async def handler(session):
        await session.incoming.receive()
        try:
            await anyio.sleep_forever()
        finally:
            ended.set()

    server = await house.serve(handler, WebSockets(linger=0.01))
    peer = await house.open(server.port)
    await peer.send(1, b"x")
    await peer.say_close()
    with anyio.fail_after(5):
        await ended.wait()


async def test_close_cancels_the_caller_that_does_not_read_and_no_extra_update_runs(house):
    sent = []
    updates = MutableSharedFlow[int]()

    async def handler(session):
        async def forward(value):
            sent.append(value)
            await session.send(str(value))
            if value == 2:
                await session.close(CloseReason(4000, "enough"))
                sent.append("never")

        updates.on_each(forward).launch_in(session)
        await session.send("ready")
        async for _ in session.incoming:
            pass

    server = await house.serve(handler)
    peer = await house.open(server.port)
    assert await peer.next() == (1, b"ready")
    for value in (1, 2, 3, 4):
        await updates.emit(value)
    assert [await peer.next(), await peer.next()] == [(1, b"1"), (1, b"2")]
    assert await peer.next_close() == (4000, "enough")
    await peer.say_close()
    assert not await peer.read_to_end()
    assert sent == [1, 2]
    assert updates.subscription_count.value == 0


async def test_close_from_a_reader_returns_once_the_connection_is_over(house):
    log = []

    async def handler(session):
        async for _ in session.incoming:
            await session.close()
            log.append("closed")
        log.append("ended")

    server = await house.serve(handler)
    peer = await house.open(server.port)
    await peer.send(1, b"x")
    await peer.send(1, b"y")
    assert await peer.next_close() == (1000, "")
    assert not log
    await peer.say_close()
    assert not await peer.read_to_end()
    while server.sessions:
        await anyio.lowlevel.checkpoint()
    assert log == ["closed", "closed", "ended"] or log == ["closed", "ended"]


async def test_a_handler_whose_flow_reads_below_it_is_a_reader(house):
    """The producer of `flat_map_latest` reads in a job below the handler's; the inner collection does not read."""
    log = []
    inner_ended = anyio.Event()

    def inner(frame):
        @flow
        async def body():
            try:
                yield frame.read_text()
                await anyio.sleep_forever()
            finally:
                inner_ended.set()

        return body()

    async def handler(session):
        try:
            await session.incoming.receive_as_flow().flat_map_latest(inner).collect(session.send)
        finally:
            log.append(session.is_active)

    server = await house.serve(handler)
    peer = await house.open(server.port)
    await peer.send(1, b"a")
    assert await peer.next() == (1, b"a")
    await peer.say_close()
    assert await peer.next_close() == (1000, "")
    await peer.read_to_end()
    with anyio.fail_after(5):
        await inner_ended.wait()
    while server.sessions:
        await anyio.lowlevel.checkpoint()
    assert log == [False]


async def test_the_feed_of_the_readme(house):
    """A state made of the messages, a flow switched by it: the handler does not read, the job of the state does."""
    updates = MutableSharedFlow[str]()
    log = []

    def narrowed(prefix):
        log.append(prefix)
        return updates.filter(lambda text: text.startswith(prefix))

    async def handler(session):
        wanted = (
            session.incoming.receive_as_flow()
            .map(lambda frame: frame.read_text())
            .state_in(session, SharingStarted.EAGERLY, "")
        )
        try:
            await wanted.flat_map_latest(narrowed).collect(session.send)
        finally:
            log.append("handler ended")

    server = await house.serve(handler)
    peer = await house.open(server.port)
    with anyio.fail_after(5):
        await updates.subscription_count.first(lambda count: count == 1)
        await updates.emit("a1")
        assert await peer.next() == (1, b"a1")
        await peer.send(1, b"b")
        while log != ["", "b"]:  # until the switch has happened
            await anyio.lowlevel.checkpoint()
        await updates.subscription_count.first(lambda count: count == 1)
        await updates.emit("a2")
        await updates.emit("b2")
        assert await peer.next() == (1, b"b2")
        await peer.say_close()
        assert await peer.next_close() == (1000, "")
        await peer.read_to_end()
        while server.sessions:
            await anyio.lowlevel.checkpoint()
        assert log == ["", "b", "handler ended"]
        assert updates.subscription_count.value == 0


async def test_below_a_reader_what_does_not_read_is_cancelled(house):
    log = []

    async def handler(session):
        async with coroutine_scope() as scope:
            beside = scope.launch(for_ever)
            await session.incoming.receive()
            await session.close_reason
            log.append(beside.is_cancelled)

    server = await house.serve(handler)
    peer = await house.open(server.port)
    await peer.send(1, b"x")
    await peer.say_close()
    await peer.next_close()
    await peer.read_to_end()
    assert log == [True]


async def test_nothing_can_be_launched_in_a_closed_session(house):
    log = []

    async def handler(session):
        async for _ in session.incoming:
            pass
        for launch in (session.launch, session.async_):
            with pytest.raises(ScopeClosedError) as caught:
                launch(for_ever)
            assert isinstance(caught.value.cause, SessionClosedError)
        log.append(session.is_active)

    server = await house.serve(handler)
    peer = await house.open(server.port)
    await peer.say_close()
    await peer.read_to_end()
    assert log == [False]


async def test_the_session_ends_when_its_last_job_has(house):
    go_on = anyio.Event()

    async def handler(session):
        await session.incoming.receive()
        await go_on.wait()

    server = await house.serve(handler)
    peer = await house.open(server.port)
    (session,) = server.sessions
    await peer.send(1, b"x")
    await peer.say_close()
    await peer.read_to_end()
    assert not session.job.is_completed
    assert server.sessions == {session}
    go_on.set()
    with anyio.fail_after(5):
        await session.ended()
    assert not server.sessions


async def test_w76_cancelling_the_session_closes_with_1001(house):
    """W76"""
    log = []

    async def handler(session):
        await session.send("ready")
        try:
            async for _ in session.incoming:
                pass
        finally:
            log.append("handler ended")

    server = await house.serve(handler)
    peer = await house.open(server.port)
    await peer.next()
    (session,) = server.sessions
    session.cancel()
    assert await peer.next_close() == (1001, "")
    await peer.say_close()
    await peer.read_to_end()
    assert log == ["handler ended"]
    assert await session.close_reason == CloseReason(1001)


async def test_w64_after_the_end_all_is_closed(house):
    """W64"""
    sessions = []

    async def handler(session):
        sessions.append(session)

    server = await house.serve(handler)
    peer = await house.open(server.port)
    await peer.next_close()
    await peer.say_close()
    await peer.read_to_end()
    (session,) = sessions
    with anyio.fail_after(5):
        await session.ended()
    assert session.incoming.is_closed_for_receive
    assert session.outgoing.is_closed_for_send
    assert session.close_reason.is_completed
    assert session.job.is_completed
    assert repr(session) == "<WebSocketServerSession / closed by us: CloseReason(1000 NORMAL)>"


async def test_w17_the_handler_sees_the_context_of_the_server(house):
    """W17"""
    from contextvars import ContextVar

    whose: ContextVar[str] = ContextVar("whose", default="nobody's")
    whose.set("the server's")

    async def handler(session):
        await session.send(whose.get())
        whose.set("the handler's")

    server = await house.serve(handler)
    for _ in range(2):
        peer = await house.open(server.port)
        assert await peer.next() == (1, b"the server's")


async def test_a_reader_of_the_state_is_spared_and_the_state_keeps_the_last(house, raw):
    states = []

    async def handler(session):
        state = (
            session.incoming.receive_as_flow()
            .map(lambda frame: frame.data)
            .state_in(session, SharingStarted.EAGERLY, b"")
        )
        states.append(state)
        await session.send("ready")
        await anyio.sleep_forever()

    server = await house.serve(handler)
    peer = await house.open(server.port)
    await peer.next()
    await peer.write(raw.frame(1, b"1") + raw.frame(1, b"2") + raw.frame(8))
    await peer.read_to_end()
    while server.sessions:
        await anyio.lowlevel.checkpoint()
    assert states[0].value == b"2"
