"""Sessions of a client with a server of ours, and with those of others."""

from __future__ import annotations

import ssl

import anyio
import pytest
from websockets.asyncio.server import serve as serve_websockets

from flowws import ScopeClosedError
from flowws.websocket import CloseReason, HandshakeError, SessionClosedError, WebSockets, WebSocketServer


async def echo(session):
    async for frame in session.incoming:
        await session.send(frame)


def url(server, path="/"):
    return f"ws://127.0.0.1:{server.port}{path}"


async def test_a_session_for_a_block(client, house):
    server = await house.serve(echo)
    async with client.websocket(url(server)) as session:
        assert repr(session) == f"<WebSocketClientSession {url(server)} open>"
        await session.send("hi")
        assert (await session.incoming.receive()).data.decode() == "hi"
    assert await session.close_reason == CloseReason(1000)
    with pytest.raises(SessionClosedError):
        await session.send("late")


async def test_w26_twenty_mebibytes(new_client, house):
    """W26"""
    config = WebSockets(max_frame_size=32 << 20)
    server = await house.serve(echo, config)
    data = bytes(range(256)) * (20 << 12)
    async with new_client(config).websocket(url(server)) as session:
        await session.send(data)
        assert (await session.incoming.receive()).data == data


async def test_w74_w75_an_exception_reaches_the_caller_and_closes_with_1011(client, house):
    """W74, W75"""
    reasons = []

    async def handler(session):
        async for _ in session.incoming:
            pass
        reasons.append(await session.close_reason)

    server = await house.serve(handler)
    error = ValueError("mine")
    with pytest.raises(ValueError, match="mine") as caught:
        async with client.websocket(url(server)):
            raise error
    assert caught.value is error
    while server.sessions:
        await anyio.lowlevel.checkpoint()
    assert reasons == [CloseReason(1011)]


async def test_a_cancelled_block_closes_with_1001(client, house):
    reasons = []

    async def handler(session):
        async for _ in session.incoming:
            pass
        reasons.append(await session.close_reason)

    server = await house.serve(handler)
    with anyio.CancelScope() as scope:
        async with client.websocket(url(server)) as session:
            session.launch(anyio.sleep_forever)
            scope.cancel()
            await anyio.sleep_forever()
    assert scope.cancelled_caught
    assert session.job.is_completed
    while server.sessions:
        await anyio.lowlevel.checkpoint()
    assert reasons == [CloseReason(1001)]


async def test_the_block_is_never_interrupted(client, house):
    async def handler(session):
        await session.incoming.receive()
        await session.send("one")
        await session.close(CloseReason(4000, "enough"))

    server = await house.serve(handler)
    async with client.websocket(url(server)) as session:
        beside = session.launch(anyio.sleep_forever)
        await session.send("close, please")
        assert await session.close_reason == CloseReason(4000, "enough")
        await beside.join()
        assert beside.is_cancelled
        assert [frame.data.decode() async for frame in session.incoming] == ["one"]
        with pytest.raises(SessionClosedError) as caught:
            await session.send("late")
        assert (caught.value.code, caught.value.by) == (4000, "peer")
        with pytest.raises(ScopeClosedError):
            session.launch(anyio.sleep_forever)
        await anyio.lowlevel.checkpoint()


async def test_w19_what_the_server_says_first_is_not_lost(client, house):
    """W19: many times, also in the packet of the handshake."""

    async def handler(session):
        await session.send("first")

    server = await house.serve(handler)
    for _ in range(20):
        async with client.websocket(url(server)) as session:
            assert [frame.data.decode() async for frame in session.incoming] == ["first"]


async def test_a_session_that_outlives_the_call(client, house):
    server = await house.serve(echo)
    session = await client.websocket_session(url(server))
    await session.send("hi")
    assert (await session.incoming.receive()).data.decode() == "hi"
    await session.close(CloseReason(4001, "done"))
    assert await session.close_reason == CloseReason(4001, "done")
    await session.ended()


async def test_w3_subprotocols(client, house):
    """W3, W4"""
    app = WebSocketServer()
    app.websocket("/", subprotocol="chat")(echo)
    server = await house.start(app)
    async with client.websocket(url(server), subprotocols=["other", "chat"]) as session:
        assert session.subprotocol == "chat"
        assert session.headers["sec-websocket-protocol"] == "chat"
    with pytest.raises(HandshakeError) as caught:
        async with client.websocket(url(server), subprotocols=["other"]):
            pass
    assert caught.value.status == 400


async def test_w15_cookies_are_seen_by_the_handler(house, client):
    """W15"""
    seen = []

    async def handler(session):
        seen.append(dict(session.call.cookies))

    server = await house.serve(handler)
    async with client.websocket(url(server), cookies={"id": "x=1", "theme": "dark"}) as session:
        await session.close_reason
    assert seen == [{"id": "x=1", "theme": "dark"}]


async def test_headers_are_sent(client, house):
    seen = []

    async def handler(session):
        seen.append((session.call.headers["x-token"], session.call.headers.get_all("x-more")))

    server = await house.serve(handler)
    async with client.websocket(url(server), headers=[("X-Token", "t"), ("X-More", "1"), ("X-More", "2")]):
        pass
    assert seen == [("t", ["1", "2"])]


@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        ({"url": "http://x/"}, ValueError),
        ({"url": "ws:///x"}, ValueError),
        ({"url": "ws://user@x/"}, ValueError),
        ({"url": "ws://x/#part"}, ValueError),
        ({"url": "ws://x", "headers": {"Upgrade": "x"}}, ValueError),
        ({"url": "ws://x", "headers": {"X": "a\r\nY: b"}}, ValueError),
        ({"url": "ws://x", "headers": {"X Y": "a"}}, ValueError),
        ({"url": "ws://x", "subprotocols": "chat"}, TypeError),
        ({"url": "ws://x", "subprotocols": ["a b"]}, ValueError),
        ({"url": "ws://x", "open_timeout": "soon"}, TypeError),
    ],
)
async def test_bad_arguments_are_refused_at_the_door(client, arguments, error):
    with pytest.raises(error):
        await client.websocket_session(**arguments)


async def test_a_server_that_hangs_up(client):
    listener = await anyio.create_tcp_listener(local_host="127.0.0.1")

    async def hang_up(stream):
        await stream.receive()
        await stream.aclose()

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(listener.serve, hang_up)
        port = listener.extra(anyio.abc.SocketAttribute.local_port)
        with pytest.raises(ConnectionResetError, match="during the handshake"):
            await client.websocket_session(f"ws://127.0.0.1:{port}/")
        tasks.cancel_scope.cancel()
    await listener.aclose()


async def test_w12_nobody_answers(client, house):
    """W12"""
    server = await house.serve(echo)
    port = server.port
    listener = await anyio.create_tcp_listener(local_host="127.0.0.1")
    free = listener.extra(anyio.abc.SocketAttribute.local_port)
    await listener.aclose()
    assert free != port
    with pytest.raises(OSError):  # noqa: PT011  # its words are the system's
        await client.websocket_session(f"ws://127.0.0.1:{free}/")
    with pytest.raises(OSError):  # noqa: PT011  # its words are the system's
        async with client.websocket("ws://no-such-host.invalid/"):
            pass


@pytest.mark.asyncio_only("it speaks asyncio itself")
async def test_with_the_server_of_websockets(client):
    async def handler(connection):
        async for message in connection:
            await connection.send(message)
            if message == "ping me":
                await (await connection.ping(b"p"))
                await connection.send("ponged")
            if message == "go":
                await connection.close(4000, "gone")

    async with serve_websockets(handler, "127.0.0.1", 0) as server:
        port = next(iter(server.sockets)).getsockname()[1]
        async with client.websocket(f"ws://127.0.0.1:{port}/") as session:
            for message in ("text", b"bytes"):
                await session.send(message)
                assert (await session.incoming.receive()).data in (b"text", b"bytes")
            await session.send("ping me")
            assert [(await session.incoming.receive()).data.decode() for _ in range(2)] == ["ping me", "ponged"]
            await session.send("go")
            assert [frame.data.decode() async for frame in session.incoming] == ["go"]
            assert await session.close_reason == CloseReason(4000, "gone")


@pytest.mark.asyncio_only("it speaks asyncio itself")
async def test_the_client_of_websockets(house):
    from websockets.asyncio.client import connect

    server = await house.serve(echo)
    async with connect(url(server)) as peer:
        await peer.send("text")
        assert await peer.recv() == "text"
        await peer.send([b"in ", b"fragments"])
        assert await peer.recv() == b"in fragments"
        await (await peer.ping())
    assert (peer.close_code, peer.close_reason) == (1000, "")


async def test_w13_tls(client, engine, ours, theirs):
    """W13 in part: wss with a context of one's own."""
    schemes = []

    app = WebSocketServer()

    @app.websocket("/")
    async def handler(session):
        schemes.append(session.call.scheme)
        await echo(session)

    async with app.serve("127.0.0.1", 0, ssl=ours, engine=engine) as server:
        async with client.websocket(f"wss://127.0.0.1:{server.port}/", ssl=theirs) as session:
            for size in (10, 100_000, 3_000_000):
                await session.send(bytes(size))
                assert len((await session.incoming.receive()).data) == size
        assert (await session.close_reason).code == 1000
        with pytest.raises(ssl.SSLCertVerificationError):
            await client.websocket_session(f"wss://127.0.0.1:{server.port}/")
        session = await client.websocket_session(f"wss://127.0.0.1:{server.port}/", ssl=theirs)
    assert (await session.close_reason).code == 1001
    await session.ended()
    assert schemes == ["wss", "wss"]


async def test_aclose_ends_jobs_and_connection(client, house):
    server = await house.serve(echo)
    async with await client.websocket_session(url(server)) as session:
        beside = session.launch(anyio.sleep_forever)
        assert session.config == client.config
    assert beside.is_cancelled
    assert await session.close_reason == CloseReason(1001)
    assert repr(client) == "<WebSocketClient>"
