"""Real connections on loopback, on the engine of each loop: plain and compressed, ended properly and not."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import anyio
import pytest

from flowws import Lag, MutableSharedFlow
from flowws.feeds import ServedFeed
from flowws.websocket import CloseReason, PerMessageDeflate, WebSocketClient, WebSockets, WebSocketServer

from .ground import Kept, at

pytestmark = pytest.mark.anyio

PLAIN = WebSockets()
DEFLATE = WebSockets(extensions=[PerMessageDeflate(threshold=0)])
TEXT = "what is said again and again is pressed together " * 20


@asynccontextmanager
async def serving(
    config: WebSockets, **options: Any
) -> AsyncIterator[tuple[str, MutableSharedFlow[str], ServedFeed, Any]]:
    app, source = WebSocketServer(config), MutableSharedFlow[str]()
    feed = app.feed("/feed", source, resume=Kept(), **options)
    async with app.serve("127.0.0.1", 0, grace=1.0) as server:
        yield f"ws://127.0.0.1:{server.port}/feed", source, feed, server


async def until(feed: ServedFeed, count: int) -> None:
    await feed.clients.first(lambda clients: clients == count)


@pytest.mark.parametrize("config", [PLAIN, DEFLATE], ids=["plain", "deflate"])
async def test_plain_and_compressed_clients_get_the_same(config: WebSockets) -> None:
    async with serving(config) as (url, source, feed, _), anyio.create_task_group() as tasks:
        heard: list[list[Any]] = [[] for _ in range(4)]

        async def listen(number: int) -> None:
            client = WebSocketClient(DEFLATE if number % 2 else PLAIN)
            async with client.websocket(f"{url}?filter=null") as session:
                async for message in session.incoming_as(dict):
                    heard[number].append(message.get("update"))
                    if len(heard[number]) == 2:  # own words among those of the feed
                        await session.send_serialized({"unsubscribe": 7})
                    if message.get("update") == "the end":
                        return

        for number in range(4):
            tasks.start_soon(listen, number)
        await until(feed, 4)
        for number in range(20):
            await source.emit(f"{number} {TEXT}")
            await anyio.lowlevel.checkpoint()
        await source.emit("the end")
    for each in heard:
        updates = [update for update in each if update is not None]
        assert updates == [*[f"{number} {TEXT}" for number in range(20)], "the end"]
    assert feed.stats.encodings == 21
    assert feed.clients.value == 0


async def test_a_server_that_stops_says_so() -> None:
    async with (
        serving(PLAIN) as (url, _, feed, server),
        WebSocketClient().websocket(f"{url}?filter=null") as session,
    ):
        await session.incoming.receive()
        await server.stop()
        assert (await session.close_reason).code == CloseReason.Codes.GOING_AWAY
    assert feed.clients.value == 0


async def test_a_client_that_is_cut_off_is_forgotten() -> None:
    async with serving(PLAIN) as (url, source, feed, _):
        async with WebSocketClient().websocket(f"{url}?filter=null") as session:
            await until(feed, 1)
            session.terminate()
        await until(feed, 0)
        await source.emit("to nobody")
        async with WebSocketClient().websocket(f"{url}?after={at(0)}") as session:
            messages = aiter(session.incoming_as(dict))
            assert (await anext(messages))["resumed"] is True
            assert (await anext(messages))["update"] == "to nobody"


async def test_a_client_that_does_not_read_loses_or_is_lost() -> None:
    async with (
        serving(PLAIN, lag=Lag.DISCONNECT(10)) as (url, source, feed, _),
        WebSocketClient().websocket(f"{url}?filter=null") as session,
    ):
        await until(feed, 1)
        while feed.clients.value:  # until the sockets are full, and ten more wait
            await source.emit(TEXT * 100)
            await anyio.lowlevel.checkpoint()
        codes = [message async for message in session.incoming]
        assert codes
        assert (await session.close_reason).code in (CloseReason.Codes.TRY_AGAIN_LATER, 1006)
    assert feed.stats.disconnected == 1
