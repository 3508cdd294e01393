"""What handlers get from the server, and how it stops."""

from __future__ import annotations

import logging

import anyio
import pytest

from flowws.websocket import CloseReason, JsonConverter, WebSockets, WebSocketServer
from tests.websocket.dialling import Dialler, echo, echo_server, is_alive


@pytest.fixture
def app(engine):
    return echo_server(engine)


@pytest.fixture
async def dial(raw):
    async with Dialler(raw) as dial:
        yield dial


# Handlers and the app


async def test_the_state_of_the_app_is_the_calls(app, dial):
    app.state.greeting = "hello"

    @app.websocket("/greet")
    async def greet(session):
        await session.send(session.call.state.greeting)

    async with app.serve("127.0.0.1", 0, grace=0) as server:
        assert await (await dial(server.port, "/greet")).next() == (1, b"hello")


async def test_a_raw_route_sees_every_frame(app, dial):
    @app.websocket_raw("/raw")
    async def raw_handler(session):
        frame = await session.incoming.receive()
        await session.send(f"{type(frame).__name__} {frame.data.decode()}")

    async with app.serve("127.0.0.1", 0, grace=0) as server:
        peer = await dial(server.port, "/raw")
        await peer.send(9, b"ping")
        assert await peer.next() == (1, b"Ping ping")
        assert not await peer.read_to_end()


async def test_w120_converters_do_not_see_the_upgrade(dial):
    """W120"""
    asked = []

    class Converter(JsonConverter):
        def __getattribute__(self, name):
            asked.append(name)
            return super().__getattribute__(name)

    app = WebSocketServer(WebSockets(content_converter=Converter()))
    app.websocket("/")(echo)
    asked.clear()
    async with app.serve("127.0.0.1", 0, grace=0) as server:
        assert await is_alive(await dial(server.port))
    assert not asked


# Stopping


@pytest.mark.parametrize("reason", [CloseReason(1001), CloseReason(1012, "back soon")])
async def test_w78_everybody_is_told_why_the_server_stops(app, dial, reason):
    """W78"""
    async with app.serve("127.0.0.1", 0, stop_reason=reason) as server, anyio.create_task_group() as tasks:
        peers = [await dial(server.port) for _ in range(3)]

        async def leave(peer):
            assert await peer.next_close() == (reason.code, reason.message)
            await peer.say_close(reason.code)
            assert not await peer.read_to_end()

        for peer in peers:
            tasks.start_soon(leave, peer)
        await server.stop()
        assert not server.sessions
        assert not server.sockets


async def test_readiness_while_handlers_take_their_time(app, dial):
    goes, ended = anyio.Event(), []

    @app.websocket("/slow")
    async def slow(session):
        async for _ in session.incoming:
            pass
        await goes.wait()
        ended.append(True)

    with anyio.fail_after(10):
        async with app.serve("127.0.0.1", 0) as server:
            assert (await dial(server.port, "/healthz")).status == 404  # an upgrade of what is a page
            peer = await dial(server.port, "/slow")
            await peer.send(1, b"x")
            while not next(iter(server.sessions)).stats.frames_received:
                await anyio.lowlevel.checkpoint()
            async with anyio.create_task_group() as tasks:
                tasks.start_soon(server.stop)
                assert await peer.next_close() == (1001, "")
                await peer.say_close(1001)
                assert server.is_stopping
                late = await dial(server.port)
                assert late.status == 503
                health = await dial(server.port, "/healthz")
                assert health.status == 503
                goes.set()
    assert ended == [True]
    with pytest.raises(OSError):  # noqa: PT011  # its words are the system's
        await dial(server.port)


async def test_w77_a_shorter_grace_shortens_the_longer_one(app, dial):
    """W77"""
    ended = []

    @app.websocket("/stubborn")
    async def stubborn(session):
        try:
            async for _ in session.incoming:
                pass
            await anyio.sleep_forever()
        finally:
            ended.append(True)

    with anyio.fail_after(3):
        async with app.serve("127.0.0.1", 0, grace=1000) as server, anyio.create_task_group() as tasks:
            peer = await dial(server.port, "/stubborn")
            tasks.start_soon(server.stop)
            assert await peer.next_close() == (1001, "")
            await server.stop(grace=0)
    assert ended == [True]


async def test_w72_w73_failures_are_logged_cancellations_are_not(app, dial, caplog):
    """W72, W73"""

    @app.websocket("/fails")
    async def fails(session):
        raise LookupError("a secret")

    @app.websocket("/waits")
    async def waits(session):
        await anyio.sleep_forever()

    async with app.serve("127.0.0.1", 0, grace=0) as server:
        peer = await dial(server.port, "/fails")
        assert await peer.next_close() == (1011, "")
        await dial(server.port, "/waits")
    (record,) = [each for each in caplog.records if each.levelno >= logging.WARNING]
    assert "a secret" in str(record.exc_info)


async def test_w76_when_the_block_is_cancelled_everything_closes(app, dial):
    """W76"""
    reasons = []

    @app.websocket("/reason")
    async def reason(session):
        session.close_reason.invoke_on_completion(lambda _: reasons.append(session.close_reason.get_completed().code))
        await anyio.sleep_forever()

    with anyio.CancelScope() as scope:
        async with app.serve("127.0.0.1", 0, grace=0) as server:
            await dial(server.port, "/reason")
            scope.cancel()
            await anyio.sleep_forever()
    assert scope.cancelled_caught
    assert reasons == [1001]
    assert not server.sessions


# Bad arguments


@pytest.mark.parametrize(
    ("arguments", "error", "said"),
    [
        ({"ssl": True}, TypeError, "True"),
        ({"grace": -1}, ValueError, "-1"),
        ({"stop_reason": CloseReason(1006)}, ValueError, "1006"),
        ({"head_timeout": 0}, ValueError, "0"),
        ({"max_head_size": 0}, ValueError, "0"),
        ({"max_connections": 0}, ValueError, "0"),
        ({"max_connections_per_address": -3}, ValueError, "-3"),
    ],
)
def test_bad_arguments_are_refused_at_the_door_and_quoted(app, arguments, error, said):
    with pytest.raises(error, match=said):
        app.serve("127.0.0.1", 0, **arguments)


async def test_w20_an_engine_that_does_not_exist(app):
    """W20"""
    with pytest.raises(ValueError, match="'warp'"):
        async with app.serve("127.0.0.1", 0, engine="warp"):
            pass


async def test_a_route_that_cannot_be_served_leaves_nothing_behind(app):
    inner = WebSocketServer()
    inner.websocket("/{id}")(echo)
    app.include("/{id}", inner)
    with pytest.raises(ValueError, match="name of its own"):
        async with app.serve("127.0.0.1", 0):
            pass
