"""What a server bears from those who have no session yet: the arguments of `serve` reach the engine."""

from __future__ import annotations

import anyio
import pytest

from flowws.websocket import WebSockets, WebSocketServer


@pytest.fixture
async def visit(raw, engine):
    """Starts a server with limits, and gives what connects to it."""
    async with anyio.create_task_group() as tasks:
        app, peers = WebSocketServer(), []

        @app.websocket("/")
        async def handler(session):
            await session.incoming.receive()

        stop = anyio.Event()

        async def serve(limits, *, task_status):
            async with app.serve("127.0.0.1", 0, engine=engine, grace=0, **limits) as server:
                task_status.started(server.port)
                await stop.wait()

        async def start(**limits):
            port = await tasks.start(serve, limits)

            async def connect():
                peers.append(raw(await anyio.connect_tcp("127.0.0.1", port)))
                return peers[-1]

            return connect

        yield start
        stop.set()
        for peer in peers:
            await peer.hang_up()


async def test_a_head_that_is_too_large(visit):
    connect = await visit(max_head_size=1000)
    peer = await connect()
    await peer.request("/", peer.handshake(X="x" * 500))
    assert peer.status == 101
    peer = await connect()
    await peer.request("/", peer.handshake(X="x" * 1000))
    assert peer.status == 431


async def test_a_head_that_does_not_come(visit):
    connect = await visit(head_timeout=0.05)
    peer = await connect()
    await peer.write(b"GET / HTTP/1.1\r\n")
    rest = await peer.read_to_end()
    assert not rest or rest.startswith(b"HTTP/1.1 408")


@pytest.mark.parametrize(("limit", "status"), [("max_connections", 503), ("max_connections_per_address", 429)])
async def test_too_many_at_once(visit, limit, status):
    connect = await visit(**{limit: 2})
    for _ in range(2):
        peer = await connect()
        await peer.request("/", peer.handshake())
        assert peer.status == 101
    peer = await connect()
    await peer.request("/", peer.handshake())
    assert peer.status == status


@pytest.mark.parametrize(("path", "limit"), [("/small", 10), ("/large", 1000)])
async def test_each_path_has_its_own_limit_for_frames(house, path, limit):
    app = WebSocketServer(WebSockets(max_frame_size=100))
    for each, size in (("/small", 10), ("/large", 1000)):

        @app.websocket(each, config=WebSockets(max_frame_size=size))
        async def echo(session):
            async for frame in session.incoming:
                await session.send(frame)

    server = await house.start(app)
    peer = await house.open(server.port, path)
    await peer.send(1, b"x" * limit)
    assert (await peer.next())[1] == b"x" * limit
    await peer.send(1, b"x" * (limit + 1))
    code, _ = await peer.next_close()
    assert code == 1009
    await peer.read_to_end()
