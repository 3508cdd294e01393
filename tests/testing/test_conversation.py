"""`conversation`: a test talks to a handler, in memory."""

from __future__ import annotations

import gc
import logging
import subprocess
import sys
import weakref
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from flowws import delay
from flowws.testing import Peer, TestScope, conversation
from flowws.websocket import (
    CloseReason,
    Frame,
    HandshakeError,
    MemoryServer,
    RawWebSocketServerSession,
    WebSockets,
    WebSocketServer,
    WebSocketServerSession,
)

app = WebSocketServer()


@app.websocket("/echo")
async def echo(session: WebSocketServerSession) -> None:
    async for frame in session.incoming:
        await session.send(frame)


@app.websocket("/rooms/{room}")
async def greet(session: WebSocketServerSession) -> None:
    call = session.call
    who = call.headers.get("X-Name", "nobody")
    await session.send(f"{who} in {call.path_parameters['room']}, {call.query_parameters.get('mood')}")
    await session.incoming.receive()


@app.websocket("/chat", subprotocol="chat.v2")
async def chat(session: WebSocketServerSession) -> None:
    await session.send_serialized({"speaks": session.call.subprotocol})


@app.websocket("/close/{code}")
async def close(session: WebSocketServerSession) -> None:
    await session.close(CloseReason(int(session.call.path_parameters["code"]), "enough"))


@app.websocket("/broken")
async def broken(session: WebSocketServerSession) -> None:
    await session.incoming.receive()
    raise LookupError("the cupboard is bare")


async def fails(*said: str, when: Callable[[], Any]) -> AssertionError:
    """What an expectation says that is not met."""
    with pytest.raises(AssertionError) as caught:
        await when()
    message = str(caught.value)
    assert [text for text in said if text not in message] == [], message
    return caught.value


# Speaking and listening


async def test_it_talks_to_a_handler(test_scope: TestScope) -> None:
    async with conversation(app, "/echo") as peer:
        await peer.send("hello")
        assert await peer.expect_text("hello") == "hello"
        await peer.send(b"\x00\x01")
        assert await peer.expect_binary() == b"\x00\x01"
        await peer.send_json({"a": [1, 2]})
        await peer.expect_json({"a": [1, 2]})
        await peer.send(Frame.Text("as a frame"))
        assert await peer.expect_frame() == Frame.Text("as a frame")
        await peer.expect_nothing()
    assert peer.session.close_reason.get_completed() == CloseReason(1000)


@pytest.mark.parametrize("headers", [{"X-Name": "Ada"}, [("X-Name", "Ada")]])
async def test_the_request_says_what_it_is_told_to(headers: Mapping[str, str] | list[tuple[str, str]]) -> None:
    async with conversation(app, "/rooms/blue?mood=fine", headers=headers) as peer:
        await peer.expect_text("Ada in blue, fine")


async def test_a_subprotocol_is_agreed_on() -> None:
    async with conversation(app, "/chat", subprotocols=["chat.v1", "chat.v2"]) as peer:
        assert peer.subprotocol == "chat.v2"
        assert peer.headers["Upgrade"] == "websocket"
        await peer.expect_json({"speaks": "chat.v2"})
        await peer.expect_close(1000, "")


@pytest.mark.parametrize("fragments", [[b"gr\xc3", b"\xbc\xc3\x9fe"], [b"", b"gr\xc3\xbc\xc3\x9fe", b""]])
async def test_fragments_are_sent_and_put_together(fragments: list[bytes]) -> None:
    async with conversation(app, "/echo") as peer:
        for index, fragment in enumerate(fragments):
            await peer.send_frame(1 if index == 0 else 0, fragment, fin=fragment is fragments[-1] and index > 0)
        await peer.expect_text("gr\u00fc\u00dfe")


async def test_several_peers_share_a_server(test_scope: TestScope) -> None:
    async with MemoryServer(app) as server, conversation(server, "/echo") as one, conversation(server, "/echo") as two:
        assert server.sessions == {one.session, two.session}
        await one.send("1")
        await two.expect_nothing()
        await one.expect_text("1")


async def test_time_is_that_of_the_test(test_scope: TestScope) -> None:
    slow = WebSocketServer()

    @slow.websocket("/")
    async def hourly(session: WebSocketServerSession) -> None:
        while True:
            await delay(3600)
            await session.send("cuckoo")

    async with conversation(slow, "/") as peer:
        await peer.expect_nothing(3599)
        await peer.expect_text("cuckoo")
        await peer.expect_text("cuckoo", timeout=3601)
    assert test_scope.current_time == 7200


async def test_on_real_time_it_works_as_well() -> None:
    async with conversation(app, "/echo") as peer:
        await peer.expect_nothing()
        await peer.send("hello")
        await peer.expect_text("hello")
        await peer.expect_nothing(0.001)


# Refusals


@pytest.mark.parametrize(
    ("path", "arguments", "status"),
    [("/nowhere", {}, 404), ("/chat", {}, 400), ("/echo", {"headers": {"Origin": "https://evil.example"}}, 403)],
)
async def test_a_refused_upgrade_raises_at_once(
    path: str, arguments: dict[str, Any], status: int, test_scope: TestScope
) -> None:
    """W123."""
    with pytest.raises(HandshakeError, match=f"expected status 101, the server answered {status}") as caught:
        async with conversation(app, path, **arguments):
            pytest.fail("the conversation has begun")
    assert caught.value.status == status
    assert caught.value.headers["Content-Type"] == "text/plain; charset=utf-8"
    assert caught.value.body
    assert test_scope.current_time == 0


@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        ({"path": "echo"}, "a path begins with a slash, not like 'echo'"),
        ({"path": "/echo", "timeout": 0}, "timeout must be more than zero, not 0"),
        ({"path": "/echo", "subprotocols": "chat"}, r"subprotocols is a list, such as \['chat'\], not the text 'chat'"),
    ],
)
async def test_bad_arguments_are_refused(arguments: dict[str, Any], error: str) -> None:
    with pytest.raises((TypeError, ValueError), match=error):
        async with conversation(app, **arguments):
            pytest.fail("the conversation has begun")


# The end of a session


@pytest.mark.parametrize("code", [1000, 1013, 3500, 4002])
async def test_the_end_shows_its_code(code: int, test_scope: TestScope) -> None:
    """W121."""
    async with conversation(app, f"/close/{code}") as peer:
        reason = await peer.expect_close(code, "enough")
        assert reason.by == "peer"
        await peer.expect_end()
        assert peer.is_over


async def test_the_peer_closes(test_scope: TestScope) -> None:
    async with conversation(app, "/rooms/blue") as peer:
        await test_scope.run_current()
        await peer.close(CloseReason(4000, "bye"))
        await peer.expect_text("nobody in blue, None")
        await peer.expect_close(4000, "bye")
        reason = peer.session.close_reason.get_completed()
    assert (reason.code, reason.message, reason.by) == (4000, "bye", "peer")


async def test_a_close_frame_without_a_code_is_1005(test_scope: TestScope) -> None:
    """W59."""
    async with conversation(app, "/echo", raw=True) as peer:
        await peer.send(Frame.Close())
        await peer.expect_close(1000)
    assert peer.session.close_reason.get_completed().code == 1005


async def test_after_the_end_nothing_can_be_sent(test_scope: TestScope) -> None:
    async with conversation(app, "/close/1000") as peer:
        await peer.expect_close()
        await peer.expect_end()
        await fails("could not send", "the connection is over", when=lambda: peer.send("too late"))
        await peer.expect_end()  # the end remains the end
        await peer.expect_close(1006)


async def test_an_exception_in_the_block_hangs_up(test_scope: TestScope) -> None:
    with pytest.raises(ZeroDivisionError):
        async with conversation(app, "/echo") as peer:
            _ = 1 / 0
    assert peer.session.close_reason.get_completed().code == 1006


async def test_a_handler_that_does_not_end_is_cancelled_with_its_session(test_scope: TestScope) -> None:
    endless = WebSocketServer()

    @endless.websocket("/")
    async def wait(session: WebSocketServerSession) -> None:
        await delay(10**9)

    async with conversation(endless, "/"):
        pass
    assert test_scope.current_time < 60


async def test_nothing_is_left_of_a_conversation(test_scope: TestScope) -> None:
    async with conversation(app, "/echo") as peer:
        await peer.send("hello")
        await peer.expect_text("hello")
        left: list[weakref.ref[Any]] = [weakref.ref(peer), weakref.ref(peer.session)]
    del peer
    await test_scope.run_current()
    gc.collect()
    assert [ref() for ref in left] == [None, None]


# What an expectation says that is not met


async def test_a_receive_has_a_time_out_and_says_what_did_arrive(test_scope: TestScope) -> None:
    """W124."""
    async with conversation(app, "/echo") as peer:
        await peer.send("one")
        await peer.expect_text("one")
        await fails(
            "expected a text, but nothing arrived within 3 s",
            "arrived before: <Frame.Text 'one'>",
            "the server's side: <WebSocketServerSession /echo open>",
            when=peer.expect_text,
        )
        assert test_scope.current_time == 3
        await fails("within 60 s", when=lambda: peer.expect_text(timeout=60))
        await peer.send("two")
        await fails(
            "expected 'three', but 'two' arrived",
            "arrived, and not expected yet: <Frame.Text 'two'>",
            when=lambda: peer.expect_text("three"),
        )
        await fails("expected the bytes b'two', but <Frame.Text 'two'>", when=lambda: peer.expect_binary(b"two"))
        await fails("expected the JSON of 2, but <Frame.Text 'two'>", when=lambda: peer.expect_json(2))
        await fails("expected nothing, but <Frame.Text 'two'> arrived", when=peer.expect_nothing)
        await fails("expected the end of the session with 1000, but", when=lambda: peer.expect_close(1000))
        await peer.expect_text("two")


async def test_a_conversation_may_have_a_time_out_of_its_own(test_scope: TestScope) -> None:
    async with conversation(app, "/echo", timeout=0.5) as peer:
        await fails("within 0.5 s", when=peer.expect_text)


async def test_the_wrong_code_or_text_is_told(test_scope: TestScope) -> None:
    async with conversation(app, "/close/4001") as peer:
        await fails("the end of the session with 1000, but it was", "4001", when=lambda: peer.expect_close(1000))
        await fails("with 4001 'late', but it was", when=lambda: peer.expect_close(4001, "late"))
        await peer.expect_close(4001, "enough")


async def test_a_failure_of_the_handler_is_the_cause(test_scope: TestScope, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.CRITICAL, "flowws.websocket")
    async with conversation(app, "/broken") as peer:
        await peer.send("go")
        error = await fails("expected a text, but <Frame.Close", "1011", when=peer.expect_text)
        assert repr(error.__cause__) == "LookupError('the cupboard is bare')"
        assert (await peer.expect_close(1011)).message == ""


# A raw peer


async def test_a_raw_peer_sees_control_frames_and_answers_none(test_scope: TestScope) -> None:
    """W122, W84."""
    pinging = WebSocketServer(WebSockets(ping_interval=30, timeout=15))
    pinging.websocket("/")(echo)
    async with conversation(pinging, "/", raw=True) as peer:
        await peer.send_frame(9, b"are you there?")
        await peer.expect_pong(b"are you there?")
        payload = await peer.expect_ping(timeout=31)
        assert len(payload) == 16
        await peer.send_frame(10, payload)
        await peer.expect_ping(timeout=31)
        await peer.expect_close(1011, "Ping timeout", timeout=16)
        assert test_scope.current_time == 75
        await peer.expect_end()


async def test_another_peer_answers_pings_unseen(test_scope: TestScope) -> None:
    pinging = WebSocketServer(WebSockets(ping_interval=30, timeout=15, liveness="pong"))
    pinging.websocket("/")(echo)
    async with conversation(pinging, "/") as peer:
        await peer.expect_nothing(3600)
        with pytest.raises(ValueError, match=r"a ping is seen by a raw peer only"):
            await peer.expect_ping()
        with pytest.raises(ValueError, match=r"a pong is seen by a raw peer only"):
            await peer.expect_pong()
        assert peer.session.is_active


async def test_a_raw_peer_sees_each_fragment(test_scope: TestScope) -> None:
    async with conversation(app, "/echo", raw=True) as peer:
        await peer.send_frame(2, b"whole")
        assert await peer.expect_frame() == Frame.Binary(b"whole")
        await peer.send(Frame.Text("a", fin=False))
        await peer.send_frame(0, b"b")
        assert await peer.expect_frame() == Frame.Text("ab")


@pytest.mark.parametrize(
    ("data", "code"),
    [(b"\x83\x80aaaa", 1002), (b"\x81\x01x", 1002), (b"\x09\x80aaaa", 1002), (b"\xc1\x80aaaa", 1002)],
    ids=["opcode", "mask", "fragmented ping", "rsv1"],
)
async def test_bytes_may_be_wrong(data: bytes, code: int, test_scope: TestScope) -> None:
    async with conversation(app, "/echo") as peer:
        await peer.send_bytes(data)
        await peer.expect_close(code)


async def test_a_raw_handler_sees_what_a_raw_peer_says(test_scope: TestScope) -> None:
    """W122, the other way round."""
    raw = WebSocketServer()

    @raw.websocket_raw("/")
    async def mirror(session: RawWebSocketServerSession) -> None:
        async for frame in session.incoming:
            await session.send(frame)

    async with conversation(raw, "/", raw=True) as peer:
        for frame in (Frame.Ping(b"p"), Frame.Text("a"), Frame.Pong(), Frame.Binary(b"b")):
            await peer.send(frame)
            assert await peer.expect_frame() == frame
        await peer.send(Frame.Close(CloseReason(4000)))
        await peer.expect_close(4000)


async def test_latency_is_that_of_the_wire(test_scope: TestScope) -> None:
    """W93."""
    async with conversation(app, "/echo") as peer:
        peer.wire.delay(0.2)
        assert isinstance(peer.session, WebSocketServerSession)
        assert await peer.session.send_ping() == pytest.approx(0.4)
        assert peer.session.latency == pytest.approx(0.4)


def test_the_example_passes() -> None:
    """W13, the recipe."""
    script = Path(__file__).parents[2] / "examples" / "conversation_test.py"
    done = subprocess.run([sys.executable, str(script)], capture_output=True, text=True, check=True)
    assert done.stdout == "an hour and a quarter have passed\n"


def test_a_peer_says_what_it_is() -> None:
    assert Peer.__module__ == "flowws.testing"
