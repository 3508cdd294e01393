"""permessage-deflate on the wire: the bits, the windows and the limits of RFC 7692."""

from __future__ import annotations

import struct
import zlib

import pytest

from flowws.websocket import (
    Frame,
    FrameTooBigError,
    MemoryServer,
    PerMessageDeflate,
    WebSocketClient,
    WebSockets,
    WebSocketServer,
)

KIB, MIB = 1 << 10, 1 << 20
RSV1 = 4
TAIL = b"\x00\x00\xff\xff"
WORDS = b"the same words again, and again, and again"


def compressed(data):
    """A message of a peer that compresses each for itself."""
    stream = zlib.compressobj(wbits=-12)
    return (stream.compress(data) + stream.flush(zlib.Z_SYNC_FLUSH))[:-4]


async def next_frame(peer):
    """FIN with the RSV bits, opcode, payload."""
    first, length = await peer.read(2)
    if length == 126:
        (length,) = struct.unpack("!H", await peer.read(2))
    return first >> 4, first & 0x0F, await peer.read(length)


async def echo(session):
    async for frame in session.incoming:
        await session.send(frame)


async def compressing(house, handler=echo, offer="permessage-deflate", **config):
    """A peer of a server that compresses."""
    settings = {"extensions": [PerMessageDeflate()], **config}
    server = await house.serve(handler, WebSockets(**settings))
    return await house.open(server.port, Sec_WebSocket_Extensions=offer)


async def test_o1_a_message_there_and_back(house):
    """O1, O14: RSV1 on the first and only frame"""
    peer = await compressing(house)
    inflater = zlib.decompressobj(-12)
    sizes = []
    for _ in range(3):
        await peer.send(1, compressed(WORDS), rsv=RSV1)
        bits, opcode, payload = await next_frame(peer)
        assert (bits, opcode) == (8 | RSV1, 1)
        assert inflater.decompress(payload + TAIL) == WORDS
        sizes.append(len(payload))
    assert sizes[0] > 2 * sizes[1], "the second refers to the first"


async def test_w112_the_client_asks_for_no_takeover(house):
    """W112"""
    peer = await compressing(house, offer="permessage-deflate; server_no_context_takeover")
    assert "server_no_context_takeover" in peer.headers["sec-websocket-extensions"]
    for _ in range(2):
        await peer.send(1, WORDS)
        _, _, payload = await next_frame(peer)
        assert zlib.decompressobj(-12).decompress(payload + TAIL) == WORDS, "each message for itself"


async def test_w115_below_the_threshold(house):
    """W115"""
    peer = await compressing(house, extensions=[PerMessageDeflate(threshold=10)])
    await peer.send(1, b"0123456789")
    assert await next_frame(peer) == (8, 1, b"0123456789")
    await peer.send(1, b"0123456789!")
    assert (await next_frame(peer))[0] == 8 | RSV1


async def test_w116_declined(house):
    """W116: the connection goes on without compression"""
    peer = await compressing(house, offer="permessage-deflate; mystery=1")
    assert "sec-websocket-extensions" not in peer.headers
    await peer.send(1, WORDS)
    assert await next_frame(peer) == (8, 1, WORDS)
    await peer.send(1, compressed(WORDS), rsv=RSV1)
    assert (await peer.next_close())[0] == 1002


async def test_o11_fragments(house):
    """O11, W22: RSV1 on the first fragment is for the whole message; cut anywhere, with a ping in the middle"""
    peer = await compressing(house)
    payload = compressed(WORDS)
    for cut in (1, len(payload) // 2, len(payload)):
        await peer.send(2, payload[:cut], fin=False, rsv=RSV1)
        await peer.send(9, b"?")
        await peer.send(0, payload[cut:])
        assert await next_frame(peer) == (8, 10, b"?")
        assert (await next_frame(peer))[:2] == (8 | RSV1, 2)


async def test_messages_that_are_not_compressed_come_through(house):
    """RFC 7692, section 6.2: message by message"""
    peer = await compressing(house, extensions=[PerMessageDeflate(threshold=KIB)])
    for opcode, payload, rsv in ((1, WORDS, 0), (1, compressed(WORDS), RSV1), (2, WORDS, 0)):
        await peer.send(opcode, payload, rsv=rsv)
        assert await next_frame(peer) == (8, opcode, WORDS)
    await peer.send(1, WORDS[:5], fin=False)
    await peer.send(0, WORDS[5:])
    assert await next_frame(peer) == (8, 1, WORDS)


@pytest.mark.parametrize(
    ("frames", "code"),
    [
        pytest.param([(1, b"\xff\xff\xff\xff", True, RSV1)], 1007, id="what cannot be inflated"),
        pytest.param([(1, compressed(b"\xff\xfe"), True, RSV1)], 1007, id="no UTF-8"),
        pytest.param([(1, b"", False, RSV1), (0, b"", True, RSV1)], 1002, id="RSV1 in a continuation"),
        pytest.param([(9, b"", True, RSV1)], 1002, id="RSV1 in a ping"),
        pytest.param([(1, compressed(WORDS), True, RSV1 | 2)], 1002, id="RSV2"),
    ],
)
async def test_o12_violations(house, frames, code):
    """O12, W99, W102: RFC 7692, sections 6.1 and 6.2; wire and `close_reason` agree"""
    sessions = []

    async def handler(session):
        sessions.append(session)
        await echo(session)

    peer = await compressing(house, handler)
    for opcode, payload, fin, rsv in frames:
        await peer.send(opcode, payload, fin=fin, rsv=rsv)
    assert (await peer.next_close())[0] == code
    assert (await sessions[0].close_reason).code == code


@pytest.mark.parametrize(
    ("config", "size"),
    [
        ({"max_frame_size": 64 * KIB}, 64 * KIB),
        ({"extensions": [PerMessageDeflate(max_inflated_size=KIB)]}, KIB),
        ({"max_frame_size": KIB, "extensions": [PerMessageDeflate(max_inflated_size=MIB)]}, KIB),
    ],
)
async def test_w114_too_much(house, config, size):
    """W114, O7: 1009, and `receive` raises"""
    caught = []

    async def handler(session):
        try:
            await session.send(str(len((await session.incoming.receive()).data)))
            await session.incoming.receive()
        except FrameTooBigError as error:
            caught.append(error.limit)

    peer = await compressing(house, handler, **config)
    await peer.send(2, compressed(bytes(size)), rsv=RSV1)
    _, _, payload = await next_frame(peer)
    assert zlib.decompressobj(-12).decompress(payload + TAIL) == str(size).encode()
    await peer.send(2, compressed(bytes(size + 1)), rsv=RSV1)
    assert (await peer.next_close())[0] == 1009
    await peer.say_close(1009)
    await peer.read_to_end()
    assert caught == [size]


async def test_the_limit_may_move(house):
    """W36, for what is inflated"""

    async def handler(session):
        session.max_frame_size = KIB
        await session.send("smaller now")
        await session.incoming.receive()

    peer = await compressing(house, handler, max_frame_size=MIB)
    await next_frame(peer)
    await peer.send(2, compressed(bytes(KIB + 1)), rsv=RSV1)
    assert (await peer.next_close())[0] == 1009


async def test_both_sides_are_ours(house, engine):
    """O10, W113: and with each side's wishes"""
    server = await house.serve(echo, WebSockets(extensions=[PerMessageDeflate(server_no_context_takeover=True)]))
    client = WebSocketClient(
        WebSockets(extensions=[PerMessageDeflate(client_max_window_bits=9, level=9)]), engine=engine
    )
    async with client.websocket(f"ws://127.0.0.1:{server.port}/") as session:
        agreed = session.headers["Sec-WebSocket-Extensions"]
        assert set(agreed.split("; ")[1:]) == {
            "server_no_context_takeover",
            "server_max_window_bits=12",
            "client_max_window_bits=9",
        }
        for frame in [Frame.Text(WORDS * 100), Frame.Text(""), Frame.Binary(WORDS), Frame.Binary(bytes(MIB))] * 3:
            await session.send(frame)
            assert await session.incoming.receive() == frame


async def test_a_server_that_knows_nothing_of_it(house, engine):
    server = await house.serve(echo)
    client = WebSocketClient(WebSockets(extensions=[PerMessageDeflate()]), engine=engine)
    async with client.websocket(f"ws://127.0.0.1:{server.port}/") as session:
        assert session.extensions == ()
        await session.send("plain")
        assert await session.incoming.receive() == Frame.Text("plain")


async def test_messages_that_waited_are_compressed_in_their_order(house, engine):
    """What is queued while the peer does not read is compressed as it leaves"""
    messages = [f"{number:8} ".encode() * 4000 for number in range(100)]

    async def handler(session):
        for message in messages:
            await session.send(message)

    server = await house.serve(handler, WebSockets(extensions=[PerMessageDeflate(level=0)]))
    client = WebSocketClient(WebSockets(extensions=[PerMessageDeflate()]), engine=engine)
    async with client.websocket(f"ws://127.0.0.1:{server.port}/") as session:
        received = [frame.data async for frame in session.incoming]
    assert received == messages


async def test_without_a_wire():
    """In memory the frames are the same"""
    config = WebSockets(extensions=[PerMessageDeflate()])
    app = WebSocketServer(config)
    app.websocket("/")(echo)
    async with (
        MemoryServer(app) as memory,
        WebSocketClient(config, engine=memory.engine).websocket("ws://memory/") as session,
    ):
        assert [each.name for each in session.extensions] == ["permessage-deflate"]
        for _ in range(3):
            await session.send(WORDS)
            assert await session.incoming.receive() == Frame.Binary(WORDS)
