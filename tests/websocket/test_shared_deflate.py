"""Shared messages that travel compressed: made once, and read by peers of others who remember all that was before."""

from __future__ import annotations

import random

import aiohttp
import anyio
import anyio.lowlevel
import pytest
from websockets.asyncio.client import connect
from websockets.extensions.permessage_deflate import ClientPerMessageDeflateFactory

from flowws.websocket import (
    Frame,
    PerMessageDeflate,
    SharedMessage,
    WebSocketClient,
    WebSockets,
    WebSocketServerSession,
)

WORDS = "the same words again, and again ÄÖÜ€ "


def messages():
    """What a session says by itself, and what it says to everybody, in a story that is always the same."""
    chance = random.Random(11)
    shared = [SharedMessage(WORDS * n, chance.randbytes(30 * n), WORDS[n:]) for n in (1, 3, 200)]
    shared.append(SharedMessage(*shared))
    for _ in range(40):
        yield chance.choice([*shared, WORDS * chance.randint(0, 300), chance.randbytes(50)])


STORY = list(messages())


def content(frame):
    return frame.read_text() if isinstance(frame, Frame.Text) else frame.data


def payloads(story):
    for message in story:
        if isinstance(message, SharedMessage):
            yield from map(content, message.frames())
        else:
            yield message


ALL = list(payloads(STORY))


async def tell(session):
    for message in STORY:
        if isinstance(message, SharedMessage):
            await session.send_shared(message)
        else:
            await session.send(message)


SETTINGS = [
    pytest.param({}, id="defaults"),
    pytest.param({"server_no_context_takeover": True}, id="no takeover"),
    pytest.param({"server_max_window_bits": 9}, id="a small window"),
    pytest.param({"server_max_window_bits": 15}, id="a large window"),
    pytest.param({"threshold": 100}, id="some messages"),
    pytest.param({"compress_if": lambda frame: len(frame.data) % 2}, id="every other"),
]


@pytest.mark.asyncio_only("the peers of others live on asyncio")
@pytest.mark.parametrize("settings", SETTINGS)
async def test_the_client_of_websockets(house, settings):
    server = await house.serve(tell, WebSockets(extensions=[PerMessageDeflate(**settings)]))
    offer = ClientPerMessageDeflateFactory(client_max_window_bits=True)
    with anyio.fail_after(10):
        async with connect(f"ws://127.0.0.1:{server.port}/", extensions=[offer], compression=None) as theirs:
            assert theirs.protocol.extensions[0].name == "permessage-deflate"
            assert [message async for message in theirs] == ALL


@pytest.mark.asyncio_only("the peers of others live on asyncio")
@pytest.mark.parametrize("settings", SETTINGS)
async def test_the_client_of_aiohttp(house, settings):
    server = await house.serve(tell, WebSockets(extensions=[PerMessageDeflate(**settings)]))
    url = f"http://127.0.0.1:{server.port}/"
    with anyio.fail_after(10):
        async with aiohttp.ClientSession() as theirs, theirs.ws_connect(url, compress=15) as connection:
            assert connection.compress
            assert [message.data async for message in connection] == ALL


@pytest.mark.parametrize("settings", SETTINGS)
async def test_our_own_client(house, engine, settings):
    server = await house.serve(tell, WebSockets(extensions=[PerMessageDeflate(**settings)]))
    client = WebSocketClient(WebSockets(extensions=[PerMessageDeflate()]), engine=engine)
    with anyio.fail_after(10):
        async with client.websocket(f"ws://127.0.0.1:{server.port}/") as session:
            assert [content(frame) async for frame in session.incoming] == ALL


# Once


async def stays(session):
    async for _ in session.incoming:
        pass


async def opened(house, deflate, *windows):
    """A session for each peer; each says how far the server may look back."""
    server = await house.serve(stays, WebSockets(extensions=[deflate]))
    sessions: list[WebSocketServerSession] = []
    peers = []
    for bits in windows:
        offer = f"permessage-deflate; server_max_window_bits={bits}"
        peers.append(await house.open(server.port, Sec_WebSocket_Extensions=offer))
        while len(server.sessions) == len(sessions):
            await anyio.lowlevel.checkpoint()
        sessions += [session for session in server.sessions if session not in sessions]
    return sessions, peers


async def test_a_message_is_compressed_once_for_all_who_agreed_on_the_same(house):
    asked = []

    def ask(frame):
        asked.append(frame)
        return True

    deflate = PerMessageDeflate(compress_if=ask)
    sessions, peers = await opened(house, deflate, 9, 10, 10, 10, 9)
    message = SharedMessage(WORDS * 10)
    for _ in range(3):
        assert all(session.try_send_shared(message) for session in sessions)
    assert len(asked) == 2
    assert len(message._packed) == 2
    assert message.plain == b""
    for peer in peers:
        first, size = await peer.read(2)
        assert first == 0xC1
        await peer.read(size)


async def test_it_costs_no_stream_of_its_own(house):
    (session,), _ = await opened(house, PerMessageDeflate(), 12)
    (deflate,) = session.extensions
    assert session.try_send_shared(SharedMessage(WORDS))
    assert deflate._compressor._stream is None
    await session.send(WORDS)
    assert deflate._compressor._stream is not None
    assert session.try_send_shared(SharedMessage(WORDS))
    assert deflate._compressor._stream is None, "it refers to what the peer has forgotten"


def fails(frame):
    raise LookupError("not for the peer")


async def test_a_question_that_fails_ends_the_session_that_asked(house):
    (one, two), (peer, other) = await opened(house, PerMessageDeflate(compress_if=fails), 12, 12)
    assert one.try_send_shared(SharedMessage(WORDS))
    assert await peer.next_close() == (1011, "")
    assert two.is_active
    await other.send(9, b"still here")
    assert await other.next() == (10, b"still here")
