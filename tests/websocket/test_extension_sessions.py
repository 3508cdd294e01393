"""Extensions in sessions: agreed on in the handshake, and passed by every message."""

from __future__ import annotations

from dataclasses import replace

import pytest

from flowws import IllegalStateError
from flowws.websocket import (
    Frame,
    FrameTooBigError,
    HandshakeError,
    LocalExtension,
    ProtocolViolationError,
    WebSocketClient,
    WebSocketExtension,
    WebSocketExtensionFactory,
    WebSockets,
    WebSocketServer,
)


class Letter(WebSocketExtension):
    """Puts its letter before each text, and takes it away again"""

    def __init__(self, name):
        self.name = name

    def transform_out(self, frame):
        return Frame.Text(self.name + frame.data.decode())

    def transform_in(self, frame):
        text = frame.data.decode()
        if not text.startswith(self.name):
            raise ProtocolViolationError(f"no {self.name}", code=4001)
        return Frame.Text(text[len(self.name) :])


class Letters(WebSocketExtensionFactory):
    def __init__(self, name):
        self.name = name

    def accept(self, offered):
        return self.agree(offered), [("ready", None)]

    def agree(self, chosen):
        return Letter(self.name)


class Marked(WebSocketExtension):
    """Uses the second reserved bit, for messages that are shouted"""

    name = "marked"
    rsv = 2
    may_skip = True

    def transform_out(self, frame):
        return Frame.Text(frame.data.lower(), rsv2=True) if frame.data.isupper() else frame

    def transform_in(self, frame):
        return Frame.Text(frame.data.upper()) if frame.rsv2 else frame


class Marks(WebSocketExtensionFactory):
    name = "marked"
    rsv = 2

    def accept(self, offered):
        return Marked(), ()

    def agree(self, chosen):
        return Marked()


class Failing(WebSocketExtension):
    def transform_out(self, frame):
        raise RuntimeError("a secret of this side")

    transform_in = transform_out


async def echo(session):
    async for frame in session.incoming:
        await session.send(frame)


async def next_frame(peer):
    """RSV bits, opcode and payload of a short frame."""
    first, length = await peer.read(2)
    assert length < 126
    return first >> 4 & 7, first & 0x0F, await peer.read(length)


def with_letters(*letters):
    return WebSockets(extensions=[Letters(letter) for letter in letters])


# The handshake


async def test_n2_agreed_in_the_handshake(house):
    """N2, N3, N4: offered on one line or on several, confirmed on one"""
    server = await house.serve(echo, with_letters("a", "b"))
    peer = await house.open(server.port, Sec_WebSocket_Extensions="b, c, a")
    assert peer.headers["sec-websocket-extensions"] == "a; ready, b; ready"
    peer = await house.open(server.port, Sec_WebSocket_Extensions="c")
    assert "sec-websocket-extensions" not in peer.headers
    peer = await house.open(server.port)
    assert "sec-websocket-extensions" not in peer.headers


async def test_lines_that_cannot_be_read_open_no_session(house):
    """RFC 6455, section 9.1"""
    server = await house.serve(echo)
    peer = await house.connect(server.port)
    await peer.request("/", peer.handshake(server.port, Sec_WebSocket_Extensions="a;"))
    assert peer.status == 400


async def test_a_client_and_a_server(house, engine):
    """N1, N6: one instance for each connection, which the session knows"""
    found = []

    async def handler(session):
        found.append(session.extension(Letter))
        assert session.extension_or_none(Marked) is None
        with pytest.raises(IllegalStateError, match="this session has no extension Marked"):
            session.extension(Marked)
        await echo(session)

    server = await house.serve(handler, with_letters("a", "b"))
    client = WebSocketClient(with_letters("b", "a"), engine=engine)
    for _ in range(2):
        async with client.websocket(f"ws://127.0.0.1:{server.port}/") as session:
            assert [each.name for each in session.extensions] == ["a", "b"]
            assert session.headers["Sec-WebSocket-Extensions"] == "a; ready, b; ready"
            await session.send("hello")
            assert await session.incoming.receive() == Frame.Text("hello")
    assert len(set(found)) == 2


async def test_a_server_that_chooses_what_was_not_offered(house, engine):
    app = WebSocketServer()

    @app.middleware
    async def push(call, proceed):
        answer = await proceed()
        return replace(answer, headers=(*answer.headers, ("Sec-WebSocket-Extensions", "unasked")))

    app.websocket("/")(echo)
    server = await house.start(app)
    with pytest.raises(
        HandshakeError, match="the server chose the extension 'unasked', which was not offered"
    ) as caught:
        async with WebSocketClient(with_letters("a"), engine=engine).websocket(f"ws://127.0.0.1:{server.port}/"):
            pass
    assert caught.value.status == 101


async def test_n11_raw_sessions_have_none(house, engine):
    """N11: nothing is agreed on, on either side, so every frame is what it looks like"""
    config = WebSockets(extensions=[Letters("a"), LocalExtension(Failing)])
    app = WebSocketServer(config)

    @app.websocket_raw("/")
    async def raw(session):
        assert session.extensions == ()
        async for frame in session.incoming:
            await session.send(frame)

    server = await house.start(app)
    peer = await house.open(server.port, Sec_WebSocket_Extensions="a")
    assert "sec-websocket-extensions" not in peer.headers
    await peer.send(1, b"hello")
    assert await peer.next() == (1, b"hello")
    async with WebSocketClient(config, engine=engine).websocket_raw(f"ws://127.0.0.1:{server.port}/") as session:
        assert "Sec-WebSocket-Extensions" not in session.headers
        await session.send("hello")
        assert await session.incoming.receive() == Frame.Text("hello")
        await session.close()


# Messages


async def test_n5_the_order_of_transformations(house):
    """N5: out in the order of the answer, in the other way round (RFC 6455, section 9.1)"""
    server = await house.serve(echo, with_letters("a", "b"))
    peer = await house.open(server.port, Sec_WebSocket_Extensions="a, b")
    await peer.send(1, b"bahello")
    assert await peer.next() == (1, b"bahello")
    await peer.send(1, b"ba", fin=False)
    await peer.send(9, b"ping")
    await peer.send(0, b"whole", fin=True)
    assert await peer.next() == (10, b"ping")
    assert await peer.next() == (1, b"bawhole")


async def test_a_session_without_the_extension_is_left_alone(house):
    server = await house.serve(echo, with_letters("a"))
    peer = await house.open(server.port)
    await peer.send(1, b"hello")
    assert await peer.next() == (1, b"hello")


async def test_w23_reserved_bits_of_a_message(house):
    """W23: those of the first fragment; the session's own frames have none any more"""
    received = []

    async def handler(session):
        async for frame in session.incoming:
            received.append((frame.read_text(), frame.rsv2))
            await session.send(frame)

    server = await house.serve(handler, WebSockets(extensions=[Marks()]))
    peer = await house.open(server.port, Sec_WebSocket_Extensions="marked")
    for _ in range(2):
        await peer.send(1, b"he", fin=False, rsv=2)
        await peer.send(9, b"")
        await peer.send(0, b"llo")
        assert await next_frame(peer) == (0, 10, b"")
        assert await next_frame(peer) == (2, 1, b"hello")
    await peer.send(1, b"hello")
    assert await next_frame(peer) == (0, 1, b"hello")
    assert received == [("HELLO", False), ("HELLO", False), ("hello", False)]


@pytest.mark.parametrize(
    ("frames", "code"),
    [
        pytest.param([(1, b"x", True, 4)], 1002, id="a bit that is nobody's"),
        pytest.param([(1, b"x", True, 3)], 1002, id="one of two bits is nobody's"),
        pytest.param([(9, b"x", True, 2)], 1002, id="in a ping"),
        pytest.param([(1, b"x", False, 2), (0, b"x", True, 2)], 1002, id="in a continuation"),
        pytest.param([(1, b"\xff", True, 2)], 1007, id="and no UTF-8 in the end"),
    ],
)
async def test_w99_bits_where_they_do_not_belong(house, frames, code):
    """W99; RFC 6455, section 5.2"""
    server = await house.serve(echo, WebSockets(extensions=[Marks()]))
    peer = await house.open(server.port, Sec_WebSocket_Extensions="marked")
    for opcode, payload, fin, rsv in frames:
        await peer.send(opcode, payload, fin=fin, rsv=rsv)
    assert (await peer.next_close())[0] == code


async def test_a_message_is_as_large_as_it_is_in_the_end(house):
    class Growing(WebSocketExtension):
        def transform_in(self, frame):
            return Frame.Text(frame.data * self.max_size)

    caught = []

    async def handler(session):
        try:
            await session.incoming.receive()
        except FrameTooBigError as error:
            caught.append(str(error))

    server = await house.serve(handler, WebSockets(max_frame_size=10, extensions=[LocalExtension(Growing)]))
    peer = await house.open(server.port)
    await peer.send(1, b"ab")
    assert (await peer.next_close())[0] == 1009
    await peer.say_close(1009)
    await peer.read_to_end()
    assert caught == ["20 bytes where 10 are allowed"]


# Failures


async def test_n9_an_extension_that_fails_on_the_way_out(house, caplog):
    """N9: 1011, and the peer is not told why"""

    async def handler(session):
        await session.send("hello")
        await session.close_reason

    server = await house.serve(handler, WebSockets(extensions=[LocalExtension(Failing)]))
    peer = await house.open(server.port)
    assert await peer.next_close() == (1011, "")
    assert "a secret of this side" in caplog.text


@pytest.mark.parametrize(("extension", "code"), [(Letters("a"), 4001), (LocalExtension(Failing), 1011)], ids=repr)
async def test_n10_an_extension_that_fails_on_the_way_in(house, extension, code, caplog):
    """N10: the wire says the same as `close_reason`, and `receive` raises the cause"""
    causes = []

    async def handler(session):
        try:
            await session.incoming.receive()
        except Exception as error:
            causes.append(error)
            raise

    server = await house.serve(handler, WebSockets(extensions=[extension]))
    peer = await house.open(server.port, Sec_WebSocket_Extensions="a")
    (session,) = server.sessions
    await peer.send(1, b"hello")
    said, _ = await peer.next_close()
    assert said == code
    reason = await session.close_reason
    await peer.say_close(1000)
    await peer.read_to_end()
    assert reason.code == code
    assert causes == [reason.cause]
    assert ("a secret" in caplog.text) is (code == 1011)


async def test_streams_pass_by_what_may_be_skipped(house):
    """A message that is streamed goes out as it is; an extension that needs it whole forbids it"""

    async def parts():
        yield "HEL"
        yield "LO"

    async def handler(session):
        await session.send(parts())

    server = await house.serve(handler, WebSockets(extensions=[Marks()]))
    peer = await house.open(server.port, Sec_WebSocket_Extensions="marked")
    payload, rsv = b"", 0
    while len(payload) < 5:
        first, length = await peer.read(2)
        rsv |= first >> 4 & 7
        payload += await peer.read(length)
    assert (payload, rsv) == (b"HELLO", 0)

    async def refused(session):
        with pytest.raises(ValueError, match="the extension 'a' needs to see it whole"):
            await session.send(parts())
        await session.send("fine")

    server = await house.serve(refused, with_letters("a"))
    peer = await house.open(server.port, Sec_WebSocket_Extensions="a")
    assert await peer.next() == (1, b"afine")
