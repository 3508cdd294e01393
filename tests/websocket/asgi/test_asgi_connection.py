"""The engine against a server that follows a script, in virtual time."""

from __future__ import annotations

from contextvars import ContextVar

import anyio
import pytest

from flowws.websocket import Frame, FrameTooBigError, WebSockets, bounded, channels
from tests.websocket.asgi.scripted import ACCEPT, ScriptedServer, close, one, reads, text


@pytest.fixture(scope="module", params=["asyncio", "trio"])
def anyio_backend(request):
    return request.param


async def test_messages_pass_as_they_are(test_scope):
    async def echo(session):
        async for frame in session.incoming:
            await session.send(frame)

    server = ScriptedServer(test_scope)
    task = server.calls(one(echo))
    assert await server.has_heard() == [ACCEPT]
    server.says("receive", text="grüße")
    server.says("receive", text=None, bytes=b"\x00\xff")
    server.says("receive", bytes=None, text="")
    assert await server.has_heard() == [text("grüße"), {"type": "websocket.send", "bytes": b"\x00\xff"}, text("")]
    server.says("disconnect", code=1000, reason="")
    await task.join()
    assert await server.has_heard() == []


async def test_w107_a_full_session_asks_for_nothing_more(test_scope):
    """W107, W108: the rest stays with the server."""
    taken = anyio.Event()

    async def handler(session):
        await taken.wait()
        await reads(session)

    server = ScriptedServer(test_scope)
    task = server.calls(one(handler, WebSockets(channels=channels(incoming=bounded(4)))))
    for number in range(100):
        server.says("receive", text=str(number))
    await test_scope.run_current()
    assert server.asked == 1 + 4  # the connect, and as many messages as there is room for
    taken.set()
    await test_scope.run_current()
    assert server.asked == 1 + 100 + 1
    server.says("disconnect", code=1000, reason="")
    await task.join()


async def test_w109_a_handler_that_leaves_a_full_session(test_scope):
    """W109: what nobody reads does not hold up the end."""

    async def handler(session):
        await session.incoming.receive()

    server = ScriptedServer(test_scope)
    task = server.calls(one(handler, WebSockets(channels=channels(incoming=bounded(1)))))
    for number in range(5):
        server.says("receive", text=str(number))
    assert (await server.has_heard())[-1] == close(1000)
    assert server.asked == 1 + 5 + 1  # the server's last word is still to come
    server.says("disconnect", code=1000)
    await task.join()
    assert test_scope.current_time == 0


async def test_w53_sends_wait_while_the_server_does_not_take_them(test_scope):
    """W53: what waits is bounded, in bytes with the engine and in messages with the session."""
    sent = []

    async def pours(session):
        await session.incoming.receive()
        for number in range(60):
            await session.send("x" * 10_000)
            sent.append(number)

    server = ScriptedServer(test_scope)
    task = server.calls(one(pours, WebSockets(channels=channels(outgoing=bounded(5)))))
    await test_scope.run_current()
    server.holds_sends()
    server.says("receive", text="go")
    await test_scope.run_current()
    assert len(sent) == 7 + 5  # 64 KiB are passed with the seventh
    server.takes.set()
    assert (await server.has_heard())[1:] == [text("x" * 10_000)] * 60 + [close(1000)]
    server.says("disconnect", code=1000)
    await task.join()


async def test_w53_empty_messages_fill_the_queue_too(test_scope):
    """W53"""
    sent = []

    async def pours(session):
        await session.incoming.receive()
        while True:
            await session.send("")
            sent.append(1)

    server = ScriptedServer(test_scope)
    task = server.calls(one(pours))
    await test_scope.run_current()
    server.holds_sends()
    server.says("receive", text="go")
    await test_scope.run_current()
    assert 0 < len(sent) < 10_000
    server.says("disconnect", code=1001, reason="")
    await task.join()


async def test_w45_flush_waits_for_the_server(test_scope):
    """W45, W44"""
    flushed: list[object] = []

    async def handler(session):
        await session.incoming.receive()
        for number in range(3):
            await session.send(str(number))
        await session.flush()
        flushed.append(len(server.sent))
        await session.close()
        await session.flush()
        flushed.append("closed")

    server = ScriptedServer(test_scope)
    task = server.calls(one(handler))
    await server.has_heard()
    server.holds_sends()
    server.says("receive", text="go")
    await test_scope.run_current()
    assert flushed == []
    server.takes.set()
    await test_scope.run_current()
    assert flushed[0] == 3
    server.says("disconnect", code=1000)
    await task.join()


async def test_w44_flush_of_what_can_never_leave(test_scope):
    """W44"""
    flushed = []

    async def handler(session):
        await session.incoming.receive()
        await session.send("x")
        await session.send("y")
        session.launch(flushes, session)
        await reads(session)

    async def flushes(session):
        with anyio.CancelScope(shield=True):
            await session.flush()
        flushed.append(True)

    server = ScriptedServer(test_scope)
    task = server.calls(one(handler))
    await test_scope.run_current()
    server.holds_sends()
    server.says("receive", text="go")
    await test_scope.run_current()
    assert not flushed
    server.says("disconnect", code=1001, reason="")
    await task.join()
    assert flushed
    assert server.sent == [ACCEPT]


@pytest.mark.parametrize("message", [{"bytes": b"12345"}, {"text": "12345"}, {"text": "üüü"}])
async def test_w32_a_message_beyond_the_limit(test_scope, message):
    """W32, W34, W36: one of exactly the limit passes; once the session is closed, size does not matter any more."""
    problems = []

    async def handler(session):
        session.max_frame_size = 4
        await session.incoming.receive()
        with pytest.raises(FrameTooBigError) as caught:
            await session.incoming.receive()
        problems.append(caught.value.limit)

    server = ScriptedServer(test_scope)
    task = server.calls(one(handler, WebSockets(max_frame_size=3)))
    await test_scope.run_current()
    server.says("receive", text="ü23")
    server.says("receive", **message)
    (_, said) = await server.has_heard()
    assert (said["type"], said["code"]) == ("websocket.close", 1009)
    server.says("receive", text="12345")
    assert await server.has_heard() == []
    server.says("disconnect", code=1009)
    await task.join()
    assert problems == [4]


async def test_what_asgi_cannot_send(test_scope):
    problems = []

    async def handler(session):
        for frame in (Frame.Ping(b"x"), Frame.Pong(b"x")):
            with pytest.raises(ValueError, match="control frames"):
                await session.send(frame)
            problems.append(frame)
        with pytest.raises(ValueError, match="mask"):
            session.masking = True
        with pytest.raises(UnicodeEncodeError):
            await session.send("\ud800")

    server = ScriptedServer(test_scope)
    task = server.calls(one(handler))
    await test_scope.run_current()
    server.says("disconnect", code=1000)
    await task.join()
    assert len(problems) == 2
    assert await server.has_heard() == [ACCEPT, close(1000)]


async def test_w17_handlers_see_the_context_of_the_task_that_calls(test_scope):
    """W17: what a layer around the application has set, for each connection on its own."""
    user: ContextVar[str] = ContextVar("user", default="nobody")

    async def tells(session):
        await session.send(user.get())

    app = one(tells)

    async def layer(scope, receive, send):
        user.set(scope["path"] + "?" + scope["query_string"].decode())
        await app(scope, receive, send)

    for name in (b"ann", b"bob"):
        server = ScriptedServer(test_scope, query_string=name)
        task = server.calls(layer)
        assert (await server.has_heard())[1] == text(f"/?{name.decode()}")
        server.says("disconnect", code=1000)
        await task.join()


async def test_a_server_without_the_extension_refuses_in_its_own_way(test_scope):
    """403, as ASGI says."""
    server = ScriptedServer(test_scope, path="/nothing", raw_path=b"/nothing", extensions={})
    await server.calls(one(reads)).join()
    assert server.sent == [{"type": "websocket.close"}]


async def test_a_client_that_leaves_before_the_answer(test_scope):
    server = ScriptedServer(test_scope)
    server.says("disconnect", code=1006)
    await test_scope.launch(one(reads), server.asgi_scope, server.receive, server.send).join()
    assert server.sent == []
