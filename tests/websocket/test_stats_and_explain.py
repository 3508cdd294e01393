"""What a session tells about itself: numbers, a paragraph, and a trace of its frames."""

from __future__ import annotations

import logging

import pytest

from flowws.testing import conversation
from flowws.websocket import CloseReason, Frame, SessionStats, WebSockets, WebSocketServer
from tests.websocket.stalling import held_back, let_go


@pytest.fixture(params=["asyncio", "trio"])
def anyio_backend(request):
    return request.param


def talk(handler, *, raw=True, raw_session=False, **config):
    app = WebSocketServer(WebSockets(**config))
    (app.websocket_raw if raw_session else app.websocket)("/talk")(handler)
    return conversation(app, "/talk", raw=raw)


async def echo(session):
    async for frame in session.incoming:
        await session.send(frame)


async def test_numbers_count_frames_and_bytes(test_scope):
    async with talk(echo, count_bytes=True) as peer:
        await peer.send("ü")
        await peer.expect_text()
        await peer.send(b"abc")
        await peer.expect_binary()
        await peer.send_frame(1, b"fr", fin=False)
        await peer.send_frame(0, b"ag")
        await peer.expect_text()
        await peer.send_frame(9)
        await peer.expect_pong()
        assert peer.session.stats == SessionStats(
            frames_received=3,
            frames_sent=3,
            bytes_received=9,
            bytes_sent=9,
            incoming_dropped=0,
            outgoing_dropped=0,
            incoming_waiting=0,
            outgoing_waiting=0,
            incoming_peak=peer.session.stats.incoming_peak,
            outgoing_peak=0,
            latency=None,
        )


async def test_numbers_count_across_budgets_and_ways_of_sending(test_scope):
    async def handler(session):
        for _ in range(300):
            await session.send("xy")
        await session.outgoing.send(Frame.Text("xy"))
        assert session.outgoing.try_send(Frame.Text("xy")).is_success

        async def pieces():
            yield "x"
            yield "y"

        await session.send(pieces())
        stats = session.stats
        assert (stats.frames_sent, stats.bytes_sent) == (303, 606)
        await session.send("right")

    async with talk(handler, raw=False, count_bytes=True) as peer:
        texts = [await peer.expect_text() for _ in range(304)]
        assert texts[-1] == "right"


async def test_bytes_are_counted_for_who_asks(test_scope):
    async with talk(echo) as peer:
        await peer.send("x")
        await peer.expect_text()
        stats = peer.session.stats
        assert (stats.frames_received, stats.bytes_received, stats.bytes_sent) == (1, None, None)


async def test_an_open_session_explains_itself(test_scope):
    async with talk(echo) as peer:
        await peer.send("hello")
        await peer.expect_text()
        told = peer.session.explain()
        assert told.startswith("Session /talk is open. 1 frames came in, 1 were sent. ")
        assert told.endswith("No ping was ever sent.")
        assert "\n" not in told


async def test_a_closed_session_explains_who_and_why(test_scope):
    async with talk(echo, ping_interval=10, timeout=5) as peer:
        await peer.send_frame(10, await peer.expect_ping(timeout=11))
        await peer.expect_nothing(1)
        told = peer.session.explain()
        assert "The last pong came 1.0" in told
        assert "event loop was up to 0.0" in told
        await peer.expect_ping(timeout=20)
        await peer.expect_close(1011, timeout=6)
        told = peer.session.explain()
        assert "Session /talk was closed by this side, with CloseReason(1011 INTERNAL_ERROR, 'Ping timeout')" in told
        assert "because of PingTimeoutError(5.0)" in told


@pytest.mark.parametrize("raw_session", [False, True])
async def test_losses_and_queues_are_explained(test_scope, raw_session):
    async def handler(session):
        session._link.incoming.dropped = 3
        await session.close(CloseReason(3000))

    async with talk(handler, raw_session=raw_session) as peer:
        await peer.expect_close(3000)
        told = peer.session.explain()
        assert "3 incoming and 0 outgoing ones were dropped" in told


async def test_reading_that_is_held_back_is_explained(test_scope):
    from flowws import Channel
    from flowws.websocket import bounded, channels

    go = Channel[None]()

    async def handler(session):
        await go.receive()

    async with talk(handler, channels=channels(incoming=bounded(1))) as peer:
        await peer.send("a")
        await peer.expect_nothing()
        assert "1 frames wait to be received (at most 1), and reading is held back" in peer.session.explain()
        await go.send(None)


@pytest.mark.parametrize("raw_session", [False, True])
async def test_a_network_that_takes_nothing_is_explained(test_scope, raw_session):
    async with talk(echo, raw_session=raw_session) as peer:
        assert "0 wait to leave (at most 0)" in peer.session.explain()
        assert "the network" not in peer.session.explain()
        held_back(peer.session)
        await peer.send("a")
        await peer.expect_nothing()
        assert "; 1 wait to leave (at most 1), and the network takes nothing now" in peer.session.explain()
        let_go(peer.session)
        await peer.expect_text("a")
        assert "the network" not in peer.session.explain()
        held_back(peer.session)
        peer.session.terminate()
        assert "takes nothing" not in peer.session.explain()


async def test_a_streamed_message_that_is_stalled_is_explained(test_scope):
    async def handler(session):
        async def pieces():
            yield "x"
            held_back(session)
            yield "y"

        await session.send(pieces())

    async with talk(handler) as peer:
        await peer.expect_frame()
        await peer.expect_nothing()
        assert "; 0 wait to leave (at most 0), and the network takes nothing now" in peer.session.explain()
        let_go(peer.session)
        await peer.expect_frame()
        assert "the network" not in peer.session.explain()


async def test_u1_frames_are_traced_for_who_asks(test_scope, caplog):
    """U1"""
    caplog.set_level(logging.DEBUG, logger="flowws.websocket.frames")
    async with talk(echo) as peer:
        await peer.send("hello")
        await peer.expect_text("hello")
        await peer.send_frame(2, b"x" * 100, fin=False)
        await peer.send_frame(9, b"?")
        await peer.expect_pong(b"?")
        await peer.close(CloseReason(1001, "bye"))
    lines = [record.getMessage() for record in caplog.records if record.name == "flowws.websocket.frames"]
    assert lines[:5] == [
        "/talk < text 'hello'",
        "/talk > text 'hello'",
        f"/talk < binary not final {b'x' * 61!r}... (100 in all)",
        "/talk < ping b'?'",
        "/talk > pong b'?'",
    ]
    assert "/talk < close b'\\x03\\xe9bye'" in lines
    assert "/talk > close b'\\x03\\xe9bye'" in lines
    assert "the connection is over" in lines[-1]


async def test_u1_nothing_is_traced_for_nobody(test_scope, caplog):
    caplog.set_level(logging.INFO)
    async with talk(echo) as peer:
        await peer.send("hello")
        await peer.expect_text("hello")
    assert not [record for record in caplog.records if record.name == "flowws.websocket.frames"]
