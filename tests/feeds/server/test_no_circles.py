"""A client that is gone leaves nothing that the garbage collector would have to find: there are thousands of them."""

from __future__ import annotations

import gc
import weakref

import anyio
import anyio.lowlevel
import pytest

from flowws import MutableSharedFlow
from flowws.websocket import WebSocketClient, WebSocketServer


@pytest.mark.parametrize("end", ["close", "cut"])
@pytest.mark.parametrize("is_behind", [False, True])
async def test_a_subscription_leaves_no_circle(end: str, is_behind: bool) -> None:
    app = WebSocketServer()
    numbers = MutableSharedFlow[str]()
    served = app.feed("/", numbers, snapshot=lambda wanted: ["one"])
    async with app.serve("127.0.0.1", 0) as server:
        gc.collect()
        gc.disable()
        try:
            async with WebSocketClient().websocket(f"ws://127.0.0.1:{server.port}/?subscribe=") as client:
                for _ in range(2):
                    await client.incoming.receive()
                (session,) = map(weakref.ref, server.sessions)
                while is_behind and not served.stats.lagging:
                    await numbers.emit("x" * 100_000)
                if end == "cut":
                    client.terminate()
            with anyio.fail_after(12):  # a busy machine has many megabytes to move before
                while server.sessions or session() is not None:
                    await anyio.lowlevel.checkpoint()
        finally:
            gc.enable()
