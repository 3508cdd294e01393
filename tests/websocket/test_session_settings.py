"""What may be set while a session is open, and pings on demand."""

from __future__ import annotations

from datetime import timedelta

import pytest

from flowws import delay, with_timeout_or_none
from flowws.testing import conversation
from flowws.websocket import (
    Frame,
    FrameTooBigError,
    SessionClosedError,
    WebSockets,
    WebSocketServer,
    asgi_endpoint,
    bounded,
    channels,
)
from tests.websocket.asgi.scripted import ScriptedServer, text


@pytest.fixture(params=["asyncio", "trio"])
def anyio_backend(request):
    return request.param


def talk(handler, *, raw=True, raw_session=False, **config):
    app = WebSocketServer(WebSockets(**config))
    (app.websocket_raw if raw_session else app.websocket)("/")(handler)
    return conversation(app, "/", raw=raw)


async def listen(session):
    async for _ in session.incoming:
        pass


# Pings


async def test_w90_the_interval_starts_changes_and_stops_the_pings(test_scope):
    """W90, D8"""
    async with talk(listen) as peer:
        session = peer.session
        assert session.ping_interval is None
        session.ping_interval = None
        await peer.expect_nothing(3600)
        session.ping_interval = timedelta(seconds=10)
        assert session.ping_interval == 10.0
        await peer.expect_nothing(9)
        payload = await peer.expect_ping(timeout=2)
        session.ping_interval = 60
        await peer.send_frame(10, payload)
        await peer.expect_nothing(59)
        payload = await peer.expect_ping(timeout=2)
        session.ping_interval = None
        await peer.expect_nothing(3600)  # not even a time-out
        assert session.is_active


async def test_d8_the_timeout_counts_from_the_next_ping_on(test_scope):
    """D8, W84, W85"""
    async with talk(listen, ping_interval=10, timeout=1) as peer:
        session = peer.session
        assert session.timeout == 1.0
        session.timeout = timedelta(minutes=1)
        await peer.expect_ping(timeout=11)
        await peer.expect_nothing(59)
        await peer.expect_close(1011, "Ping timeout", timeout=2)


async def test_settings_after_the_end_do_nothing(test_scope):
    async with talk(listen, ping_interval=10) as peer:
        await peer.close()
        peer.session.ping_interval = 1
        peer.session.timeout = 1
        await peer.session.ended()


@pytest.mark.parametrize(
    ("name", "value", "error"),
    [
        ("ping_interval", 0, ValueError),
        ("ping_interval", -1, ValueError),
        ("ping_interval", "1", TypeError),
        ("timeout", 0, ValueError),
        ("timeout", float("inf"), ValueError),
        ("max_frame_size", 0, ValueError),
        ("max_frame_size", 1.5, TypeError),
        ("max_frame_size", True, TypeError),
    ],
)
async def test_bad_settings_are_refused(test_scope, name, value, error):
    async with talk(listen) as peer:
        with pytest.raises(error, match=f"{name} must be"):
            setattr(peer.session, name, value)


async def test_w93_send_ping_measures_the_way(test_scope):
    """W93"""
    measured = []

    async def handler(session):
        assert session.latency is None
        measured.append(await session.send_ping())
        assert session.latency == session.stats.latency == measured[0]
        session.launch(pinging, session)
        await listen(session)

    async def pinging(session):
        measured.append(await session.send_ping())

    async with talk(handler) as peer:
        payload = await peer.expect_ping()
        await peer.send_frame(10, b"another")
        await peer.expect_nothing(3)
        await peer.send_frame(10, payload)
        first = await peer.expect_ping()
        assert measured[0] >= 3
        assert first != payload
        await peer.expect_nothing(1)
        await peer.send_frame(10, first)
        await peer.expect_nothing()
        assert 1 <= measured[1] < 2


async def test_a_pong_answers_the_pings_before_it(test_scope):
    """RFC 6455, section 5.5.3: a peer may answer the last ping only"""
    measured = []

    async def pinging(session):
        measured.append(await session.send_ping())

    async def handler(session):
        session.launch(pinging, session)
        session.launch(pinging, session)
        await listen(session)

    async with talk(handler) as peer:
        await peer.expect_ping()
        await peer.send_frame(10, await peer.expect_ping())
        await peer.expect_nothing()
    assert len(measured) == 2


async def test_a_ping_of_nobody_any_more_does_no_harm(test_scope):
    async def handler(session):
        assert await with_timeout_or_none(1, session.send_ping) is None
        await listen(session)

    async with talk(handler) as peer:
        payload = await peer.expect_ping()
        await peer.expect_nothing(2)
        await peer.send_frame(10, payload)
        await peer.expect_nothing()
        assert peer.session.latency is None


async def test_send_ping_ends_with_the_session(test_scope):
    errors = []

    async def handler(session):
        session._link.incoming.readers.add(session._main)
        try:
            await session.send_ping()
        except SessionClosedError as error:
            errors.append(error.code)

    async with talk(handler) as peer:
        await peer.expect_ping()
        await peer.close()
        await peer.session.ended()
    assert errors == [1000]


async def test_send_ping_after_the_end(test_scope):
    async with talk(listen) as peer:
        await peer.close()
        await peer.session.ended()
        for _ in range(2):
            with pytest.raises(SessionClosedError):
                await peer.session.send_ping()


async def test_pings_that_an_engine_cannot_send_are_refused(test_scope):
    async def handler(session):
        with pytest.raises(ValueError, match="cannot send pings"):
            session.ping_interval = 1
        assert session.ping_interval is None
        with pytest.raises(ValueError, match="not control frames"):
            await session.send_ping()
        await session.send("goes on")

    server = ScriptedServer(test_scope)
    task = server.calls(asgi_endpoint(handler))
    assert (await server.has_heard())[1] == text("goes on")
    server.says("disconnect", code=1000)
    await task.join()


async def test_pings_that_are_never_answered_are_forgotten(test_scope):
    async with talk(listen, ping_interval=10, timeout=1) as peer:
        for _ in range(5):
            await peer.expect_ping(timeout=12)
            await peer.send("alive")
        await peer.expect_nothing(1)
        assert peer.session.is_active
        assert len(peer.session._messages.pinger._sent) <= 1


# Sizes


@pytest.mark.parametrize("raw_session", [False, True])
async def test_w36_a_new_limit_counts_for_the_next_frame(test_scope, raw_session):
    """W36, D9"""
    async with talk(listen, max_frame_size=10, raw_session=raw_session) as peer:
        session = peer.session
        assert session.max_frame_size == 10
        await peer.send_frame(1, b"x" * 10)
        await peer.expect_nothing()
        session.max_frame_size = 20
        await peer.send_frame(1, b"x" * 20)
        await peer.send_frame(2, b"x" * 20)
        await peer.expect_nothing()
        session.max_frame_size = 5
        await peer.send_frame(1, b"x" * 6)
        await peer.expect_close(1009)
        assert isinstance((await session.close_reason).cause, FrameTooBigError)


async def test_w36_a_new_limit_counts_for_the_fragments_under_way(test_scope):
    async with talk(listen, max_frame_size=10) as peer:
        await peer.send_frame(2, b"x" * 10, fin=False)
        await peer.expect_nothing()
        peer.session.max_frame_size = 15
        await peer.send_frame(0, b"x" * 5, fin=False)
        await peer.expect_nothing()
        await peer.send_frame(0, b"x")
        await peer.expect_close(1009)


async def test_a_peer_that_was_held_back_until_a_moment_ago_is_not_blamed(test_scope):
    app = WebSocketServer(
        WebSockets(ping_interval=10, timeout=5, liveness="pong", channels=channels(incoming=bounded(1)))
    )

    @app.websocket("/")
    async def handler(session):
        await delay(14)
        async for _ in session.incoming:
            pass

    async with conversation(app, "/", raw=True, timeout=60) as peer:
        await peer.send("x")
        payload = await peer.expect_ping()
        peer.wire.delay(2, towards="server")
        await delay(4)  # until it could write, its own way being full
        await peer.send(Frame.Pong(payload))
        await delay(2)
        assert peer.session.is_active
        await peer.send(Frame.Pong(await peer.expect_ping()))
        assert len(await peer.expect_ping()) == 16
        await peer.expect_close(1011)
