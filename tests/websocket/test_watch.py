"""A session that is watched behaves as any other."""

from __future__ import annotations

import logging

import pytest

from flowws.websocket import CloseReason, Frame, WebSocketClient, WebSockets, bounded, channels

URL = "ws://127.0.0.1:{}/"


@pytest.fixture(autouse=True)
def traced(caplog):
    caplog.set_level(logging.DEBUG, logger="flowws.websocket.frames")
    return caplog


async def test_a_whole_life_under_the_eyes_of_a_log(house, engine, traced):
    async def handler(session):
        assert session.masking is False
        session.max_frame_size = 1000
        async for frame in session.incoming:
            await session.send(frame)
            await session.flush()

    config = WebSockets(ping_interval=3600, channels=channels(incoming=bounded(1)))
    server = await house.serve(handler, config)
    async with WebSocketClient(engine=engine).websocket(URL.format(server.port)) as session:
        for number in range(20):
            await session.send(str(number))
        assert [(await session.incoming.receive()).data for _ in range(20)] == [str(n).encode() for n in range(20)]
        await session.send_ping()
        await session.close(CloseReason(3000, "enough"))
    assert (await session.close_reason).code == 3000
    for session in server.sessions:
        await session.ended()
    assert "/ < text '19'" in traced.messages
    assert "/ > text '19'" in traced.messages
    assert any(line.startswith("/ < ping b") for line in traced.messages)
    assert any(line.startswith("/ > pong b") for line in traced.messages)
    assert "/ < close b'\\x0b\\xb8enough'" in traced.messages


async def test_a_failure_under_the_eyes_of_a_log(house, traced):
    async def handler(session):
        async for _ in session.incoming:
            pass

    server = await house.serve(handler)
    peer = await house.open(server.port)
    await peer.send(3, b"")
    await peer.next_close()
    await peer.hang_up()
    for session in server.sessions:
        await session.ended()
    assert any("the engine failed the connection: 1002" in line for line in traced.messages)


async def test_a_raw_life_under_the_eyes_of_a_log(house, engine, traced):
    from flowws.websocket import WebSocketServer

    app = WebSocketServer()

    @app.websocket_raw("/")
    async def handler(session):
        async for frame in session.incoming:
            await session.send(frame)
        session.terminate()

    server = await house.start(app)
    async with WebSocketClient(engine=engine).websocket_raw(URL.format(server.port)) as session:
        await session.send(Frame.Text("half", fin=False))
        assert not (await session.incoming.receive()).fin
        await session.send(Frame.Text(""))
        await session.incoming.receive()
    assert any(line.endswith("> text not final b'half'") for line in traced.messages)
    assert any(line.endswith("> continuation b''") for line in traced.messages)
