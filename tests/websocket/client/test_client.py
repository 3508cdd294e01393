"""What a client does on every engine, against servers that are not ours."""

from __future__ import annotations

import base64
import logging

import anyio
import pytest

from flowws import CoroutineScope, ScopeClosedError
from flowws.websocket import CloseReason, HandshakeError, SessionClosedError, WebSocketClient
from tests.websocket.client.answering import Answering, answer


async def said(session, text="hi"):
    await session.send(text)
    return (await session.incoming.receive()).read_text()


async def test_q7_the_handshake(client):
    """Q7; RFC 6455, section 4.1"""
    async with Answering() as server:
        for _ in range(2):
            async with client.websocket(server.url("/x?y=%20z"), headers={"X-A": "é"}):
                pass
    first, second = server.headers
    assert (server.requests[0].path, first["host"]) == ("/x?y=%20z", f"127.0.0.1:{server.port}")
    assert (first["upgrade"], first["connection"], first["sec-websocket-version"]) == ("websocket", "Upgrade", "13")
    assert len(base64.b64decode(first["sec-websocket-key"])) == 16
    assert first["sec-websocket-key"] != second["sec-websocket-key"]
    assert first["x-a"] == "é"
    assert not {"sec-websocket-protocol", "sec-websocket-extensions", "cookie", "authorization"} & set(first)


async def test_a_unix_socket(client, tmp_path):
    path = tmp_path / "socket"
    async with Answering(path=str(path)) as server, client.websocket("ws://localhost/x", uds=path) as session:
        assert await said(session) == "hi"
    assert (server.requests[0].path, server.headers[0]["host"]) == ("/x", "localhost")
    with pytest.raises(FileNotFoundError, match="nobody"):
        await client.websocket_session("ws://localhost/", uds=tmp_path / "nobody")


async def test_q6_defaults_of_the_client():
    """Q6"""
    async with Answering() as server:
        client = WebSocketClient(
            base_url=server.url("/api/"), headers={"X-A": "1", "X-B": "2"}, cookies={"a": "1"}, subprotocols=["chat"]
        )
        async with client.websocket("updates?room=blue", headers={"X-B": "3"}, subprotocols=()) as session:
            assert session.url == server.url("/api/updates?room=blue")
            assert session.subprotocol is None
        assert repr(client) == f"<WebSocketClient {server.url('/api/')}>"
    sent = server.headers[0]
    assert (sent["x-a"], sent["x-b"], sent["cookie"]) == ("1", "3", "a=1")
    assert "sec-websocket-protocol" not in sent


async def test_q4_sessions_side_by_side(client):
    """Q4, W18"""
    replies: list[str] = []

    async def one(number):
        async with client.websocket(server.url(f"/{number}")) as session:
            replies.append(await said(session, str(number)))

    async with Answering() as server, anyio.create_task_group() as tasks:
        for number in range(20):
            tasks.start_soon(one, number)
        with anyio.fail_after(10):
            while len(replies) < 20:
                await anyio.lowlevel.checkpoint()
    assert sorted(replies, key=int) == [str(number) for number in range(20)]


async def test_w80_the_client_lives_on(client):
    """W80: after a session, and after a refusal"""
    async with Answering(None, answer(500), None) as server:
        async with client.websocket(server.url()) as session:
            assert await said(session) == "hi"
        with pytest.raises(HandshakeError, match="expected status 101, the server answered 500"):
            await client.websocket_session(server.url())
        async with client.websocket(server.url()) as session:
            assert await said(session) == "hi"


async def test_w53_a_thousand_sends_without_a_read(client):
    """W53: the echoes wait in the socket, and leaving the block closes all the same."""
    async with Answering() as server:
        async with client.websocket(server.url()) as session:
            for number in range(1000):
                await session.send(str(number))
        assert await session.close_reason == CloseReason(1000)
        with anyio.fail_after(5):
            while not server.closes:
                await anyio.lowlevel.checkpoint()
    assert server.closes == [(1000, "")]


async def test_w76_a_session_ends_with_its_scope(client):
    """W76"""
    async with Answering() as server:
        async with CoroutineScope("service") as service:
            session = await client.websocket_session(server.url(), scope=service)
            beside = session.launch(anyio.sleep_forever)
            assert session.job in service.job.children
            assert await said(session) == "hi"
        assert beside.is_cancelled
        assert await session.close_reason == CloseReason(1001)
        with pytest.raises(SessionClosedError):
            await session.send("late")
        await session.ended()


async def test_a_session_that_fails_leaves_its_scope_alone(client, caplog):
    async def fail():
        raise ValueError("mine")

    async with Answering() as server, CoroutineScope("service") as service:
        session = await client.websocket_session(server.url(), scope=service)
        session.launch(fail)
        assert await session.close_reason == CloseReason(1011)
        await session.ended()
        assert service.is_active
        assert session.job not in service.job.children
    assert "fail failed" in caplog.text


async def test_a_scope_that_is_over_gets_no_session(client):
    service = CoroutineScope("service")
    service.cancel()
    async with Answering() as server:
        with pytest.raises(ScopeClosedError, match="service"):
            await client.websocket_session(server.url(), scope=service)
        assert server.connections == 0


async def test_a_scope_that_ends_meanwhile_gets_no_session(client):
    service = CoroutineScope("service")

    async def end(_):
        service.cancel()

    async with Answering() as server:
        with pytest.raises(ScopeClosedError, match="service"):
            await client.websocket_session(server.url(), scope=service, auth=end)


async def test_w74_w75_an_exception_in_the_block(client):
    """W74, W75"""
    error = ValueError("mine")
    async with Answering() as server:
        with pytest.raises(ValueError, match="mine") as caught:
            async with client.websocket(server.url()):
                raise error
        with anyio.fail_after(5):
            while not server.closes:
                await anyio.lowlevel.checkpoint()
    assert caught.value is error
    assert server.closes == [(1011, "")]


async def test_the_time_limit_is_for_the_whole_way(client):
    """Names, connecting, handshakes, redirects, and whoever is asked for credentials."""

    async def never(_):
        await anyio.sleep_forever()

    async with Answering() as server:
        with pytest.raises(TimeoutError, match=r"no session with ws://.* within 0\.05 s"):
            await client.websocket_session(server.url(), auth=never, open_timeout=0.05)
        assert server.connections == 0
        async with client.websocket(server.url(), open_timeout=None) as session:
            assert await said(session) == "hi"


async def test_a_block_is_entered_once(client):
    async with Answering() as server:
        block = client.websocket(server.url())
        async with block:
            with pytest.raises(RuntimeError, match="entered already"):
                await block.__aenter__()


async def test_q15_logging_does_no_harm(client, caplog):
    """Q15"""
    caplog.set_level(logging.DEBUG)
    async with Answering() as server, client.websocket(server.url()) as session:
        assert await said(session) == "hi"


@pytest.mark.parametrize(
    ("arguments", "error", "words"),
    [
        ({"engine": "curl"}, ValueError, "not 'curl'"),
        ({"engine": 5}, TypeError, "not 5"),
        ({"config": "ws://localhost/"}, TypeError, "not 'ws://localhost/'"),
        ({"base_url": 5}, TypeError, "not 5"),
    ],
)
def test_what_a_client_is_made_of(arguments, error, words):
    with pytest.raises(error, match=words):
        WebSocketClient(**arguments)


async def test_w20_an_engine_for_another_loop(anyio_backend_name):
    """W20, for an engine"""
    if anyio_backend_name == "trio":
        with pytest.raises(ValueError, match="engine='picows' needs asyncio"):
            await WebSocketClient(engine="picows").websocket_session("ws://localhost/")
