"""What a peer may do to fill our memory: it does not, as a server and as a client."""

from __future__ import annotations

import struct
import tracemalloc
import zlib
from collections.abc import Iterator
from contextlib import contextmanager

import anyio
import pytest

from flowws.testing import conversation
from flowws.websocket import CloseReason, PerMessageDeflate, WebSockets, WebSocketServer
from tests.websocket.stalling import held_back, let_go

KIB, MIB = 1 << 10, 1 << 20


@contextmanager
def at_most(size: int) -> Iterator[None]:
    """No more than so many bytes are taken meanwhile."""
    tracemalloc.start()
    try:
        yield
        taken = tracemalloc.get_traced_memory()[1]
        assert taken < size, f"{taken / KIB:.0f} KiB were taken"
    finally:
        tracemalloc.stop()


class Listener:
    """An app whose handler reads and keeps nothing."""

    def __init__(self, config: WebSockets | None = None) -> None:
        self.app = WebSocketServer(config)
        self.reason: CloseReason | None = None
        self.messages = 0

        @self.app.websocket("/")
        async def listen(session):
            try:
                async for _ in session.incoming:
                    self.messages += 1
            finally:
                self.reason = session.close_reason.get_completed()


def masked(opcode: int, payload: bytes = b"", *, fin: bool = True, rsv: int = 0) -> bytes:
    length = len(payload)
    first = (0x80 if fin else 0) | rsv << 4 | opcode
    head = struct.pack("!BB", first, 0x80 | length) if length < 126 else struct.pack("!BBH", first, 0xFE, length)
    return head + bytes(4) + payload  # a key of zeros


@pytest.mark.parametrize("payload", [b"", b"x", b"xy"])
async def test_fragments_take_no_more_than_they_carry(payload):
    """However many there are, of however few bytes; RFC 6455, section 10.4"""
    listener = Listener(WebSockets(max_frame_size=64 * KIB))
    async with conversation(listener.app, "/", raw=True) as peer:
        await peer.send_bytes(masked(2, fin=False))
        await peer.expect_nothing()
        many = masked(0, payload, fin=False) * 1000
        with at_most(96 * KIB + 3 * 25_000 * len(payload)):
            for _ in range(25):
                await peer.send_bytes(many)
                await peer.expect_nothing()
        await peer.send_bytes(masked(0))
        await peer.expect_nothing()
        assert listener.messages == 1


async def test_pongs_do_not_pile_up(meet):
    """A peer that sends pings and takes nothing; RFC 6455, section 5.5.3: the last one may be answered alone."""
    other = await meet()
    held_back(other.session)
    for number in range(100):
        await other.say(9, b"%d" % number)
    await other.say(1, b"behind them")
    with anyio.fail_after(5):
        while not other.got:
            await anyio.lowlevel.checkpoint()
    let_go(other.session)
    assert await other.next() == (10, b"99")
    await other.say(9, b"then")
    assert await other.next() == (10, b"then")


async def test_announced_sizes_cost_nothing(meet):
    """A header says 16 MiB, of which a few bytes come; W35 is for more than that."""
    other = await meet(WebSockets(max_frame_size=16 * MIB))
    with at_most(MIB):
        for opcode, fin in ((2, False), (0, False)):
            await other.write(other.put(opcode, b"x" * 10, fin=fin))
        await other.write(other.put(0, b"", size=16 * MIB - 20)[:14] + b"slow")
        await anyio.wait_all_tasks_blocked()
    assert not other.session.close_reason.is_completed


@pytest.mark.parametrize("parts", [1, 3])
async def test_bombs(parts):
    """RFC 7692: 64 MiB of zeros in 64 KiB, whole and in fragments, where 1 MiB is allowed; W114"""
    listener = Listener(WebSockets(max_frame_size=MIB, extensions=[PerMessageDeflate()]))
    pack = zlib.compressobj(9, wbits=-12)
    bomb = (pack.compress(bytes(64 * MIB)) + pack.flush(zlib.Z_SYNC_FLUSH))[:-4]
    headers = {"Sec-WebSocket-Extensions": "permessage-deflate"}
    async with conversation(listener.app, "/", headers=headers, raw=True) as peer:
        await peer.expect_nothing()
        size = min(-(-len(bomb) // parts), 60 * KIB)
        pieces = [bomb[at : at + size] for at in range(0, len(bomb), size)]
        data = b"".join(
            masked(0 if at else 2, piece, fin=at == len(pieces) - 1, rsv=0 if at else 4)
            for at, piece in enumerate(pieces)
        )
        with at_most(4 * MIB):
            await peer.send_bytes(data)
            await peer.expect_close(1009)
    assert listener.reason is not None
    assert (listener.reason.code, listener.messages) == (1009, 0)
