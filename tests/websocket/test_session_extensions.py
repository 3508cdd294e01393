"""Extensions at work in a session: their order, their bits, and their failures."""

from __future__ import annotations

from functools import partial

import pytest

from flowws.testing import conversation
from flowws.websocket import (
    Frame,
    FrameTooBigError,
    LocalExtension,
    ProtocolViolationError,
    WebSocketExtension,
    WebSockets,
    WebSocketServer,
)
from tests.websocket.stalling import held_back, let_go


@pytest.fixture(params=["asyncio", "trio"])
def anyio_backend(request):
    return request.param


class Letters(WebSocketExtension):
    """Adds its letter on the way out, and takes it away on the way in."""

    def __init__(self, letter):
        self.letter = self.name = letter

    def transform_out(self, frame):
        return Frame.Text(frame.data + self.letter.encode())

    def transform_in(self, frame):
        assert frame.data.endswith(self.letter.encode()), frame
        return Frame.Text(frame.data.removesuffix(self.letter.encode()))


class Bit(WebSocketExtension):
    """Has a bit of its own, and reverses messages that have it."""

    name = "bit"
    rsv = 2
    may_skip = True

    def transform_out(self, frame):
        return Frame.Binary(frame.data[::-1], rsv2=True) if isinstance(frame, Frame.Binary) else frame

    def transform_in(self, frame):
        return type(frame)(frame.data[::-1]) if frame.rsv2 else frame


def config(*extensions, **more):
    return WebSockets(extensions=[LocalExtension(partial(_same, each)) for each in extensions], **more)


def _same(extension):
    return extension


def talk(handler, settings):
    app = WebSocketServer(settings)
    app.websocket("/")(handler)
    return conversation(app, "/", raw=True)


async def echo(session):
    async for frame in session.incoming:
        await session.send(frame)


async def test_the_last_on_the_way_out_is_the_first_on_the_way_in(test_scope):
    first, second = Letters("a"), Letters("b")
    async with talk(echo, config(first, second)) as peer:
        assert peer.session.extensions == (first, second)
        await peer.send_frame(1, b"text-ab")
        await peer.expect_text("text-ab")
        await peer.send_frame(1, b"fragm", fin=False)
        await peer.send_frame(9, b"between")
        await peer.send_frame(0, b"ent-ab")
        await peer.expect_pong(b"between")
        await peer.expect_text("fragment-ab")


async def test_w23_an_extension_may_use_its_bits_on_first_frames(test_scope):
    """W23, W99, F14"""
    received = []

    async def handler(session):
        async for frame in session.incoming:
            received.append(frame)
            await session.send(frame)

    async with talk(handler, config(Bit())) as peer:
        await peer.send_frame(2, b"321", rsv=2)
        frame = await peer.expect_frame()
        assert (frame.data, frame.rsv1, frame.rsv2) == (b"321", False, True)
        await peer.send_frame(2, b"cb", rsv=2, fin=False)
        await peer.send_frame(0, b"a")
        await peer.expect_binary()
        await peer.send_frame(1, b"plain")
        await peer.expect_text("plain")
        assert received == [Frame.Binary(b"123"), Frame.Binary(b"abc"), Frame.Text("plain")]


@pytest.mark.parametrize(
    ("frames", "problem"),
    [
        pytest.param([(1, b"x", True, 4)], "without an extension that uses it", id="W99 another bit"),
        pytest.param([(1, b"x", True, 6)], "without an extension that uses it", id="W99 one too many"),
        pytest.param([(1, b"x", False, 2), (0, b"x", True, 2)], "inside a message", id="on a continuation"),
        pytest.param([(9, b"x", True, 2)], "in a control frame", id="on a ping"),
    ],
)
async def test_w99_bits_in_other_places(test_scope, frames, problem):
    async with talk(echo, config(Bit())) as peer:
        for opcode, payload, fin, rsv in frames:
            await peer.send_frame(opcode, payload, fin=fin, rsv=rsv)
        reason = await peer.expect_close(1002)
        assert problem in reason.message


async def test_w38_a_text_is_looked_at_when_the_last_extension_has_had_it(test_scope):
    """W38: reversed, it is UTF-8, or not"""
    async with talk(echo, config(Bit())) as peer:
        await peer.send_frame(1, "ü".encode()[::-1], rsv=2)
        await peer.expect_text("ü")
        await peer.send_frame(1, "ü".encode(), rsv=2)
        await peer.expect_close(1007)


async def test_w38_the_same_where_all_messages_are_looked_at(test_scope):
    class Cut(WebSocketExtension):
        def transform_in(self, frame):
            return Frame.Text(frame.data[1:])

    async with talk(echo, config(Cut())) as peer:
        await peer.send_frame(1, b"\xffgood")
        await peer.expect_text("good")
        await peer.send_frame(1, b"\xff", fin=False)
        await peer.send_frame(0, b"better")
        await peer.expect_text("better")
        await peer.send_frame(1, b"g\xff")
        await peer.expect_close(1007)


@pytest.mark.parametrize(
    ("error", "code", "text"),
    [
        pytest.param(
            ProtocolViolationError("rubbish", code=1007), 1007, "the peer broke the protocol: rubbish", id="peer"
        ),
        pytest.param(FrameTooBigError(10), 1009, "a message where 10 are allowed", id="W114"),
        pytest.param(LookupError("secret"), 1011, "", id="N10"),
    ],
)
async def test_a_failure_on_the_way_in_closes_with_its_code(test_scope, error, code, text, caplog):
    """N10, W114"""

    class Broken(WebSocketExtension):
        def transform_in(self, frame):
            raise error

    received = []

    async def handler(session):
        try:
            await session.incoming.receive()
        except type(error) as failure:
            received.append(failure)
            raise

    async with talk(handler, config(Broken())) as peer:
        await peer.expect_nothing()
        await peer.send("x")
        await peer.expect_close(code, text)
        await peer.close()
        assert (await peer.session.close_reason).cause is error
        await peer.session.ended()
    assert received == [error]
    assert ("an extension failed" in caplog.text) == (code == 1011)


@pytest.mark.parametrize("is_queued", [False, True])
async def test_n9_a_failure_on_the_way_out_closes_with_1011(test_scope, is_queued, caplog):
    """N9"""
    error = LookupError("secret")

    class Broken(WebSocketExtension):
        def transform_out(self, frame):
            if frame.data == b"bad":
                raise error
            return frame

    async def handler(session):
        session._link.incoming.readers.add(session._main)
        if is_queued:
            held_back(session)
        for text in ("good", "bad", "late"):
            if session.is_active:
                await session.send(text)
        if is_queued:
            let_go(session)
        assert not session.is_active

    async with talk(handler, config(Broken())) as peer:
        await peer.expect_text("good")
        await peer.expect_close(1011, "")
        await peer.close()
        assert (await peer.session.close_reason).cause is error
    assert caplog.text.count("an extension failed") == 1


async def test_a_bit_that_nobody_clears_is_a_fault_of_this_side(test_scope):
    class Lazy(WebSocketExtension):
        rsv = 1
        may_skip = True

    async with talk(echo, config(Lazy())) as peer:
        await peer.send_frame(1, b"x", rsv=1)
        await peer.expect_close(1011)


async def test_the_limit_counts_for_what_comes_out(test_scope):
    class Grow(WebSocketExtension):
        def transform_in(self, frame):
            return Frame.Text(frame.data * 10)

    grow = Grow()
    async with talk(echo, config(grow, max_frame_size=50)) as peer:
        assert grow.max_size == 50
        await peer.send("12345")
        await peer.expect_text("12345" * 10)
        peer.session.max_frame_size = 49
        assert grow.max_size == 49
        await peer.send("12345")
        await peer.expect_close(1009)


async def test_control_frames_pass_extensions_by(test_scope):
    class Deaf(WebSocketExtension):
        def transform_in(self, frame):
            raise AssertionError(frame)

        transform_out = transform_in

    async with talk(echo, config(Deaf())) as peer:
        await peer.send_frame(9, b"?")
        await peer.expect_pong(b"?")


async def test_a_text_without_bytes_is_the_senders_mistake(test_scope):
    async def handler(session):
        with pytest.raises(UnicodeEncodeError):
            await session.send("\ud800")
        await session.send("alive")

    app = WebSocketServer(config(Letters("!")))
    app.websocket("/")(handler)
    async with conversation(app, "/") as peer:
        await peer.expect_text("alive!")
