"""Sessions of `app.asgi()` on real servers."""

from __future__ import annotations

import gc
import json
import weakref
from typing import Any

import anyio
import pytest

from flowws.websocket import (
    CloseReason,
    SessionClosedError,
    WebSockets,
    WebSocketServer,
    bounded,
    channels,
    refuse,
)

TEXT, BINARY, CLOSE, PING, PONG = 1, 2, 8, 9, 10


async def echo(session):
    async for frame in session.incoming:
        await session.send(frame)


class Witness:
    """A handler that keeps what it saw."""

    def __init__(self, body=None):
        self._body = body
        self.session: Any = None
        self.began, self.ended = anyio.Event(), anyio.Event()

    async def __call__(self, session):
        self.session = session
        self.began.set()
        try:
            await (self.reads(session) if self._body is None else self._body(session))
        finally:
            self.ended.set()

    @staticmethod
    async def reads(session):
        async for _ in session.incoming:
            pass

    async def reason(self):
        with anyio.fail_after(10):
            await self.began.wait()
            reason = await self.session.close_reason
            await self.session.ended()
        return reason


def one(handler, config=None, path="/"):
    app = WebSocketServer(config)
    app.websocket(path)(handler)
    return app.asgi()


@pytest.mark.parametrize("size", [0, 1, 125, 126, 127, 65535, 65536, 300_000])
async def test_w24_w25_sizes_both_ways(serve, house, size):
    """W24, W25"""
    peer = await house.open((await serve(one(echo))).port)
    for opcode, payload in ((TEXT, b"x" * size), (BINARY, bytes(range(256)) * (size // 256) + b"\xff" * (size % 256))):
        await peer.send(opcode, payload)
        assert await peer.next() == (opcode, payload)


async def test_w22_fragments_are_whole_and_pings_are_answered_by_the_server(serve, house):
    """W21, W22, W54, W81, W83"""
    peer = await house.open((await serve(one(echo))).port)
    await peer.send(TEXT, "grü".encode()[:3], fin=False)
    await peer.send(PING, b"there?")
    await peer.send(0, "grüße".encode()[3:])
    assert await peer.next() == (PONG, b"there?")
    assert await peer.next() == (TEXT, "grüße".encode())


async def test_w27_many_messages_in_order(serve, house):
    """W19, W27"""

    async def pour(session):
        for number in range(2000):
            await session.send(str(number))

    peer = await house.open((await serve(one(pour))).port)
    for number in range(2000):
        assert await peer.next() == (TEXT, str(number).encode())
    assert await peer.next_close() == (1000, "")


async def test_w55_a_message_in_fragments_leaves_whole(serve, house):
    """W55: ASGI has no fragments; they wait for each other, and nothing comes between them."""

    async def tells(session):
        async def parts():
            yield "one "
            yield "two"

        await session.send(parts())

    peer = await house.open((await serve(one(tells))).port)
    assert await peer.next() == (TEXT, b"one two")


async def test_w14_w15_what_the_call_says(serve, house):
    """W14, W15"""
    witness = Witness()
    server = await serve(one(witness, path="/rooms/{room}/{seat:int}"))
    await house.open(
        server.port, "/rooms/blue%20room/7?q=1&q=2&name=J%C3%BCrgen", Cookie="theme=dark", X_Name="caf\xe9"
    )
    with anyio.fail_after(5):
        await witness.began.wait()
    call = witness.session.call
    assert call.path == "/rooms/blue room/7"
    assert call.target.startswith("/rooms/blue%20room/7?")
    assert call.path_parameters == {"room": "blue room", "seat": 7}
    assert call.query_parameters.get_all("q") == ["1", "2"]
    assert call.query_parameters["name"] == "Jürgen"
    assert call.cookies == {"theme": "dark"}
    assert call.headers["x-NAME"] == "café"
    assert call.client_address[0] == "127.0.0.1"
    assert call.scheme == "ws"
    assert call.tls is None
    assert call.asgi_scope["type"] == "websocket"


async def test_w1_w2_w3_subprotocols(serve, house):
    """W1, W2, W3, W5"""
    app = WebSocketServer()
    app.websocket("/free")(echo)

    @app.websocket("/chat", subprotocol="chat")
    async def chat(session):
        await session.send(str(session.call.subprotocol))

    server = await serve(app.asgi())
    for offers in ({}, {"Sec_WebSocket_Protocol": "a, b"}):
        peer = await house.open(server.port, "/free", Connection="keep-alive, Upgrade", **offers)
        assert "sec-websocket-protocol" not in peer.headers
    peer = await house.open(server.port, "/chat", Sec_WebSocket_Protocol="soap, chat")
    assert peer.headers["sec-websocket-protocol"] == "chat"
    assert await peer.next() == (TEXT, b"chat")
    refused = await house.connect(server.port)
    await refused.request("/chat", refused.handshake(server.port))
    assert refused.status == 400
    assert b"chat" in await refused.read_to_end()


async def test_w107_a_full_incoming_reaches_tcp(serve, house):
    """W107: the peer's writes stall, and no more is kept here than there is room for."""
    go_on = anyio.Event()
    sizes = []

    async def waits(session):
        await go_on.wait()
        async for frame in session.incoming:
            sizes.append(len(frame.data))  # noqa: PERF401  # the loop is what is tested

    app = one(waits, WebSockets(channels=channels(incoming=bounded(4))))
    peer = await house.open((await serve(app)).port)
    frame = peer.frame(BINARY, bytes(16384))
    sent = 0
    with anyio.move_on_after(0.3):
        while True:
            await peer.stream.send(frame)
            sent += 1
    (session,) = app.sessions
    assert len(session.incoming._buffer) == 4
    assert 4 < sent < 2000
    go_on.set()
    with anyio.fail_after(10):
        while len(sizes) < sent - 1:
            await anyio.lowlevel.checkpoint()
    assert set(sizes) == {16384}


# How sessions end


async def test_w60_the_handler_returns(serve, house):
    """W60, W64"""

    async def returns(session):
        await session.send("bye")

    witness = Witness(returns)
    peer = await house.open((await serve(one(witness))).port)
    assert await peer.next() == (TEXT, b"bye")
    assert await peer.next_close() == (1000, "")
    await peer.say_close()
    assert not await peer.read_to_end()
    reason = await witness.reason()
    assert (reason, reason.by) == (CloseReason(1000), "us")


@pytest.mark.parametrize(("code", "text"), [(1013, "test"), (3500, "grün"), (4002, ""), (1000, "é" * 61)])
async def test_w42_w47_w48_w49_close_says_what_it_is_told(serve, house, code, text):
    """W42, W43, W46, W47, W48, W49"""

    async def closes(session):
        await session.send("last words")
        await session.close(CloseReason(code, text))
        with pytest.raises(SessionClosedError):
            await session.send("too late")
        await session.close(CloseReason(1001))

    witness = Witness(lambda session: session.launch(closes, session).join())
    peer = await house.open((await serve(one(witness))).port)
    assert await peer.next() == (TEXT, b"last words")
    assert await peer.next_close() == (code, text)
    await peer.say_close(code)
    assert not await peer.read_to_end()
    assert await witness.reason() == CloseReason(code, text)


async def test_w72_the_handler_raises(serve, house, caplog):
    """W72: 1011, and nothing of what went wrong."""

    async def raises(session):
        raise ValueError("the password is swordfish")

    peer = await house.open((await serve(one(raises))).port)
    assert await peer.next_close() == (1011, "")
    assert "swordfish" in caplog.text


async def test_w56_w57_the_peer_closes(serve, house, server_name):
    """W56, W57: the server answers. Hypercorn tells nobody what the peer said."""
    witness = Witness()
    peer = await house.open((await serve(one(witness))).port)
    await peer.say_close(4001, "enough")
    assert await peer.next_close() == (4001, "enough")
    reason = await witness.reason()
    if server_name == "uvicorn":
        assert (reason, reason.by, reason.cause) == (CloseReason(4001, "enough"), "peer", None)
    else:
        assert (reason.code, reason.by) == (1006, "network")


async def test_w59_the_peer_closes_without_a_code(serve, house, server_name):
    """W59"""
    witness = Witness()
    peer = await house.open((await serve(one(witness))).port)
    await peer.send(CLOSE)
    reason = await witness.reason()
    assert (reason.code, reason.by) == ((1005, "peer") if server_name == "uvicorn" else (1006, "network"))


@pytest.mark.parametrize("how", ["hang_up", "reset"])
@pytest.mark.parametrize("does", ["reads", "sends", "sleeps"])
async def test_w66_w67_w68_w69_the_connection_is_lost(serve, house, how, does):
    """W66, W67, W68, W69"""

    async def sends(session):
        while True:
            await session.send("x" * 1000)
            await anyio.lowlevel.checkpoint()

    async def sleeps(session):
        await anyio.sleep_forever()

    witness = Witness({"reads": None, "sends": sends, "sleeps": sleeps}[does])
    peer = await house.open((await serve(one(witness))).port)
    await getattr(peer, how)()
    reason = await witness.reason()
    assert (reason.code, reason.by) == (1006, "network")
    assert reason.cause is not None
    assert witness.ended.is_set()


async def test_w32_w33_w34_a_message_beyond_the_limit(serve, house):
    """W32, W33, W34"""
    witness = Witness()
    app = one(witness, WebSockets(max_frame_size=1000))
    server = await serve(app)
    for payload in (b"x" * 1001, "ü".encode() * 501):
        peer = await house.open(server.port)
        await peer.send(TEXT, payload[:1000])
        await peer.send(TEXT, payload)
        code, _ = await peer.next_close()
        assert code == 1009
        await peer.say_close(1009)
        assert (await witness.reason()).code == 1009
        witness.began = anyio.Event()


# What is no session


async def test_pages_and_refusals_over_http(serve, house, tmp_path):
    """W7, C12"""
    (tmp_path / "index.html").write_text("<p>hello")
    app = WebSocketServer()
    app.websocket("/echo")(echo)
    app.static("/page", tmp_path)
    server = await serve(app.asgi())

    async def get(path, *, method="GET"):
        peer = await house.connect(server.port)
        await peer.request(path, {"Host": "x", "Connection": "close"}, method=method)
        return peer.status, await peer.read_to_end(), peer.headers

    assert (await get("/healthz"))[:2] == (200, b"ok\n")
    status, body, headers = await get("/page/")
    assert (status, body, headers["content-length"]) == (200, b"<p>hello", "8")
    assert (await get("/nothing"))[0] == 404
    assert (await get("/echo"))[0] == 426
    assert (await get("/page/", method="POST"))[0] == 405


@pytest.mark.parametrize(
    ("path", "headers", "status"),
    [("/nothing", {}, 404), ("/echo", {"Origin": "https://evil.example"}, 403), ("/guarded", {}, 401)],
)
async def test_refused_upgrades_say_why(serve, house, path, headers, status):
    """W16; the servers have the extension that lets an application refuse in its own words."""
    app = WebSocketServer()
    app.websocket("/echo")(echo)
    app.websocket("/guarded")(echo)

    @app.middleware
    async def guard(call, proceed):
        await anyio.lowlevel.checkpoint()
        return (
            refuse(401, "who are you?", headers=[("WWW-Authenticate", "Bearer")])
            if status == 401
            else (await proceed())
        )

    server = await serve(app.asgi())
    peer = await house.connect(server.port)
    await peer.request(path, peer.handshake(server.port, **headers))
    assert peer.status == status
    if status == 401:
        assert peer.headers["www-authenticate"] == "Bearer"
    assert await peer.read_to_end()


async def test_w6_w76_the_own_origin_is_welcome(serve, house):
    """W6"""
    server = await serve(one(echo))
    peer = await house.open(server.port, Origin=f"http://127.0.0.1:{server.port}", Content_Type="text/plain")
    await peer.send(TEXT, b"x")
    assert await peer.next() == (TEXT, b"x")


async def test_a_session_is_forgotten_when_it_is_over(serve, house):
    seen = []

    async def handler(session):
        seen.append(weakref.ref(session))
        await Witness.reads(session)

    app = one(handler)
    peer = await house.open((await serve(app)).port)
    await peer.send(TEXT, b"x")
    await peer.say_close()
    await peer.read_to_end()
    with anyio.fail_after(5):
        while app._open:
            await anyio.lowlevel.checkpoint()
    await anyio.wait_all_tasks_blocked()
    gc.collect()
    assert seen[0]() is None


async def test_w18_a_hundred_parallel_sessions(serve, house):
    """W18"""
    app = one(echo)
    server = await serve(app)
    done = []

    async def talk(number):
        peer = await house.open(server.port)
        await peer.send(TEXT, json.dumps(number).encode())
        done.append(json.loads((await peer.next())[1]))
        await peer.say_close()
        await peer.hang_up()

    async with anyio.create_task_group() as tasks:
        for number in range(100):
            tasks.start_soon(talk, number)
    assert sorted(done) == list(range(100))
    with anyio.fail_after(5):
        while app._open:
            await anyio.lowlevel.checkpoint()
    assert not app.sessions
