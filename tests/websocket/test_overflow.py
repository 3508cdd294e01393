"""Queues that do not wait when they are full: what gives way, and that it is counted."""

from __future__ import annotations

from typing import Any

import anyio
import anyio.lowlevel
import pytest

from flowws import Channel
from flowws.channels import ChannelResult
from flowws.testing import conversation
from flowws.websocket import (
    ChannelOverflow,
    ChannelOverflowError,
    Frame,
    SessionClosedError,
    WebSockets,
    WebSocketServer,
    bounded,
    channels,
    unlimited,
)
from tests.websocket.stalling import held_back, let_go

DROP_OLDEST, DROP_LATEST = ChannelOverflow.DROP_OLDEST, ChannelOverflow.DROP_LATEST
CONFLATE, CLOSE = ChannelOverflow.CONFLATE, ChannelOverflow.CLOSE


@pytest.fixture(params=["asyncio", "trio"])
def anyio_backend(request):
    return request.param


def talk(handler, *, incoming=None, outgoing=None, **more):
    app = WebSocketServer(WebSockets(channels=channels(incoming, outgoing), **more))
    app.websocket("/")(handler)
    return conversation(app, "/")


@pytest.mark.parametrize(
    ("policy", "kept", "dropped"),
    [
        pytest.param(DROP_OLDEST, ["4", "5"], 3, id="drop oldest"),
        pytest.param(DROP_LATEST, ["1", "2"], 3, id="drop latest"),
        pytest.param(CONFLATE, ["5"], 4, id="conflate"),
    ],
)
async def test_w110_incoming_gives_frames_up(test_scope, policy, kept, dropped):
    """W110"""
    go = Channel[None]()
    received: list[object] = []

    async def handler(session):
        await go.receive()
        assert session.stats.incoming_waiting == len(kept)
        await session.incoming.receive_as_flow().map(Frame.Text.read_text).collect(received.append)

    async with talk(handler, incoming=bounded(2, on_overflow=policy)) as peer:
        for number in range(1, 6):
            await peer.send(str(number))
        await peer.expect_nothing()
        await go.send(None)
        await peer.expect_nothing()
        assert received == kept
        await peer.send("later")
        await peer.expect_nothing()
        assert received == [*kept, "later"]
        stats = peer.session.stats
        assert (stats.frames_received, stats.incoming_dropped, stats.incoming_peak) == (6, dropped, 2)


async def test_w105_w106_incoming_that_may_not_overflow_closes(test_scope):
    """W105, W106, M5: what was there is still received, then the error is raised"""
    go = Channel[None]()
    received: list[object] = []

    async def handler(session):
        await go.receive()
        try:
            while True:
                received.append((await session.incoming.receive()).read_text())
        except ChannelOverflowError as error:
            received.append(error)
            raise

    async with talk(handler, incoming=bounded(2, on_overflow=CLOSE)) as peer:
        session = peer.session
        session._link.incoming.readers.add(session._main)
        for number in range(1, 4):
            await peer.send(str(number))
        await peer.expect_close(1008, "messages come faster than they are taken")
        await go.send(None)
        await peer.close()
        await session.ended()
        error: Any = received.pop()
        assert received == ["1", "2"]
        assert (error.direction, error.capacity) == ("incoming", 2)
        assert str(error) == "incoming has room for 2 frames, and was full"
        reason = await session.close_reason
        assert reason.cause is error


@pytest.mark.parametrize(
    ("policy", "kept", "dropped"),
    [
        pytest.param(DROP_OLDEST, ["4", "5"], 3, id="drop oldest"),
        pytest.param(DROP_LATEST, ["1", "2"], 3, id="drop latest"),
        pytest.param(CONFLATE, ["5"], 4, id="conflate"),
    ],
)
async def test_w110_outgoing_gives_frames_up(test_scope, policy, kept, dropped):
    """W110"""

    async def handler(session):
        held_back(session)
        for number in range(1, 5):
            await session.send(str(number))
        assert session.outgoing.try_send(Frame.Text("5")) == ChannelResult.success(None)
        assert session.stats.outgoing_waiting == len(kept)
        let_go(session)
        await session.send("later")
        stats = session.stats
        assert (stats.frames_sent, stats.outgoing_dropped, stats.outgoing_peak) == (6, dropped, 2)

    async with talk(handler, outgoing=bounded(2, on_overflow=policy)) as peer:
        assert [await peer.expect_text() for _ in kept] == kept
        await peer.expect_text("later")
        await peer.expect_close(1000)


@pytest.mark.parametrize("policy", [DROP_OLDEST, CONFLATE])
async def test_who_flushes_or_streams_does_not_give_way(test_scope, policy):
    async def handler(session):
        held_back(session)
        await session.send("1")
        flushing = session.launch(session.flush)

        async def pieces():
            yield "piece"

        streaming = session.launch(session.send, pieces())
        while session.outgoing.waiting < 3:
            await anyio.lowlevel.checkpoint()
        await session.send("2")
        let_go(session)
        await flushing.join()
        await streaming.join()

    async with talk(handler, outgoing=bounded(1, on_overflow=policy)) as peer:
        await peer.expect_text("piece")
        await peer.expect_text("2")
        await peer.expect_close(1000)


@pytest.mark.parametrize("way", ["send", "try_send"])
async def test_w104_outgoing_that_may_not_overflow_closes(test_scope, way):
    """W104, E5: `send` raises, what was queued leaves"""
    errors = []

    async def handler(session):
        held_back(session)
        await session.send("1")
        if way == "send":
            with pytest.raises(ChannelOverflowError) as caught:
                await session.send("2")
            errors.append(caught.value)
        else:
            result = session.outgoing.try_send(Frame.Text("2"))
            assert result.is_closed
            errors.append(result.exception_or_none())
        assert session.outgoing.try_send(Frame.Text("3")).is_closed
        with pytest.raises(SessionClosedError):
            session.outgoing.try_send(Frame.Text("3")).get_or_raise()
        let_go(session)
        raise errors[0]

    async with talk(handler, outgoing=bounded(1, on_overflow=CLOSE)) as peer:
        await peer.expect_text("1")
        await peer.expect_close(1008)
        await peer.close()
        reason = await peer.session.close_reason
        assert reason.cause is errors[0]
        assert str(errors[0]) == "outgoing has room for 1 frames, and was full"


async def test_raw_frames_give_way_too(test_scope):
    app = WebSocketServer(WebSockets(channels=channels(incoming=bounded(2, on_overflow=DROP_OLDEST))))
    go = Channel[None]()
    received: list[object] = []

    @app.websocket_raw("/")
    async def handler(session):
        await go.receive()
        await session.incoming.consume_each(received.append)

    async with conversation(app, "/", raw=True) as peer:
        for payload in (b"1", b"2", b"3"):
            await peer.send_frame(9, payload)
        await peer.expect_nothing()
        await go.send(None)
        await peer.expect_nothing()
    assert received[:2] == [Frame.Ping(b"2"), Frame.Ping(b"3")]


def test_m7_what_a_configuration_says():
    """M3, M7"""
    assert bounded(3).can_suspend
    assert not unlimited().can_suspend
    assert not bounded(3, on_overflow=CLOSE).can_suspend
    assert repr(bounded(3, on_overflow=CLOSE)) == "bounded(3, on_overflow=ChannelOverflow.CLOSE)"
    assert bounded(3, on_overflow=CONFLATE).on_overflow is CONFLATE
    with pytest.raises(TypeError, match="on_overflow is a ChannelOverflow, not 'close'"):
        bounded(3, on_overflow="close")  # type: ignore[arg-type]  # to be refused


@pytest.mark.parametrize("outgoing", [unlimited(), bounded(2, on_overflow=DROP_OLDEST)], ids=repr)
async def test_sends_that_never_wait_let_others_run(test_scope, outgoing):
    turns: list[int] = []

    async def handler(session):
        held_back(session)

        @session.launch
        async def other():
            for turn in range(5):
                turns.append(turn)
                await anyio.lowlevel.checkpoint()

        for number in range(2000):
            await session.send(str(number))
        assert len(turns) == 5
        let_go(session)

    async with talk(handler, outgoing=outgoing) as peer:
        await peer.expect_text("0" if outgoing.is_unlimited else "1998")
