"""W71: what `close_reason.cause` tells about a connection that ended by itself."""

from __future__ import annotations

import anyio

from flowws.websocket import PingTimeoutError, WebSockets


async def reason_after(house, act):
    reasons = []
    done = anyio.Event()

    async def handler(session):
        async for _ in session.incoming:
            pass
        reasons.append(await session.close_reason)
        done.set()

    server = await house.serve(handler)
    peer = await house.open(server.port)
    await act(peer)
    with anyio.fail_after(5):
        await done.wait()
    await peer.hang_up()
    (reason,) = reasons
    return reason


async def test_w71_eof(house):
    """W71, W66"""
    reason = await reason_after(house, lambda peer: peer.hang_up())
    assert (reason.code, reason.by, type(reason.cause)) == (1006, "network", EOFError)


async def test_w71_reset(house):
    """W71"""
    reason = await reason_after(house, lambda peer: peer.reset())
    assert (reason.code, reason.by, type(reason.cause)) == (1006, "network", ConnectionResetError)


async def test_w71_time_out(house):
    """W71, W85"""
    reasons = []
    done = anyio.Event()

    async def handler(session):
        reasons.append(session.close_reason)
        try:
            async for _ in session.incoming:
                pass
        except PingTimeoutError:
            done.set()

    server = await house.serve(handler, WebSockets(ping_interval=0.01, timeout=0.02))
    peer = await house.open(server.port)
    with anyio.fail_after(5):
        await done.wait()
    reason = await reasons[0]
    assert (reason.code, type(reason.cause)) == (1011, PingTimeoutError)
    await peer.hang_up()
