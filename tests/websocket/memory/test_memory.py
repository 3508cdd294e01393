"""The memory engine: a server and its clients, joined without sockets, in virtual time."""

from __future__ import annotations

import logging
from contextvars import ContextVar
from typing import Any

import anyio
import pytest

from flowws import delay
from flowws.testing import TestScope
from flowws.websocket import (
    CloseReason,
    Frame,
    HandshakeError,
    MemoryServer,
    PerMessageDeflate,
    SessionClosedError,
    WebSocketClient,
    WebSockets,
    WebSocketServer,
    WebSocketServerSession,
    bounded,
    channels,
)
from flowws.websocket.engines import Answer, Connection, Endpoint, Request, Response, Upgrade
from flowws.websocket.engines._memory import MemoryEngine

colour: ContextVar[str] = ContextVar("colour", default="none")


def serving(config: WebSockets | None = None) -> WebSocketServer:
    app = WebSocketServer(config)

    @app.websocket("/echo")
    async def echo(session: WebSocketServerSession) -> None:
        async for frame in session.incoming:
            await session.send(frame)

    return app


def client_of(server: MemoryServer, config: WebSockets | None = None) -> WebSocketClient:
    return WebSocketClient(config, base_url="ws://anywhere", engine=server.engine)


# Sessions


async def test_both_sides_are_real_sessions(test_scope: TestScope) -> None:
    """W60, W64, W121."""
    async with MemoryServer(serving()) as server:
        async with client_of(server).websocket("/echo") as session:
            (of_the_server,) = server.sessions
            await session.send("hello")
            assert await session.incoming.receive() == Frame.Text("hello")
        reasons = [session.close_reason.get_completed(), of_the_server.close_reason.get_completed()]
        await of_the_server.ended()
        assert server.sessions == frozenset()
    assert [(reason.code, reason.by) for reason in reasons] == [(1000, "us"), (1000, "peer")]
    assert test_scope.current_time == 0


async def test_large_messages_arrive_whole(test_scope: TestScope) -> None:
    """W26: 20 MiB."""
    large = bytes(range(256)) * 4 * 1024 * 20
    config = WebSockets(max_frame_size=32 << 20)
    async with MemoryServer(serving(config)) as server, client_of(server, config).websocket("/echo") as session:
        await session.send(large)
        assert (await session.incoming.receive()).data == large


async def test_many_messages_arrive_in_order(test_scope: TestScope) -> None:
    """W28, W103: with room for one in each queue."""
    tight = WebSockets(channels=channels(incoming=bounded(1), outgoing=bounded(1)))
    async with (
        MemoryServer(serving(tight), capacity=1) as server,
        client_of(server, tight).websocket("/echo") as session,
    ):

        @session.launch
        async def send_all() -> None:
            for number in range(500):
                await session.send(str(number))

        assert [(await session.incoming.receive()).data for _ in range(500)] == [
            b"%d" % number for number in range(500)
        ]


async def test_deflate_is_agreed_on(test_scope: TestScope) -> None:
    """W113."""
    config = WebSockets(extensions=[PerMessageDeflate()])
    async with MemoryServer(serving(config)) as server, client_of(server, config).websocket("/echo") as session:
        assert "permessage-deflate" in session.headers["Sec-WebSocket-Extensions"]
        await session.send("x" * 10_000)
        assert (await session.incoming.receive()).data == b"x" * 10_000


async def test_a_raw_client_sees_control_frames(test_scope: TestScope) -> None:
    """W122."""
    app = serving(WebSockets(ping_interval=10, timeout=5))
    async with MemoryServer(app) as server, client_of(server).websocket_raw("/echo") as session:
        assert isinstance(await session.incoming.receive(), Frame.Ping)
        assert test_scope.current_time == 10
        frame = await session.incoming.receive()
        assert isinstance(frame, Frame.Close)
        assert frame.read_reason() == CloseReason(1011, "Ping timeout")
        assert test_scope.current_time == 15


async def test_pings_keep_a_quiet_session_alive(test_scope: TestScope) -> None:
    """W86: for an hour, at no cost."""
    config = WebSockets(ping_interval=20, timeout=5, liveness="pong")
    async with MemoryServer(serving(config)) as server, client_of(server, config).websocket("/echo") as session:
        await delay(3600)
        assert session.is_active
        await session.send("still here")
        assert (await session.incoming.receive()).data == b"still here"


async def test_a_reader_sees_the_end_before_the_senders_fail(test_scope: TestScope) -> None:
    """W41."""
    app = WebSocketServer()

    @app.websocket("/")
    async def leave(session: WebSocketServerSession) -> None:
        await session.close(CloseReason(4001))

    async with MemoryServer(app) as server, client_of(server).websocket("/") as session:
        assert [frame async for frame in session.incoming] == []
        with pytest.raises(SessionClosedError) as caught:
            await session.send("too late")
    assert caught.value.code == 4001


# Requests


async def test_a_refusal_is_a_handshake_error(test_scope: TestScope) -> None:
    """W123, W10."""
    async with MemoryServer(serving()) as server:
        with pytest.raises(HandshakeError, match="expected status 101, the server answered 404 Not Found") as caught:
            await client_of(server).websocket_session("/nowhere")
    assert (caught.value.status, caught.value.body) == (404, b"not found\n")
    assert test_scope.current_time == 0


@pytest.mark.parametrize("scheme", ["ws", "wss"])
async def test_the_request_is_that_of_a_client(scheme: str) -> None:
    """W14, W15."""
    app = WebSocketServer()

    @app.websocket("/{place}")
    async def tell(session: WebSocketServerSession) -> None:
        call = session.call
        facts = (
            call.path_parameters,
            dict(call.query_parameters),
            call.headers["Host"],
            call.cookies["a"],
            call.scheme,
        )
        await session.send(repr((*facts, call.client_address)))

    async with MemoryServer(app) as server:
        client = WebSocketClient(engine=server.engine)
        async with client.websocket(f"{scheme}://example.org:81/here?x=1", headers={"Cookie": "a=b"}) as session:
            said = (await session.incoming.receive()).data.decode()
    expected = ({"place": "here"}, {"x": "1"}, "example.org:81", "b", scheme, ("127.0.0.1", 50000))
    assert said == repr(expected)


async def test_an_answer_may_come_late_or_too_late(test_scope: TestScope) -> None:
    asked: list[Any] = []
    engine = MemoryEngine(lambda _, respond: asked.append(respond), max_frame_size=100)
    with anyio.move_on_after(1) as patience:
        await engine.dial("ws://anywhere/")
    assert patience.cancelled_caught

    def open_session(_: Connection) -> Endpoint:
        raise AssertionError("a session for a client that is gone")

    asked[0](Upgrade(open_session))
    await test_scope.run_current()


async def test_the_answer_may_be_a_page(test_scope: TestScope) -> None:
    def decide(request: Request, respond: Any) -> None:
        answer: Answer = Response(451, (("X-Law", "yes"),), request.target.encode())
        respond(answer)
        respond(answer)  # once too often does no harm

    engine = MemoryEngine(decide, max_frame_size=100)
    with pytest.raises(HandshakeError) as caught:
        await WebSocketClient(engine=engine).websocket_session("ws://anywhere/path?query")
    error = caught.value
    assert (error.status, error.headers["X-Law"], error.body) == (451, "yes", b"/path?query")


# The server's life


async def test_handlers_see_the_context_of_the_server(test_scope: TestScope) -> None:
    """W17."""
    app = WebSocketServer()

    @app.websocket("/")
    async def tell(session: WebSocketServerSession) -> None:
        await session.send(colour.get())

    colour.set("of the server")
    async with MemoryServer(app) as server:
        colour.set("of the client")
        async with client_of(server).websocket("/") as session:
            assert (await session.incoming.receive()).data == b"of the server"


async def test_the_end_of_the_server_is_told_with_1001(test_scope: TestScope) -> None:
    """W78: handlers that do not end have the grace period, and no more."""
    app = WebSocketServer(WebSockets(linger=100))
    ends: list[float] = []

    @app.websocket("/")
    async def stay(session: WebSocketServerSession) -> None:
        async for _ in session.incoming:
            pass
        try:
            await delay(1000)
        finally:
            ends.append(test_scope.current_time)

    async with MemoryServer(app, grace=7) as server:
        session = await client_of(server).websocket_session("/")
        await session.send("so that it reads")
        await test_scope.run_current()
    assert (await session.close_reason).code == 1001
    assert ends == [7]
    await session.ended()


async def test_a_server_works_inside_its_block() -> None:
    server = MemoryServer(serving())
    with pytest.raises(RuntimeError, match="async with MemoryServer"):
        _ = server.engine
    assert repr(server) == "<MemoryServer 0 sessions>"


async def test_each_block_needs_a_server_of_its_own() -> None:
    async with (server := MemoryServer(serving())):
        with pytest.raises(RuntimeError, match="entered already"):
            await server.__aenter__()


def test_a_grace_is_no_debt() -> None:
    with pytest.raises(ValueError, match="grace must be zero or more, not -1"):
        MemoryServer(serving(), grace=-1)


@pytest.mark.parametrize("capacity", [0, -1])
def test_a_capacity_is_a_number_of_bytes(capacity: int) -> None:
    with pytest.raises(ValueError, match=f"1 or more, not {capacity}"):
        MemoryServer(serving(), capacity=capacity)


async def test_a_failing_handler_is_logged_once(test_scope: TestScope, caplog: pytest.LogCaptureFixture) -> None:
    """W72."""
    app = WebSocketServer()

    @app.websocket("/")
    async def fail(session: WebSocketServerSession) -> None:
        raise LookupError("the cupboard is bare")

    async with MemoryServer(app) as server, client_of(server).websocket("/") as session:
        assert (await session.close_reason).code == 1011
    errors = [record for record in caplog.records if record.levelno >= logging.ERROR]
    assert ["the cupboard" in (record.exc_text or "") for record in errors] == [True]
