"""The client and the server of feeds over real sockets, whose connections are killed."""

from __future__ import annotations

import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import anyio
import anyio.lowlevel
import pytest

from flowws import Channel, MutableSharedFlow, coroutine_scope, supervisor_scope
from flowws.feeds import Gap, LiveFeed, MemoryLog, Position, Reconnected, ReconnectPolicy, ServedFeed
from flowws.flows import Backoff
from flowws.websocket import PerMessageDeflate, Serving, WebSocketClient, WebSockets, WebSocketServer

PATIENT = ReconnectPolicy(Backoff(0.01, longest=0.05))

ENGINES = [
    pytest.param(("asyncio", {}), "picows", id="picows"),
    pytest.param(("asyncio", {"use_uvloop": False}), "sansio", id="sansio"),
    pytest.param(("trio", {}), "sansio", id="sansio-trio"),
]
pytestmark = pytest.mark.parametrize(("anyio_backend", "engine"), ENGINES, scope="function")


class Numbers:
    """A feed of numbers, each with its offset for a value, that may be served again at the same port."""

    def __init__(self, engine: str) -> None:
        self.engine = engine
        self.log: MemoryLog[Any] = MemoryLog(100)
        self.port = 0
        self.source: MutableSharedFlow[Any]
        self.feed: ServedFeed

    @asynccontextmanager
    async def served(self, config: WebSockets | None = None) -> AsyncIterator[Serving]:
        app = WebSocketServer(config)
        self.source = MutableSharedFlow()
        even = {"even": lambda value: value % 2 == 0}
        self.feed = app.feed("/numbers", self.source, filter=even, resume=self.log)
        async with app.serve("127.0.0.1", self.port, engine=self.engine) as server:
            self.port = server.port
            yield server

    async def say(self, count: int) -> None:
        for _ in range(count):
            await self.source.emit(self.log.head + 1)

    async def followed_by(self, clients: int) -> None:
        with anyio.fail_after(10):
            await self.feed.clients.first(lambda there: there == clients)

    async def all_taken(self, feed: LiveFeed[Any]) -> None:
        with anyio.fail_after(15):
            while feed.position != self.feed.position:
                await anyio.lowlevel.checkpoint()

    def client(self, config: WebSockets | None = None) -> WebSocketClient:
        return WebSocketClient(config, engine=self.engine)

    @property
    def url(self) -> str:
        return f"ws://127.0.0.1:{self.port}/numbers"


async def test_killed_connections_lose_nothing(anyio_backend: object, engine: str) -> None:
    numbers, seen = Numbers(engine), list[Any]()
    async with numbers.served() as server, coroutine_scope() as scope:
        feed = numbers.client().feed(numbers.url, int, policy=PATIENT, markers=True)
        job = feed.on_each(seen.append).launch_in(scope)
        await numbers.followed_by(1)
        await numbers.say(1)
        await numbers.all_taken(feed)
        for _ in range(5):
            await numbers.followed_by(1)
            await numbers.say(7)
            for session in server.sessions:
                session.terminate()
            await numbers.say(3)
            await numbers.all_taken(feed)
        await job.cancel_and_join()
        await numbers.followed_by(0)
        while server.sessions:
            await anyio.lowlevel.checkpoint()
    assert [each for each in seen if isinstance(each, int)] == list(range(1, 52))
    assert {each for each in seen if not isinstance(each, int)} == {Reconnected(1, resumed=True)}


async def test_a_server_that_restarts_is_waited_for(anyio_backend: object, engine: str) -> None:
    numbers, seen = Numbers(engine), Channel[Any](Channel.UNLIMITED)
    async with coroutine_scope() as scope:
        async with numbers.served():
            feed = numbers.client().feed(numbers.url, policy=PATIENT, filter="even", markers=True)
            job = feed.on_each(seen.send).launch_in(scope)
            await numbers.followed_by(1)
            await numbers.say(5)
            assert [await seen.receive(), await seen.receive()] == [2, 4]
        async with numbers.served():
            await numbers.say(4)
            with anyio.fail_after(10):
                reconnected = await seen.receive()
                assert isinstance(reconnected, Reconnected)
                assert reconnected.resumed
                assert [await seen.receive(), await seen.receive()] == [6, 8]
        numbers.log = MemoryLog(100)
        numbers.log.epoch += 1_000_000  # milliseconds: it may have begun in the same one
        async with numbers.served():
            with anyio.fail_after(10):
                assert not (await seen.receive()).resumed
                assert await seen.receive() == Gap(None, "restart", Position(numbers.log.epoch, 0))
            await numbers.say(2)
            assert await seen.receive() == 2
            await job.cancel_and_join()


async def test_what_it_follows_may_be_compressed(anyio_backend: object, engine: str) -> None:
    config = WebSockets(extensions=[PerMessageDeflate()])
    numbers = Numbers(engine)
    async with numbers.served(config), coroutine_scope() as scope:
        collecting = scope.async_(numbers.client(config).feed(numbers.url).take(500).to_list)
        await numbers.followed_by(1)
        await numbers.say(500)
        with anyio.fail_after(10):
            assert await collecting == list(range(1, 501))


async def test_a_slow_collector_of_a_fast_feed_is_told_what_it_missed(anyio_backend: object, engine: str) -> None:
    numbers, seen = Numbers(engine), Channel[Any](Channel.UNLIMITED)
    numbers.log = MemoryLog(1)
    gate = anyio.Event()
    at = last = 0

    async def slowly(news: Any) -> None:
        seen.try_send(news)
        await gate.wait()

    async with numbers.served(), coroutine_scope() as scope:
        job = scope.launch(numbers.client().feed(numbers.url, markers=True).collect, slowly)
        await numbers.followed_by(1)
        while not numbers.feed.stats.dropped:
            last += 1
            await numbers.source.emit([last, "x" * 20_000])
            await anyio.lowlevel.checkpoint()
        gate.set()
        gaps = 0
        while at < last:
            news = await seen.receive()
            if isinstance(news, Gap):
                gaps += 1
                assert (news.reason, news.missed) == ("lag", news.at.offset - at)
                at = news.at.offset
            else:
                at += 1
                assert news[0] == at
        await job.cancel_and_join()
    assert gaps


async def test_where_nobody_answers_any_more(anyio_backend: object, engine: str) -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        url = f"ws://127.0.0.1:{unused.getsockname()[1]}/numbers"
        async with supervisor_scope() as scope:
            policy = ReconnectPolicy(Backoff(0, longest=0), retries=3)
            collecting = scope.async_(WebSocketClient(engine=engine).feed(url, policy=policy).to_list)
            with pytest.raises(OSError, match=r"127\.0\.0\.1"):
                await collecting
