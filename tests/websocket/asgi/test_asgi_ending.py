"""How a connection ends, against a server that follows a script, in virtual time."""

from __future__ import annotations

import asyncio

import anyio
import pytest

from flowws.websocket import CloseReason, WebSockets
from tests.websocket.asgi.scripted import ACCEPT, ScriptedServer, close, one, reads


@pytest.fixture(scope="module", params=["asyncio", "trio"])
def anyio_backend(request):
    return request.param


@pytest.mark.parametrize(
    ("facts", "code", "by"),
    [
        ({"code": 1001, "reason": "off"}, 1001, "peer"),
        ({"code": 4000}, 4000, "peer"),
        ({"code": 1005, "reason": ""}, 1005, "peer"),
        ({"code": 1005}, 1006, "network"),  # how uvicorn tells of a lost connection
        ({"code": 1006, "reason": ""}, 1006, "network"),
        ({}, 1006, "network"),
        ({"code": 77, "reason": "nonsense"}, 1006, "network"),
        ({"code": 1008, "reason": "é" * 100}, 1008, "peer"),
    ],
)
async def test_w56_w57_w59_w66_what_a_disconnect_means(test_scope, facts, code, by):
    """W56, W57, W59, W66"""
    reasons = []

    async def handler(session):
        await reads(session)
        reasons.append(await session.close_reason)

    server = ScriptedServer(test_scope)
    task = server.calls(one(handler))
    assert await server.has_heard() == [ACCEPT]
    server.says("disconnect", **facts)
    await task.join()
    assert [(reason.code, reason.by) for reason in reasons] == [(code, by)]
    assert await server.has_heard() == []


async def test_w40_w41_w67_a_send_that_fails_ends_the_session(test_scope):
    """W40, W41, W67: how it ended, the server says a moment later."""
    reasons = []

    async def sends(session):
        session.close_reason.invoke_on_completion(lambda _: reasons.append(session.close_reason.get_completed()))
        while True:
            await session.send("x")
            await anyio.sleep(1)

    server = ScriptedServer(test_scope)
    task = server.calls(one(sends))
    await test_scope.run_current()
    server.fails = OSError("gone")
    await test_scope.advance_time_by(1.5)
    assert reasons == []
    server.says("disconnect", code=4001, reason="off")
    await task.join()
    assert reasons == [CloseReason(4001, "off")]
    assert test_scope.current_time == 1.5


async def test_w71_a_send_that_fails_without_any_news(test_scope):
    """W71: after a while the failure itself is the news."""
    reasons = []
    gone = OSError("gone")

    async def sends(session):
        await session.incoming.receive()
        await session.send("x")
        await reads(session)
        reasons.append(await session.close_reason)

    server = ScriptedServer(test_scope)
    task = server.calls(one(sends))
    await test_scope.run_current()
    server.fails = gone
    server.says("receive", text="go")
    await task.join()
    assert [(reason.code, reason.by, reason.cause) for reason in reasons] == [(1006, "network", gone)]
    assert test_scope.current_time == 1


async def test_w71_an_error_of_receive_is_a_lost_connection(test_scope):
    """W71"""
    reasons = []

    async def handler(session):
        await reads(session)
        reasons.append(await session.close_reason)

    application = one(handler)
    broken = RuntimeError("a layer between")

    async def layer(scope, receive, send):
        async def received():
            message = await receive()
            if message["type"] == "websocket.receive":
                raise broken
            return message

        await application(scope, received, send)

    server = ScriptedServer(test_scope)
    task = server.calls(layer)
    await test_scope.run_current()
    server.says("receive", text="x")
    await task.join()
    assert [(reason.code, reason.cause) for reason in reasons] == [(1006, broken)]


async def test_w63_a_server_that_never_says_that_it_is_over(test_scope):
    """W63: after `close_timeout` the task of the application ends all the same."""

    async def returns(session):
        pass

    server = ScriptedServer(test_scope)
    task = server.calls(one(returns, WebSockets(close_timeout=3)))
    await task.join()
    assert await server.has_heard() == [ACCEPT, close(1000)]
    assert test_scope.current_time == 3


async def test_w63_w89_a_server_that_takes_nothing_more(test_scope):
    """W63: nor does a send that is stuck hold up the end."""

    async def leaves(session):
        await session.incoming.receive()
        await session.send("x" * 200_000)

    server = ScriptedServer(test_scope)
    task = server.calls(one(leaves, WebSockets(close_timeout=3)))
    await test_scope.run_current()
    server.holds_sends()
    server.says("receive", text="go")
    await task.join()
    assert server.sent == [ACCEPT]
    assert test_scope.current_time == 3


async def test_w78_the_server_cancels_the_application(test_scope):
    """W73, W76, W77, W78: the farewell still leaves, and ``finally`` runs."""
    ended = []

    async def sleeps(session):
        try:
            await anyio.sleep_forever()
        finally:
            ended.append(session.close_reason.get_completed())

    server = ScriptedServer(test_scope)
    app = one(sleeps, stop_reason=CloseReason(1012, "back soon"))
    task = server.calls(app)
    await test_scope.run_current()
    task.cancel()
    await test_scope.run_current()
    assert await server.has_heard() == [ACCEPT, close(1012, "back soon")]
    await task.join()  # the server says nothing more
    assert ended == [CloseReason(1012, "back soon")]
    assert not app._open
    assert test_scope.current_time == 0


@pytest.mark.asyncio_only("cancels a task natively, as servers of asyncio do")
async def test_w78_the_server_cancels_its_own_task(test_scope):
    """W78"""
    server = ScriptedServer(test_scope)
    app = one(reads)
    server.says("connect")
    task = asyncio.get_running_loop().create_task(app(server.asgi_scope, server.receive, server.send))
    await test_scope.run_current()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert server.sent == [ACCEPT, close(1001)]
    assert not app._open


async def test_w78_a_session_that_would_open_too_late(test_scope):
    """W78: decided before the end began, accepted after it."""

    async def handler(session):
        raise AssertionError("there is no session")

    app = one(handler, stop_reason=CloseReason(1012))
    server = ScriptedServer(test_scope)
    server.holds_sends()
    async with app:
        task = server.calls(app)
        await test_scope.run_current()
    server.takes.set()
    await task.join()
    assert server.sent == [ACCEPT, close(1012)]


async def test_w78_a_reader_that_does_not_end(test_scope):
    """W78: cut, once the farewell has taken its time."""
    ended = []

    async def stubborn(session):
        await session.incoming.receive()
        try:
            await anyio.sleep_forever()
        finally:
            ended.append(test_scope.current_time)

    server = ScriptedServer(test_scope)
    task = server.calls(one(stubborn))
    server.says("receive", text="x")
    await test_scope.run_current()
    await task.cancel_and_join()
    assert ended == [1]
