"""An opening that is cancelled leaves nothing behind, wherever it was: no socket (one that was not closed would say so
when it is collected, and warnings are errors), no task, and a server that sees the end.
"""

from __future__ import annotations

import gc

import anyio
import pytest

from tests.websocket.client.answering import Answering, Proxying, answer, speak_http, speak_socks5

WAYS = {
    "ws": ("ws", None, speak_http),
    "wss": ("wss", None, speak_http),
    "http proxy": ("ws", "http", speak_http),
    "wss, https proxy": ("wss", "https", speak_http),
    "socks proxy": ("ws", "socks5h", speak_socks5),
}


async def opened_within(turns, client, url, options):
    """Whether a session opens before the loop has turned so many times; then it is cancelled."""
    opened = False

    async def cancel():
        for _ in range(turns):
            await anyio.lowlevel.checkpoint()
        tasks.cancel_scope.cancel()

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(cancel)
        session = await client.websocket_session(url, **options)
        opened = True
        with anyio.CancelScope(shield=True):
            await session.close()
            await session.ended()
    return opened


@pytest.mark.parametrize("way", WAYS)
async def test_cancelled_at_every_point(client, ours, theirs, way):
    scheme, proxy, speak = WAYS[way]
    tls = ours if scheme == "wss" else None
    async with (
        Answering(answer(302, ("Location", "/there")), None, tls=tls) as server,
        Proxying(speak, server.port, tls=ours if proxy == "https" else None).at_work() as between,
    ):
        options = {"ssl": theirs, "proxy_ssl": theirs}
        if proxy is not None:
            options["proxy"] = f"{proxy}://127.0.0.1:{between.port}"
        turns = 0
        while not await opened_within(turns, client, server.url(scheme=scheme), options):
            turns += 1 + turns // 20
            server.answers = [answer(302, ("Location", "/there")), None]
        with anyio.fail_after(5):
            while server.ended < server.connections:
                await anyio.lowlevel.checkpoint()
    assert turns > 1
    gc.collect()
