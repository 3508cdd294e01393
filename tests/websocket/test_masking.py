"""Masks: a client's always, a server's where it is asked for."""

from __future__ import annotations

import pytest

from flowws.websocket import WebSocketClient, WebSockets


async def masks_of(peer, count):
    """The keys of so many texts, each of which has three characters; None for a frame without a mask."""
    keys = []
    for _ in range(count):
        first, second = await peer.read(2)
        assert (first, second & 0x7F) == (0x81, 3)
        key = await peer.read(4) if second & 0x80 else None
        data = await peer.read(3)
        text = data if key is None else bytes(byte ^ key[index % 4] for index, byte in enumerate(data))
        assert text == b"abc"
        keys.append(key)
    return keys


@pytest.mark.engine_only("sansio", "picows cannot mask the frames of a server")
async def test_d10_w52_a_server_masks_while_it_is_told_to(house):
    """D10, W52, L1: a new key for each frame"""

    async def handler(session):
        assert session.masking is False
        session.masking = True
        assert session.masking is True
        for _ in range(3):
            await session.send("abc")
        session.masking = False
        await session.send("abc")

    server = await house.serve(handler)
    peer = await house.open(server.port)
    keys = await masks_of(peer, 4)
    assert len(set(keys[:3])) == 3
    assert None not in keys[:3]
    assert keys[3] is None


@pytest.mark.engine_only("sansio", "picows cannot mask the frames of a server")
async def test_a5_a_server_may_mask_from_the_beginning(house):
    """A5"""

    async def handler(session):
        assert session.masking
        await session.send("abc")

    server = await house.serve(handler, WebSockets(masking=True))
    peer = await house.open(server.port)
    assert await masks_of(peer, 1) != [None]


async def test_a_client_cannot_stop_masking(house, engine):
    """RFC 6455, section 5.1"""

    async def handler(session):
        async for _ in session.incoming:
            pass

    server = await house.serve(handler)
    async with WebSocketClient(engine=engine).websocket(f"ws://127.0.0.1:{server.port}/") as session:
        assert session.masking
        session.masking = True
        with pytest.raises(ValueError, match="mask"):
            session.masking = False
        assert session.masking


@pytest.mark.engine_only("picows", "it cannot mask the frames of a server")
async def test_a_server_whose_engine_cannot_mask_says_so(house):
    async def handler(session):
        with pytest.raises(ValueError, match="masks the frames of a client"):
            session.masking = True
        await session.send("abc")

    server = await house.serve(handler)
    peer = await house.open(server.port)
    assert await masks_of(peer, 1) == [None]
