"""One message whose end nobody knows yet: it leaves piece by piece."""

from __future__ import annotations

import anyio
import pytest

from flowws import Channel, IllegalStateError, await_cancellation, delay, select
from flowws.testing import conversation
from flowws.websocket import (
    CloseReason,
    Frame,
    LocalExtension,
    MemoryServer,
    SessionClosedError,
    WebSocketClient,
    WebSocketExtension,
    WebSockets,
    WebSocketServer,
    bounded,
    channels,
)
from tests.websocket.stalling import held_back, let_go


@pytest.fixture(params=["asyncio", "trio"])
def anyio_backend(request):
    return request.param


def talk(handler, config=None, *, raw=True, raw_session=False):
    app = WebSocketServer(config)
    (app.websocket_raw if raw_session else app.websocket)("/")(handler)
    return conversation(app, "/", raw=raw)


async def pieces(*parts):
    for part in parts:
        yield part


@pytest.mark.parametrize("raw_session", [False, True])
@pytest.mark.parametrize(
    ("parts", "kind"), [(("a", "b", "ü"), Frame.Text), ((b"a", bytearray(b"b"), memoryview(b"c")), Frame.Binary)]
)
async def test_each_piece_leaves_when_it_comes(test_scope, parts, kind, raw_session):
    source = Channel[str](1)

    async def handler(session):
        await session.send(source.receive_as_flow())
        await session.send("next")
        assert session.stats.frames_sent == 2

    async with talk(handler, raw_session=raw_session) as peer:
        for part in parts:
            await source.send(part)
            frame = await peer.expect_frame()
            assert (type(frame), frame.fin) == (kind, False)
            assert frame.data == (part.encode() if isinstance(part, str) else bytes(part))
            await peer.expect_nothing(3600)
        source.close()
        frame = await peer.expect_frame()
        assert (type(frame), frame.fin, frame.data) == (kind, True, b"")
        await peer.expect_text("next")


async def test_a_peer_gets_one_message(test_scope):
    async def handler(session):
        await session.send(pieces("one ", "message"))
        await session.send(pieces())
        await session.send(pieces(b"1", b"", b"2"))

    async with talk(handler, raw=False) as peer:
        await peer.expect_text("one message")
        await peer.expect_binary(b"12")
        await peer.expect_close(1000)


async def test_w55_other_messages_wait_and_control_frames_do_not(test_scope):
    """W55, W92"""
    source = Channel[str](1)

    async def handler(session):
        @session.launch
        async def others():
            await session.send("behind")
            await session.send(pieces("be", "hind"))
            await session.send("last")
            await session.close()

        await session.send(source.receive_as_flow())
        async for _ in session.incoming:
            pass

    async with talk(handler) as peer:
        await source.send("a")
        assert not (await peer.expect_frame()).fin
        await peer.expect_nothing(60)
        await peer.send_frame(9, b"?")
        await peer.expect_pong(b"?")
        source.close()
        assert (await peer.expect_frame()).fin
        await peer.expect_text("behind")
        assert [(await peer.expect_frame()).data for _ in range(3)] == [b"be", b"hind", b""]
        await peer.expect_text("last")
        await peer.expect_close(1000)
        await peer.close()


async def test_senders_that_wait_for_room_come_before_a_stream(test_scope):
    source = Channel[str](1)

    async def handler(session):
        @session.launch
        async def texts():
            for number in range(4):
                await session.send(str(number))

        @session.launch
        async def streamed():
            while session.outgoing.waiting < 2:
                await delay(1)
            await session.send(pieces("s"))

        await session.send(source.receive_as_flow())
        await texts.join()
        await streamed.join()

    async with talk(handler, WebSockets(channels=channels(outgoing=bounded(1))), raw=False) as peer:
        await source.send("first")
        await delay(10)
        source.close()
        texts = [await peer.expect_text() for _ in range(6)]
        assert texts[0] == "first"
        assert texts[1:3] == ["0", "1"]
        assert sorted(texts[3:]) == ["2", "3", "s"]


async def test_a_source_that_fails_in_the_middle_closes_with_1011(test_scope):
    failures = []

    async def broken():
        yield "a"
        raise LookupError("secret")

    async def handler(session):
        try:
            await session.send(broken())
        except LookupError as error:
            failures.append(error)
            raise

    async with talk(handler) as peer:
        assert (await peer.expect_frame()).data == b"a"
        await peer.expect_close(1011, "")
        await peer.close()
        assert (await peer.session.close_reason).cause is failures[0]


async def test_a_source_that_fails_before_its_first_piece_harms_nobody(test_scope):
    async def broken():
        raise LookupError
        yield ""

    async def handler(session):
        with pytest.raises(LookupError):
            await session.send(broken())
        with pytest.raises(TypeError, match="all str or all bytes, not 1"):
            await session.send(pieces(1))
        await session.send("goes on")

    async with talk(handler) as peer:
        await peer.expect_text("goes on")


async def test_a_mixture_is_refused_in_the_middle(test_scope):
    async def handler(session):
        with pytest.raises(TypeError, match="all str or all bytes, not b'b'"):
            await session.send(pieces("a", b"b"))

    async with talk(handler) as peer:
        assert (await peer.expect_frame()).data == b"a"
        await peer.expect_close(1011)
        await peer.close()


@pytest.mark.parametrize("bad", [1, None, ["a"], object()])
async def test_what_is_no_message_is_refused(test_scope, bad):
    async def handler(session):
        with pytest.raises(TypeError, match="a message is text, bytes, a frame, or an async iterable"):
            await session.send(bad)
        await session.send("goes on")

    async with talk(handler) as peer:
        await peer.expect_text("goes on")


async def test_a_session_that_closes_in_the_middle_ends_the_stream_and_its_source(test_scope):
    ended = []

    async def endless():
        try:
            while True:
                yield "x"
                await delay(1)
        finally:
            ended.append("source")

    def with_reader(session):
        @session.launch
        async def closes():
            async for _ in session.incoming:
                await session.close()

    async def handler(session):
        with_reader(session)
        try:
            await session.send(endless())
        finally:
            ended.append("stream")

    async with talk(handler) as peer:
        assert (await peer.expect_frame()).data == b"x"
        await peer.send("stop")
        frame = await peer.expect_frame()
        while frame.data == b"x":
            frame = await peer.expect_frame()
        assert isinstance(frame, Frame.Close)
        await peer.close()
    assert ended == ["source", "stream"]


async def test_a_stream_that_waits_for_its_source_hears_of_the_end(test_scope):
    """W41: also where nobody cancels the sender, as in the block of a client"""
    app = WebSocketServer()
    errors: list[int] = []

    @app.websocket("/")
    async def handler(session):
        await session.incoming.receive()
        await session.close(CloseReason(3000))

    async with (
        MemoryServer(app) as server,
        WebSocketClient(engine=server.engine).websocket("ws://localhost/") as session,
    ):

        async def silent():
            if errors:
                yield "a"
            await session.send("now")
            await await_cancellation()

        for _ in range(3):  # before its first piece, in the middle, and too late
            with pytest.raises(SessionClosedError) as caught:
                await session.send(silent())
            errors.append(caught.value.code)
    assert errors == [3000, 3000, 3000]


async def test_a_cancelled_stream_cannot_be_taken_back(test_scope):
    source = Channel[str](1)

    async def handler(session):
        job = session.launch(session.send, source.receive_as_flow())
        await session.incoming.receive()
        await job.cancel_and_join()
        async for _ in session.incoming:
            pass

    async with talk(handler) as peer:
        await source.send("a")
        assert (await peer.expect_frame()).data == b"a"
        await peer.send("stop")
        await peer.expect_close(1011)
        await peer.close()


async def test_a_stream_that_is_cancelled_while_it_waits_for_its_turn_leaves_no_trace(test_scope):
    source = Channel[str](1)

    async def handler(session):
        first = session.launch(session.send, source.receive_as_flow())
        await session.incoming.receive()
        second = session.launch(session.send, pieces("never"))
        await session.incoming.receive()
        await second.cancel_and_join()
        source.close()
        await first.join()
        await session.send("last")

    async with talk(handler) as peer:
        await source.send("a")
        await peer.expect_frame()
        await peer.send("one")
        await peer.expect_nothing()
        await peer.send("two")
        assert (await peer.expect_frame()).fin
        await peer.expect_text("last")


async def test_extensions_that_need_whole_messages_refuse_a_stream(test_scope):
    class Whole(WebSocketExtension):
        name = "whole"

    async def handler(session):
        with pytest.raises(ValueError, match="the extension 'whole' needs to see it whole"):
            await session.send(pieces("a"))
        await session.send("goes on")

    async with talk(handler, WebSockets(extensions=[LocalExtension(Whole)])) as peer:
        await peer.expect_text("goes on")


async def test_no_stream_inside_a_fragmented_message(test_scope):
    async def handler(session):
        await session.send(Frame.Text("a", fin=False))
        with pytest.raises(IllegalStateError, match="inside a fragmented one"):
            await session.send(pieces("b"))
        await session.send("c")

    async with talk(handler, raw_session=True) as peer:
        assert [(await peer.expect_frame()).data for _ in range(2)] == [b"a", b"c"]


async def test_a_select_waits_behind_a_stream(test_scope):
    source = Channel[str](1)

    async def handler(session):
        session.launch(session.send, source.receive_as_flow())
        await session.incoming.receive()
        for text in "bc":
            await select(session.outgoing.on_send(Frame.Text(text)))

    async with talk(handler, WebSockets(channels=channels(outgoing=bounded(1)))) as peer:
        await source.send("a")
        await peer.expect_frame()
        await peer.send("go")
        await peer.expect_nothing(1)
        source.close()
        assert (await peer.expect_frame()).fin
        await peer.expect_text("b")
        await peer.expect_text("c")


async def test_no_stream_inside_a_message_that_was_begun_while_its_source_took_its_time(test_scope):
    source = Channel[str](1)

    async def handler(session):
        @session.launch
        async def streams():
            with pytest.raises(IllegalStateError, match="inside a fragmented one"):
                await session.send(source.receive_as_flow())
            await session.send(Frame.Text("b"))

        await delay(1)
        await session.send(Frame.Text("a", fin=False))
        await source.send("never")
        source.close()
        await streams.join()

    async with talk(handler, raw_session=True) as peer:
        assert (await peer.expect_frame()).data == b"a"
        assert (await peer.expect_frame()).data == b"b"


async def test_a_stream_of_which_nothing_has_left_can_be_taken_back(test_scope):
    async def handler(session):
        held_back(session)
        with anyio.move_on_after(1):
            await session.send(pieces("ne", "ver"))
        let_go(session)
        await session.send("alive")

    async with talk(handler) as peer:
        await peer.expect_text("alive")


async def test_w42_a_close_while_a_stream_waits_for_the_network_drops_only_the_stream(test_scope):
    """W42: what was sent behind it leaves, as no message has been torn apart"""

    async def handler(session):
        held_back(session)
        session.launch(session.send, pieces("ne", "ver"))
        await delay(1)
        await session.send("behind")
        await session.close()

    async with talk(handler) as peer:
        await delay(2)
        let_go(peer.session)
        await peer.expect_text("behind")
        await peer.expect_close(1000)
        await peer.close()
