"""A session that is over is gone: nobody has to find it, as the garbage collector would. benchmarks/bench_session.py"""

from __future__ import annotations

import gc
import weakref
from typing import Any

import anyio
import anyio.lowlevel
import pytest

from flowws.websocket import RawWebSocketServerSession, WebSockets, WebSocketServer, WebSocketServerSession

ENDS = ["close", "hang_up", "reset", "us"]


@pytest.mark.parametrize("end", ENDS)
@pytest.mark.parametrize("is_raw", [False, True])
async def test_a_session_leaves_no_circle(house, end, is_raw):
    app = WebSocketServer(WebSockets(ping_interval=None if is_raw else 100.0))
    sessions: list[weakref.ref[Any]] = []

    async def echo(session: WebSocketServerSession | RawWebSocketServerSession) -> None:
        sessions.append(weakref.ref(session))
        async for frame in session.incoming:
            if end == "us" or frame.is_control:
                return
            await session.send(frame)

    (app.websocket_raw if is_raw else app.websocket)("/")(echo)
    serving = await house.start(app)
    gc.collect()
    gc.disable()
    try:
        peer = await house.open(serving.port)
        await peer.send(1, b"hello")
        if end == "close":
            assert await peer.next() == (1, b"hello")
            await peer.say_close()
            await peer.read_to_end()
        elif end == "us":
            if not is_raw:
                assert (await peer.next())[0] == 8
                await peer.say_close()
            await peer.read_to_end()
        else:
            assert await peer.next() == (1, b"hello")
            await (peer.hang_up() if end == "hang_up" else peer.reset())
        with anyio.fail_after(5):
            while serving.sessions or sessions[0]() is not None:
                await anyio.lowlevel.checkpoint()
    finally:
        gc.enable()
