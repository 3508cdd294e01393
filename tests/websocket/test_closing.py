from __future__ import annotations

import anyio
import pytest

from flowws.websocket import CloseReason, Frame, SessionClosedError, WebSockets


async def reading(session):
    async for _ in session.incoming:
        pass


async def test_w56_w57_the_close_of_the_peer_is_repeated(house):
    """W56, W57"""
    reasons = []

    async def handler(session):
        await reading(session)
        reasons.append(await session.close_reason)

    server = await house.serve(handler)
    peer = await house.open(server.port)
    await peer.say_close(1001, "off I go")
    assert await peer.next_close() == (1001, "off I go")
    assert not await peer.read_to_end()
    assert reasons == [CloseReason(1001, "off I go")]
    assert reasons[0].by == "peer"


async def test_w58_w59_an_empty_close(house):
    """W58, W59: told from 1000 in close_reason, answered with 1000."""
    reasons = []

    async def handler(session):
        await reading(session)
        reasons.append(await session.close_reason)

    server = await house.serve(handler)
    peer = await house.open(server.port)
    await peer.send(8)
    assert await peer.next_close() == (1000, "")
    assert not await peer.read_to_end()
    assert (reasons[0].code, reasons[0].by) == (1005, "peer")


async def test_w60_w61_a_handler_that_returns_closes_with_1000(house):
    """W60, W61"""

    async def handler(session):
        await session.send("bye")

    server = await house.serve(handler)
    peer = await house.open(server.port)
    assert await peer.next() == (1, b"bye")
    assert await peer.next_close() == (1000, "")
    (session,) = server.sessions  # over only when the peer has answered
    await peer.say_close()
    assert not await peer.read_to_end()
    with anyio.fail_after(5):
        await session.ended()
    assert not server.sessions


async def test_w72_a_handler_that_raises_closes_with_1011_and_says_no_more(house, caplog):
    """W72"""

    async def handler(session):
        raise ValueError("a secret")

    server = await house.serve(handler, path="/secret")
    peer = await house.open(server.port, "/secret")
    assert await peer.next_close() == (1011, "")
    await peer.say_close(1011)
    await peer.read_to_end()
    (record,) = caplog.records
    assert (record.name, record.levelname) == ("flowws.websocket", "ERROR")
    assert record.getMessage() == "/secret failed"
    assert record.exc_info[1].args == ("a secret",)


async def test_a_job_that_raises_does_too(house, caplog):
    async def fail():
        raise ValueError("a secret")

    async def handler(session):
        session.launch(fail, name="side job")
        await reading(session)

    server = await house.serve(handler)
    peer = await house.open(server.port)
    assert await peer.next_close() == (1011, "")
    assert caplog.records[0].getMessage() == "side job failed"
    assert len(caplog.records) == 1


@pytest.mark.parametrize("error", ["closed", "cancelled"])
async def test_w73_a_normal_departure_is_not_logged(house, caplog, error):
    """W73"""
    from flowws import CancellationError

    async def handler(session):
        if error == "cancelled":
            raise CancellationError("what I waited for")
        session.launch(session.close)
        await reading(session)
        await session.send("too late")

    server = await house.serve(handler)
    peer = await house.open(server.port)
    assert await peer.next_close() == (1000, "")
    await peer.say_close()
    await peer.read_to_end()
    assert not caplog.records


async def test_w46_w65_the_first_reason_wins_and_close_never_raises(house):
    """W46, W65"""
    reasons = []

    async def handler(session):
        await session.incoming.receive()
        await session.close(CloseReason(4000, "first"))
        await session.close(CloseReason(4001, "second"))
        reasons.append(await session.close_reason)
        raise ValueError("later")

    server = await house.serve(handler)
    peer = await house.open(server.port)
    await peer.send(1, b"x")
    assert await peer.next_close() == (4000, "first")
    await peer.say_close(4002)
    assert not await peer.read_to_end()
    while server.sessions:
        await anyio.lowlevel.checkpoint()
    assert reasons == [CloseReason(4000, "first")]


@pytest.mark.parametrize(("code", "text"), [(1013, "test"), (3500, ""), (4002, "é" * 61)])
async def test_w47_w48_code_and_text_reach_the_peer(house, code, text):
    """W47, W48"""

    async def handler(session):
        await session.close(CloseReason(code, text))

    server = await house.serve(handler)
    peer = await house.open(server.port)
    assert await peer.next_close() == (code, text)


@pytest.mark.parametrize("code", [1005, 1006, 1015, 999, 5000])
async def test_w48_w70_a_code_that_must_not_travel_is_refused(house, code):
    """W48, W70"""

    async def handler(session):
        with pytest.raises(ValueError, match=str(code)):
            await session.close(CloseReason(code))
        await session.send("still here")

    server = await house.serve(handler)
    peer = await house.open(server.port)
    assert await peer.next() == (1, b"still here")
    assert await peer.next_close() == (1000, "")


async def test_w40_w43_nothing_is_sent_after_the_close(house):
    """W40, W43"""
    errors = []

    async def handler(session):
        session.launch(reading, session)
        await session.incoming.receive()
        session.launch(session.close, CloseReason(4000, "enough"))
        await session.close_reason
        for attempt in (session.send, session.outgoing.send):
            with pytest.raises(SessionClosedError) as caught:
                await attempt(Frame.Text("late"))
            errors.append(caught.value)
        assert session.outgoing.try_send(Frame.Text("late")).is_closed
        assert session.outgoing.is_closed_for_send

    server = await house.serve(handler)
    peer = await house.open(server.port)
    await peer.send(1, b"x")
    assert await peer.next_close() == (4000, "enough")
    await peer.say_close()
    assert not await peer.read_to_end()
    assert [(error.code, error.by, error.cause) for error in errors] == [(4000, "us", None)] * 2
    assert str(errors[0]) == "the session was closed by this side: CloseReason(4000, 'enough')"


async def test_w41_sends_after_the_close_of_the_peer_raise(house):
    """W41"""
    errors = []

    async def handler(session):
        await reading(session)
        with pytest.raises(SessionClosedError) as caught:
            await session.send("late")
        errors.append(caught.value)

    server = await house.serve(handler)
    peer = await house.open(server.port)
    await peer.say_close(1001)
    await peer.next_close()
    await peer.read_to_end()
    assert (errors[0].code, errors[0].by) == (1001, "peer")


async def test_w42_what_is_queued_goes_before_the_close(house):
    """W42"""
    count = 2000

    async def handler(session):
        for number in range(count):
            await session.send(bytes(4096) + number.to_bytes(4, "big"))

    server = await house.serve(handler)
    peer = await house.open(server.port)
    for number in range(count):
        assert (await peer.next())[1][-4:] == number.to_bytes(4, "big")
    assert await peer.next_close() == (1000, "")


async def test_w42_also_when_the_peer_closes(house):
    """W42"""
    full = anyio.Event()

    async def handler(session):
        session.launch(reading, session)
        frame = Frame.Binary(bytes(65536))
        while session.outgoing.try_send(frame).is_success:
            pass
        full.set()
        await session.close_reason

    server = await house.serve(handler, WebSockets(close_timeout=20))
    peer = await house.open(server.port)
    with anyio.fail_after(5):
        await full.wait()
    await peer.say_close(4000)
    frames = [await peer.next()]
    while frames[-1][0] != 8:
        frames.append(await peer.next())
    assert len(frames) > 64
    assert all(frame == (2, bytes(65536)) for frame in frames[:-1])
    assert frames[-1] == (8, (4000).to_bytes(2, "big"))


async def test_w63_a_peer_that_never_answers_is_cut_off(house):
    """W63"""

    async def handler(session):
        pass

    server = await house.serve(handler, WebSockets(close_timeout=0.05))
    peer = await house.open(server.port)
    assert await peer.next_close() == (1000, "")
    assert not await peer.read_to_end()
    while server.sessions:
        await anyio.lowlevel.checkpoint()


async def test_a_peer_that_does_not_even_read_is_cut_off(house):
    async def handler(session):
        while session.outgoing.try_send(Frame.Binary(bytes(65536))).is_success:
            pass

    server = await house.serve(handler, WebSockets(close_timeout=0.05))
    await house.open(server.port)
    (session,) = server.sessions
    with anyio.fail_after(5):
        await session.ended()
    assert await session.close_reason == CloseReason(1000)


async def test_w66_w71_the_end_of_tcp_is_told_from_a_reset(house):
    """W66, W70, W71"""
    reasons = []
    done = anyio.Event()

    async def handler(session):
        await reading(session)
        reasons.append(await session.close_reason)
        done.set()

    server = await house.serve(handler)
    for end, kind in (("hang_up", EOFError), ("reset", ConnectionResetError)):
        done = anyio.Event()
        peer = await house.open(server.port)
        await getattr(peer, end)()
        with anyio.fail_after(5):
            await done.wait()
        reason = reasons.pop()
        assert (reason.code, reason.by) == (1006, "network")
        assert isinstance(reason.cause, kind)
        assert not server.sessions


async def test_w79_what_follows_the_close_frame_is_ignored(house, raw):
    """W79"""
    seen = []

    async def handler(session):
        async for frame in session.incoming:
            seen.append(frame)  # noqa: PERF401  # the loop is what is tested

    server = await house.serve(handler)
    peer = await house.open(server.port)
    await peer.write(raw.frame(1, b"a") + raw.frame(8, b"\x03\xe8") + raw.frame(1, b"b") + raw.frame(9, b"c"))
    assert await peer.next_close() == (1000, "")
    assert not await peer.read_to_end()
    assert seen == [Frame.Text("a")]


async def test_a_close_frame_that_is_sent_closes(house):
    async def handler(session):
        await session.incoming.receive()
        await session.send(Frame.Close(CloseReason(4001, "by frame")))
        assert not session.is_active

    server = await house.serve(handler)
    peer = await house.open(server.port)
    await peer.send(1, b"x")
    assert await peer.next_close() == (4001, "by frame")


async def test_closing_the_outgoing_channel_closes_the_session(house):
    async def handler(session):
        await session.incoming.receive()
        told: list[object] = []
        session.outgoing.invoke_on_close(told.append)
        assert session.outgoing.close()
        assert not session.outgoing.close()
        assert isinstance(told[0], SessionClosedError)

    server = await house.serve(handler)
    peer = await house.open(server.port)
    await peer.send(1, b"x")
    assert await peer.next_close() == (1000, "")


async def test_a_half_closed_peer_gets_the_answer_to_its_close(house):
    full = anyio.Event()

    async def handler(session):
        session.launch(reading, session)
        while session.outgoing.try_send(Frame.Binary(bytes(65536))).is_success:
            pass
        full.set()
        await session.close_reason

    server = await house.serve(handler, WebSockets(close_timeout=20))
    peer = await house.open(server.port)
    with anyio.fail_after(5):
        await full.wait()
    await peer.say_close(4000)
    await peer.stream.send_eof()
    while (frame := await peer.next())[0] != 8:
        assert frame == (2, bytes(65536))
    assert frame == (8, (4000).to_bytes(2, "big"))
    assert not await peer.read_to_end()


async def test_outgoing_after_the_end(house):
    told: list[SessionClosedError] = []

    async def handler(session):
        await session.incoming.receive()
        assert repr(session.outgoing) == "<Outgoing open, 0 frames waiting, 0 senders>"
        assert repr(session.incoming) == "<Incoming open, 0 frames waiting>"
        session.outgoing.close(ValueError("mine"))
        session.outgoing.invoke_on_close(told.append)
        with pytest.raises(RuntimeError, match="handler already"):
            session.outgoing.invoke_on_close(told.append)

    server = await house.serve(handler)
    peer = await house.open(server.port)
    await peer.send(1, b"x")
    assert await peer.next_close() == (1011, "")
    assert [(type(error), error.code) for error in told] == [(SessionClosedError, 1011)]
    assert isinstance(told[0].cause, ValueError)


@pytest.mark.engine_only("picows", "its log")
async def test_what_picows_logs_is_kept_quiet(house, caplog):
    caplog.set_level("INFO")
    server = await house.serve(reading)
    peer = await house.open(server.port)
    await peer.send(3)
    await peer.next_close()
    await peer.read_to_end()
    expected = ("aiofastnet", "flowws.websocket.access")
    assert [record.name for record in caplog.records if not record.name.startswith(expected)] == []
    caplog.set_level("DEBUG", logger="flowws.websocket.picows")
    peer = await house.open(server.port)
    await peer.send(3)
    await peer.next_close()
    assert "invalid opcode=0x3" in caplog.text
