"""permessage-deflate with peers of others: `websockets` and aiohttp, as clients and as servers."""

from __future__ import annotations

import random
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import aiohttp
import anyio
import pytest
from aiohttp import web
from websockets.asyncio.client import connect
from websockets.asyncio.server import serve
from websockets.extensions.permessage_deflate import ClientPerMessageDeflateFactory, ServerPerMessageDeflateFactory

from flowws.websocket import Frame, PerMessageDeflate, WebSocketClient, WebSockets

pytestmark = pytest.mark.asyncio_only("the peers of others live on asyncio")

WORDS = "the same words again, and again, and again ÄÖÜ€ "


def messages():
    chance = random.Random(7)
    yield ""
    yield b""
    for size in (1, 10, 125, 126, 2000, 70_000):
        yield WORDS[:40] * (size // 40 + 1)
        yield chance.randbytes(size)
        yield bytes(size)


ALL = list(messages()) * 2


async def echo(session):
    async for frame in session.incoming:
        assert not frame.rsv1
        await session.send(frame)


def frame_of(message):
    return Frame.Text(message) if isinstance(message, str) else Frame.Binary(message)


SETTINGS = [
    pytest.param({}, id="defaults"),
    pytest.param({"client_no_context_takeover": True, "server_no_context_takeover": True}, id="no takeover"),
    pytest.param({"client_max_window_bits": 9, "server_max_window_bits": 9}, id="small windows"),
    pytest.param({"threshold": 200}, id="some messages"),
]


# Their clients, our server


@pytest.mark.parametrize("settings", SETTINGS)
@pytest.mark.parametrize(
    "wish",
    [
        pytest.param({}, id="no wishes"),
        pytest.param({"server_no_context_takeover": True, "client_no_context_takeover": True}, id="no takeover"),
        pytest.param({"server_max_window_bits": 9, "client_max_window_bits": 9}, id="small windows"),
        pytest.param({"client_max_window_bits": None}, id="no window of its own"),
    ],
)
async def test_the_client_of_websockets(house, settings, wish):
    server = await house.serve(echo, WebSockets(extensions=[PerMessageDeflate(**settings)]))
    offer = ClientPerMessageDeflateFactory(**wish)
    with anyio.fail_after(10):
        async with connect(f"ws://127.0.0.1:{server.port}/", extensions=[offer], compression=None) as theirs:
            (extension,) = theirs.protocol.extensions
            assert extension.name == "permessage-deflate"
            for message in ALL:
                await theirs.send(message)
                assert await theirs.recv() == message
            await theirs.send([WORDS, WORDS, WORDS])
            assert await theirs.recv() == WORDS * 3


@pytest.mark.parametrize("settings", SETTINGS)
async def test_the_client_of_aiohttp(house, settings):
    server = await house.serve(echo, WebSockets(extensions=[PerMessageDeflate(**settings)]))
    with anyio.fail_after(10):
        async with (
            aiohttp.ClientSession() as theirs,
            theirs.ws_connect(f"http://127.0.0.1:{server.port}/", compress=15) as connection,
        ):
            assert connection.compress
            for message in ALL:
                if isinstance(message, str):
                    await connection.send_str(message)
                else:
                    await connection.send_bytes(message)
                assert (await connection.receive()).data == message


# Our client, their servers


@pytest.mark.parametrize("settings", SETTINGS)
@pytest.mark.parametrize(
    "wish",
    [
        pytest.param({}, id="no wishes"),
        pytest.param({"server_no_context_takeover": True, "client_no_context_takeover": True}, id="no takeover"),
        pytest.param({"server_max_window_bits": 9, "client_max_window_bits": 9}, id="small windows"),
    ],
)
async def test_the_server_of_websockets(settings, wish, engine):
    async def handler(connection):
        async for message in connection:
            await connection.send(message)

    answer = ServerPerMessageDeflateFactory(**wish)
    client = WebSocketClient(WebSockets(extensions=[PerMessageDeflate(**settings)]), engine=engine)
    async with serve(handler, "127.0.0.1", 0, extensions=[answer], compression=None) as theirs:
        port = next(iter(theirs.sockets)).getsockname()[1]
        await exchange(client, f"ws://127.0.0.1:{port}/")


@asynccontextmanager
async def aiohttp_server() -> AsyncIterator[int]:
    async def handler(request: web.Request) -> web.WebSocketResponse:
        connection = web.WebSocketResponse(compress=True)
        await connection.prepare(request)
        async for message in connection:
            if message.type is aiohttp.WSMsgType.TEXT:
                await connection.send_str(message.data)
            else:
                await connection.send_bytes(message.data)
        return connection

    app = web.Application()
    app.router.add_get("/", handler)
    runner = web.AppRunner(app)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        yield runner.addresses[0][1]
    finally:
        await runner.cleanup()


@pytest.mark.parametrize("settings", [SETTINGS[0], SETTINGS[3]])
async def test_the_server_of_aiohttp(settings, engine):
    client = WebSocketClient(WebSockets(extensions=[PerMessageDeflate(**settings)]), engine=engine)
    async with aiohttp_server() as port:
        await exchange(client, f"ws://127.0.0.1:{port}/")


async def exchange(client, url):
    with anyio.fail_after(10):
        async with client.websocket(url) as session:
            assert [each.name for each in session.extensions] == ["permessage-deflate"]
            for message in ALL:
                await session.send(message)
                assert await session.incoming.receive() == frame_of(message)
