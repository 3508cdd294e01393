"""A client whose connection is lost comes back to another server: no hole, no double."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator
from contextlib import ExitStack, asynccontextmanager

import anyio
import anyio.lowlevel
import anyio.to_thread
import pytest

from flowws import coroutine_scope
from flowws.brokers import Broker, BrokeredSharedFlow, MemoryBroker, RedisBroker
from flowws.feeds import LiveFeed, ReconnectPolicy, ServedFeed
from flowws.flows import Backoff
from flowws.websocket import Serving, WebSocketClient, WebSocketServer
from tests.brokers.redis.conftest import StartRedis, needs_redis, start_redis  # noqa: F401  # fixtures

from .brokered_server import ServerProcess, running

PATIENT = ReconnectPolicy(Backoff(0.01, longest=0.05))
BACKENDS = [pytest.param(("asyncio", {}), id="asyncio"), pytest.param(("trio", {}), id="trio")]
pytestmark = [
    pytest.mark.skipif(os.name != "posix", reason="ports that are shared"),
    pytest.mark.timeout(60),  # processes take their time to start
    pytest.mark.parametrize("anyio_backend", BACKENDS, scope="function"),
]


class Server:
    """One of two in this process: as far as the broker goes, each of them is a process of its own."""

    def __init__(self, flow: BrokeredSharedFlow[int], feed: ServedFeed, serving: Serving) -> None:
        self.flow = flow
        self.feed = feed
        self.serving = serving


@asynccontextmanager
async def served(broker: Broker, port: int = 0) -> AsyncIterator[Server]:
    app, flow = WebSocketServer(), broker.shared_flow("numbers", int)
    feed = app.feed("/numbers", flow, filter={"even": lambda value: value % 2 == 0}, resume=20)
    async with app.serve("127.0.0.1", port, reuse_port=True, grace=0) as serving:
        yield Server(flow, feed, serving)


async def has(values: list[int], last: int) -> None:
    with anyio.fail_after(20):
        while not values or values[-1] < last:
            await anyio.lowlevel.checkpoint()


def numbers_at(port: int) -> LiveFeed[int]:
    return WebSocketClient().feed(f"ws://127.0.0.1:{port}/numbers", int, policy=PATIENT)


async def test_from_one_server_to_the_other_and_back(anyio_backend: object) -> None:
    async with MemoryBroker() as broker, served(broker) as one, served(broker, one.serving.port) as two:
        values: list[list[int]] = [[] for _ in range(8)]  # the system deals the clients out
        async with coroutine_scope() as scope:
            following = [numbers_at(one.serving.port).on_each(each.append).launch_in(scope) for each in values]
            for number in range(1, 401):
                await (one, two)[number % 2].flow.emit(number)
                await (one, two)[number % 2].flow.flush()  # so that it is the next one in the log
                if number % 40 == 0:
                    for server in one, two:
                        for session in server.serving.sessions:
                            session.terminate()
                    await anyio.sleep(0.02)
            for each in values:
                await has(each, 400)
            resumed = [server.feed.stats.resumed for server in (one, two)]
            gaps = [server.feed.stats.gaps for server in (one, two)]
            for job in following:
                await job.cancel_and_join()
        assert values == [list(range(each[0], 401)) for each in values]
        assert min(resumed) > 0
        assert gaps == [0, 0]


async def test_processes_that_are_killed(anyio_backend: tuple[str, object], start_redis: StartRedis) -> None:  # noqa: F811  # the fixture
    """Three processes share a port and a broker; one after the other is killed, and so is the broker."""
    redis = await start_redis(appendonly="yes", appendfsync="always")
    options = ("--broker", redis.url, "--backend", anyio_backend[0], "--resume", "20")
    values: list[list[int]] = [[] for _ in range(8)]
    number = 0
    with ExitStack() as stack:

        async def start(port: int) -> ServerProcess:
            program = running(*options, "--port", str(port))
            return await anyio.to_thread.run_sync(stack.enter_context, program)

        first = await start(0)
        servers = [first, await start(first.port), await start(first.port)]
        async with RedisBroker(redis.url) as broker, coroutine_scope() as scope:
            numbers = broker.shared_flow("numbers", int)

            async def publish(count: int) -> None:
                nonlocal number
                for _ in range(count):
                    number += 1
                    await numbers.emit(number)
                    await anyio.sleep(0.001)

            following = [numbers_at(first.port).on_each(each.append).launch_in(scope) for each in values]
            while not all(values):
                await publish(1)
            for step in range(3):
                publishing = scope.launch(publish, 200)
                await has(values[step], number + 10)  # in the midst of it
                servers[step].kill()
                servers.append(await start(first.port))
                await publishing.join()
            publishing = scope.launch(publish, 200)
            await has(values[0], number + 10)
            await redis.restart()
            await publishing.join()
            await numbers.flush()
            for each in values:
                await has(each, number)
            for job in following:
                await job.cancel_and_join()
    assert values == [list(range(each[0], number + 1)) for each in values]
