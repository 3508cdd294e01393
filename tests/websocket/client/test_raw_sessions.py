"""A raw session of a client, on every engine: each frame, and nothing by itself."""

from __future__ import annotations

import anyio
import pytest

from flowws.websocket import CloseReason, Frame, PerMessageDeflate, WebSocketClient, WebSockets
from flowws.websocket.engines import Abilities
from tests.websocket.client.answering import Answering


async def test_q5_frames_as_they_are(client):
    """Q5: our ping is answered by a pong that we see, our fragments come back as fragments."""
    async with Answering() as server, client.websocket_raw(server.url()) as session:
        await session.send(Frame.Ping(b"there?"))
        pong = await session.incoming.receive()
        assert isinstance(pong, Frame.Pong)
        assert pong.data == b"there?"
        await session.send(Frame.Text("in ", fin=False))
        await session.send(Frame.Text("two"))
        echoes = [await session.incoming.receive() for _ in range(2)]
        assert [(type(frame), frame.data, frame.fin) for frame in echoes] == [
            (type(Frame.Text("")), b"in ", False),
            (type(Frame.Text("")), b"two", True),
        ]
        await session.send(Frame.Close(CloseReason(4000, "enough")))
        (close,) = [frame async for frame in session.incoming]
        assert isinstance(close, Frame.Close)
        assert close.read_reason() == CloseReason(4000, "enough")
    with anyio.fail_after(5):
        while not server.closes:
            await anyio.lowlevel.checkpoint()
    assert server.closes == [(4000, "enough")]


async def test_leaving_the_block_says_nothing_more(client):
    async with Answering() as server:
        async with client.websocket_raw(server.url()) as session:
            await session.send("hi")
            assert (await session.incoming.receive()).data == b"hi"
        with anyio.fail_after(5):
            while not server.closes:
                await anyio.lowlevel.checkpoint()
    assert server.closes == [(None, None)]
    assert (await session.close_reason).code == 1006


async def test_w74_w75_an_exception_in_the_block(client):
    """W74, W75: sent as 1011, and raised"""
    async with Answering() as server:
        with pytest.raises(LookupError, match="mine"):
            async with client.websocket_raw(server.url()):
                raise LookupError("mine")
        with anyio.fail_after(5):
            while not server.closes:
                await anyio.lowlevel.checkpoint()
    assert server.closes == [(1011, "")]


async def test_q5_a_raw_session_without_a_block(client):
    """Q5"""
    async with Answering() as server:
        session = await client.websocket_raw_session(server.url(), subprotocols=["chat"], headers={"X-A": "1"})
        assert (session.url, session.subprotocol) == (server.url(), None)
        await session.close(CloseReason(4001))
        await session.ended()
    assert (server.headers[0]["sec-websocket-protocol"], server.headers[0]["x-a"]) == ("chat", "1")


async def test_extensions_are_not_offered():
    client = WebSocketClient(WebSockets(extensions=[PerMessageDeflate()]))
    async with Answering() as server:
        async with client.websocket(server.url()):
            pass
        async with client.websocket_raw(server.url()) as session:
            assert session.extensions == ()
    offered, nothing = (said.get("sec-websocket-extensions", "") for said in server.headers)
    assert offered.startswith("permessage-deflate")
    assert nothing == ""


async def test_an_engine_that_shows_no_frames():
    class Whole:
        name = "whole"
        can = Abilities(raw=False)

        async def reach(self, opening):
            raise AssertionError("it is not asked")

    with pytest.raises(ValueError, match="'whole' cannot show single frames"):
        await WebSocketClient(engine=Whole()).websocket_raw_session("ws://localhost/")
