"""A handler that is given one session after the other."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any

import anyio
import pytest

from flowws import supervisor_scope
from flowws.feeds import ReconnectPolicy
from flowws.flows import Backoff
from flowws.websocket import HandshakeError, SessionClosedError, WebSocketClientSession
from tests.feeds.client.scripted import AT_ONCE, URL, ScriptedServer

Handler = Callable[[WebSocketClientSession], Any]


async def ask(session: WebSocketClientSession) -> None:
    await session.send('"ask"')


class Reader:
    """Reads to the end of each session, and notes what it has read."""

    def __init__(self) -> None:
        self.heard: list[list[str]] = []

    async def __call__(self, session: WebSocketClientSession) -> None:
        heard: list[str] = []
        self.heard.append(heard)
        async for frame in session.incoming:
            text = frame.data.decode()
            heard.append(text)


async def test_a_handler_that_returns_is_done(test_scope) -> None:
    async with ScriptedServer() as server:
        await server.client().reconnecting(URL, ask)
        line = await server.line()
        await line.expect("ask")  # type: ignore[arg-type]  # no message of feeds
        assert (await line.over()).code == 1000
        assert server.requests == 1


@pytest.mark.parametrize("code", [1001, 1011, 1012, 1013])
async def test_a_reader_is_called_again_when_the_session_is_lost(test_scope, code: int) -> None:
    async with ScriptedServer() as server:
        reader = Reader()
        reconnecting = test_scope.launch(lambda: server.client().reconnecting(URL, reader, policy=AT_ONCE))
        for text in "ab":
            line = await server.line()
            await line.session.send(text)
            await (line.close(code) if text == "a" else line.cut(test_scope))
        line = await server.line()
        await line.session.send("c")
        await line.close(1000)
        await reconnecting.join()
        assert reader.heard == [["a"], ["b"], ["c"]]


async def test_a_handler_that_does_not_read_is_cancelled_and_called_again(test_scope) -> None:
    async with ScriptedServer() as server:
        ends: list[str] = []

        async def wait(session: WebSocketClientSession) -> None:
            try:
                await anyio.sleep_forever()
            finally:
                ends.append(session.url)

        reconnecting = test_scope.launch(lambda: server.client().reconnecting(URL, wait, policy=AT_ONCE))
        await (await server.line()).cut(test_scope)
        await (await server.line()).close(1012)
        line = await server.line()
        assert len(ends) == 2
        await reconnecting.cancel_and_join()
        assert len(ends) == 3
        assert (await line.over()).code == 1001


async def test_a_send_into_a_lost_session_is_no_fault(test_scope) -> None:
    async with ScriptedServer() as server:
        calls = 0

        async def talk(session: WebSocketClientSession) -> None:
            nonlocal calls
            calls += 1
            if calls == 1:
                await session.incoming.receive()
                await session.send("too late")

        reconnecting = test_scope.launch(lambda: server.client().reconnecting(URL, talk, policy=AT_ONCE))
        await (await server.line()).cut(test_scope)
        await reconnecting.join()
        assert calls == 2


async def test_a_session_that_the_handler_closes_is_done(test_scope) -> None:
    async with ScriptedServer() as server:

        async def close(session: WebSocketClientSession) -> None:
            await session.close()

        await server.client().reconnecting(URL, close)
        assert server.requests == 1


async def test_a_failure_of_the_handler_is_raised_as_it_is(test_scope, caplog: pytest.LogCaptureFixture) -> None:
    async with ScriptedServer() as server:
        failure = OSError("the disk is full")

        async def fail(_: WebSocketClientSession) -> None:
            raise failure

        with pytest.raises(OSError, match="disk") as caught:
            await server.client().reconnecting(URL, fail)
        assert caught.value is failure
        assert (await (await server.line()).over()).code == 1011
        assert server.requests == 1
    assert [record for record in caplog.records if record.levelno > logging.INFO] == []


@pytest.mark.parametrize("code", [1008, 4000])
async def test_a_fatal_code_is_raised(test_scope, code: int) -> None:
    async with ScriptedServer() as server, supervisor_scope() as scope:
        reconnecting = scope.async_(lambda: server.client().reconnecting(URL, Reader()))
        await (await server.line()).close(code, "never again")
        with pytest.raises(SessionClosedError, match="never again"):
            await reconnecting


async def test_a_fatal_handshake_is_raised_and_others_are_waited_out(test_scope) -> None:
    async with ScriptedServer() as server:
        server.refuse_next(503, 503, 401)
        policy = ReconnectPolicy(Backoff(1, jitter=False))
        with pytest.raises(HandshakeError, match="401"):
            await server.client().reconnecting(URL, ask, policy=policy)
        assert test_scope.current_time == 1 + 2


async def test_a_silent_server_is_given_up(test_scope) -> None:
    async with ScriptedServer() as server:
        reader = Reader()
        reconnecting = test_scope.launch(lambda: server.client().reconnecting(URL, reader, policy=AT_ONCE))
        (await server.line()).wire.hold()
        line = await server.line()
        assert 60 <= test_scope.current_time <= 75
        await line.close(1000)
        await reconnecting.join()


async def test_bad_arguments_are_refused_at_the_door() -> None:
    async with ScriptedServer() as server:
        client = server.client()
        with pytest.raises(TypeError, match=r"handler.*7"):
            await client.reconnecting(URL, 7)  # type: ignore[arg-type]  # that is the point
        with pytest.raises(TypeError, match=r"policy.*7"):
            await client.reconnecting(URL, ask, policy=7)  # type: ignore[arg-type]  # that is the point
        with pytest.raises(ValueError, match="http"):
            await client.reconnecting("http://x/", ask)
