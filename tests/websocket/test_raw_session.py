"""Raw sessions: every frame is shown, nothing is answered. In memory, where each frame of the wire can be looked at."""

from __future__ import annotations

import anyio
import pytest

from flowws import IllegalStateError, delay
from flowws.testing import conversation
from flowws.websocket import (
    CloseReason,
    Frame,
    ProtocolViolationError,
    RawWebSocketServerSession,
    SessionClosedError,
    WebSockets,
    WebSocketServer,
    WebSocketSession,
    bounded,
    channels,
)
from flowws.websocket.engines import frame_bytes
from tests.websocket.stalling import held_back, let_go

NARROW = WebSockets(channels=channels(outgoing=bounded(1)))


@pytest.fixture(params=["asyncio", "trio"])
def anyio_backend(request):
    return request.param


def serving(handler, config=None):
    app = WebSocketServer(config)
    app.websocket_raw("/")(handler)
    return app


def talk(handler, config=None):
    return conversation(serving(handler, config), "/", raw=True)


async def test_i11_a_raw_session_shows_control_frames_and_answers_none(test_scope):
    """I11, D1"""
    received: list[object] = []

    async def handler(session):
        assert isinstance(session, RawWebSocketServerSession)
        assert isinstance(session, WebSocketSession)
        assert session.extensions == ()
        await session.incoming.consume_each(received.append)

    async with talk(handler) as peer:
        await peer.send_frame(9, b"ping")
        await peer.send_frame(10, b"pong")
        await peer.send_frame(1, "grüße".encode())
        await peer.expect_nothing()
        assert received == [Frame.Ping(b"ping"), Frame.Pong(b"pong"), Frame.Text("grüße")]
        await peer.send_frame(8, CloseReason(1001, "bye").to_payload())
        await peer.expect_end()  # the handler has returned, and has said nothing
        assert received[-1] == Frame.Close(CloseReason(1001, "bye"))
        reason = await peer.session.close_reason
        assert (reason.code, reason.message, reason.by) == (1001, "bye", "peer")


async def test_k3_a_raw_session_shows_fragments_with_the_kind_of_their_message(test_scope):
    """K3, F14: the split may be inside a character"""
    received: list[object] = []

    def note(frame):
        received.append((type(frame), frame.fin, frame.data, frame.rsv1, frame.rsv3))

    async def handler(session):
        await session.incoming.consume_each(note)

    async with talk(handler) as peer:
        await peer.send_frame(1, b"\xc3", fin=False, rsv=4)
        await peer.send_frame(9)
        await peer.send_frame(0, b"\xbc", fin=False)
        await peer.send_frame(0, b"!")
        await peer.send_frame(2, b"a", fin=False)
        await peer.send_frame(0, b"b", rsv=1)
        await peer.send_frame(1, b"\xff")
        await peer.expect_nothing()
    assert received[:7] == [
        (Frame.Text, False, b"\xc3", True, False),
        (Frame.Ping, True, b"", False, False),
        (Frame.Text, False, b"\xbc", False, False),
        (Frame.Text, True, b"!", False, False),
        (Frame.Binary, False, b"a", False, False),
        (Frame.Binary, True, b"b", False, True),
        (Frame.Text, True, b"\xff", False, False),
    ]


@pytest.mark.parametrize(
    ("frames", "violation"),
    [
        pytest.param([(0, b"x", True)], "continuation of nothing", id="J4 W98"),
        pytest.param([(1, b"x", False), (1, b"y", True)], "inside a fragmented one", id="J5 W97"),
        pytest.param([(1, b"x", False), (2, b"y", True)], "inside a fragmented one", id="J5 binary in text"),
        pytest.param([(8, b"\x03", True)], "half a code", id="W101 half"),
        pytest.param([(8, (1006).to_bytes(2, "big"), True)], "code 1006", id="W101 1006"),
    ],
)
async def test_what_breaks_the_rules_fails_a_raw_session_too(test_scope, frames, violation):
    errors = []

    async def handler(session):
        try:
            while True:
                await session.incoming.receive()
        except ProtocolViolationError as error:
            errors.append(error)
            raise

    async with talk(handler) as peer:
        await peer.expect_nothing()
        for opcode, payload, fin in frames:
            await peer.send_frame(opcode, payload, fin=fin)
        await peer.expect_close(1002)
        await peer.expect_end()
        await peer.session.ended()
        assert violation in errors[0].violation
        assert (await peer.session.close_reason).cause is errors[0]  # W102


async def test_k2_what_follows_a_fragment_goes_out_as_its_continuation(test_scope):
    """K2: opcodes are looked after, messages do not mix"""

    async def handler(session):
        await session.send(Frame.Text("a", fin=False))
        await session.send(Frame.Ping(b"between"))
        with pytest.raises(IllegalStateError, match="inside a fragmented message of the other kind"):
            await session.send(b"other")
        await session.send(Frame.Text("b", fin=False, rsv2=True))
        await session.send("c")
        await session.send("whole")
        await session.send(Frame.Binary(b"bits", rsv1=True))

    async with talk(handler) as peer:
        frames = [await peer.expect_frame() for _ in range(6)]
        assert [(type(frame), frame.data, frame.fin) for frame in frames] == [
            (Frame.Text, b"a", False),
            (Frame.Ping, b"between", True),
            (Frame.Text, b"b", False),
            (Frame.Text, b"c", True),
            (Frame.Text, b"whole", True),
            (Frame.Binary, b"bits", True),
        ]
        assert frames[2].rsv2
        assert frames[5].rsv1
        await peer.expect_end()


async def test_a_close_frame_of_the_handler_is_sent_as_it_is_and_nothing_behind_it(test_scope):
    errors = []

    async def handler(session):
        await session.send("first")
        await session.send(Frame.Close(CloseReason(3500, "mine")))
        with pytest.raises(SessionClosedError) as caught:
            await session.send("late")
        errors.append(caught.value)
        assert session.outgoing.is_closed_for_send
        assert session.is_active
        assert await session.incoming.receive() == Frame.Close(CloseReason(3500, "mine"))

    async with talk(handler) as peer:
        await peer.expect_text("first")
        await peer.expect_close(3500, "mine")
        await peer.expect_nothing(60)
        await peer.send(Frame.Close(CloseReason(3500, "mine")))
        await peer.expect_end()
        reason = await peer.session.close_reason
        assert (reason.code, reason.by) == (3500, "us")
        assert errors[0].reason == reason


@pytest.mark.parametrize("payload", [b"\x03", (1005).to_bytes(2, "big"), (1000).to_bytes(2, "big") + b"\xff"])
async def test_a_close_frame_that_must_not_travel_is_refused(test_scope, payload):
    """W48, W101"""

    async def handler(session):
        with pytest.raises(ValueError, match="must not be sent"):
            await session.send(Frame.Close(payload))
        await session.send("goes on")

    async with talk(handler) as peer:
        await peer.expect_text("goes on")


async def test_close_sends_a_close_frame_behind_what_was_sent_and_ends_the_connection(test_scope):
    async def handler(session):
        await session.send("last")
        await session.close(CloseReason(1013, "test"))

    async with talk(handler) as peer:
        await peer.expect_text("last")
        await peer.expect_close(1013, "test")
        await peer.expect_end()
        assert (await peer.session.close_reason).by == "us"


async def test_a_handler_that_returns_says_nothing_more(test_scope):
    """C3"""

    async def handler(session):
        await session.send("last")

    async with talk(handler) as peer:
        await peer.expect_text("last")
        await peer.expect_end()
        reason = await peer.session.close_reason
        assert (reason.code, reason.by) == (1006, "us")  # nothing was said, and 1006 is never on the wire


async def test_a_handler_that_fails_sends_1011(test_scope, caplog):
    async def handler(session):
        raise LookupError("secret")

    async with talk(handler) as peer:
        await peer.expect_close(1011, "")
        await peer.expect_end()
    assert "secret" in caplog.text


async def test_the_peers_close_frame_may_be_answered_after_its_end_of_file(test_scope):
    async def handler(session):
        frame = await session.incoming.receive()
        assert session.incoming.is_closed_for_receive
        await session.send(frame)

    async with talk(handler, WebSockets(close_timeout=2)) as peer:
        await peer.send(Frame.Close(CloseReason(1000, "done")))
        await peer.expect_close(1000, "done")
        await peer.expect_end()


async def test_receiving_behind_the_peers_close_frame_is_a_normal_departure(test_scope, caplog):
    async def handler(session):
        while True:
            await session.incoming.receive()

    async with talk(handler) as peer:
        await peer.send(Frame.Close(CloseReason(1000)))
        await peer.expect_end()
        assert (await peer.session.close_reason).by == "peer"
    assert not caplog.records


async def test_jobs_of_a_raw_session_end_with_it(test_scope):
    ended = []

    async def handler(session):
        @session.launch
        async def ticker():
            try:
                await session.close_reason
                await session.job.join()
            finally:
                ended.append("ticker")

        async for _ in session.incoming:
            pass
        ended.append("reader")

    async with talk(handler) as peer:
        await peer.expect_nothing()
        peer.hang_up()
        reason = await peer.session.close_reason
        assert (reason.code, reason.by) == (1006, "network")
        await peer.session.ended()
    assert sorted(ended) == ["reader", "ticker"]


async def test_a_fragment_that_was_given_up_does_not_count(test_scope):
    async def handler(session):
        await session.send(Frame.Text("a", fin=False))
        held_back(session)
        await session.send(Frame.Text("b", fin=False))
        with anyio.move_on_after(1):
            await session.send(Frame.Text("never"))
        let_go(session)
        with pytest.raises(IllegalStateError):
            await session.send(Frame.Binary(b"would end the text"))
        await session.send(Frame.Text("c"))
        held_back(session)
        await session.send(Frame.Binary(b"d"))
        with anyio.move_on_after(1):
            await session.send(Frame.Text("never", fin=False))
        let_go(session)
        await session.send(Frame.Binary(b"e"))

    async with talk(handler, NARROW) as peer:
        assert [(await peer.expect_frame()).data for _ in range(5)] == [b"a", b"b", b"c", b"d", b"e"]


@pytest.mark.parametrize("violation", [frame_bytes(0, b"of nothing", masked=True), b"\x83\x80\0\0\0\0"])
async def test_w102_the_first_close_frame_counts_whatever_the_peer_does_then(test_scope, violation):
    """W102: whether the session finds the fault, or the engine"""

    async def handler(session):
        await session.send(Frame.Close(CloseReason(4000, "mine")))
        await session.close_reason

    async with talk(handler) as peer:
        await peer.expect_close(4000, "mine")
        await peer.send_bytes(violation)
        await peer.expect_end()
        assert await peer.session.close_reason == CloseReason(4000, "mine")


@pytest.mark.parametrize("code", [1002, 1006])
async def test_w102_a_close_frame_that_never_left_does_not_count(test_scope, code):
    """W102"""

    async def handler(session):
        held_back(session)
        await session.send("never")
        await session.send(Frame.Close(CloseReason(4000, "never")))
        await session.close_reason

    async with talk(handler) as peer:
        if code == 1002:
            await peer.send_frame(0, b"of nothing")
        else:
            peer.wire.end()
        await peer.expect_close(code)
        assert (await peer.session.close_reason).code == code


async def test_w56_an_answer_that_is_queued_leaves_although_the_peer_says_nothing_more(test_scope):
    """W56, W42"""

    async def handler(session):
        await session.incoming.receive()
        held_back(session)
        await session.send("queued")
        await session.send(Frame.Close(CloseReason(4000, "bye")))
        await delay(1)
        let_go(session)
        await session.close_reason

    async with talk(handler) as peer:
        await peer.send_frame(8, CloseReason(4000, "bye").to_payload())
        peer._end._end.finish()  # our half of TCP is over, the other is not
        await peer.expect_text("queued")
        await peer.expect_close(4000)
        await peer.expect_end()


async def test_who_waited_behind_the_end_of_a_message_that_was_given_up_is_refused(test_scope):
    async def handler(session):
        held_back(session)
        await session.send(Frame.Text("a", fin=False))
        ending = session.launch(session.send, Frame.Text("never"))

        @session.launch
        async def other():
            with pytest.raises(IllegalStateError):
                await session.send(Frame.Binary(b"would end the text"))

        await delay(1)
        await ending.cancel_and_join()
        let_go(session)
        await other.join()
        await session.send(Frame.Text("b"))

    async with talk(handler, NARROW) as peer:
        assert [(await peer.expect_frame()).data for _ in range(2)] == [b"a", b"b"]
