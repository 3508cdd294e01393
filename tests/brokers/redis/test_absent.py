"""A server that is not there when it should be."""

from __future__ import annotations

import pytest

from flowws.brokers import BrokerClosedError, Connected, Reconnecting, RedisBroker

from .conftest import StartRedis
from .heard import listen, status_is
from .server import RedisServer


async def test_a_server_that_is_absent_is_awaited_and_afterwards_the_waits_are_short_again(start_redis: StartRedis):
    server = await start_redis()
    server.kill9()
    async with RedisBroker(server.url) as broker:
        first = broker.status.value
        assert isinstance(first, Reconnecting)
        assert first.attempt == 1
        assert "No such file" in str(first.error) or "refused" in str(first.error)
        heard_of = broker.shared_flow("numbers", int)
        assert heard_of.try_emit(1)
        await broker.status.first(lambda status: isinstance(status, Reconnecting) and status.attempt >= 4)
        await server.start()
        await status_is(broker, Connected)
        await heard_of.flush()
        assert (await broker.topic("numbers").tail(1))[1][0].payload == b"1"

        attempts: list[int] = []
        tap = broker.status.tap(lambda status: attempts.append(getattr(status, "attempt", 0)))
        await server.restart()
        await broker.status.first(lambda status: isinstance(status, Connected) and len(attempts) > 1)
        tap.close()
        assert attempts[-1] == 0
        assert [attempt for attempt in attempts if attempt] == list(range(1, max(attempts) + 1))


async def test_the_block_can_be_left_while_the_server_is_away(redis: RedisServer):
    async with RedisBroker(redis.url) as broker:
        await listen(broker)
        redis.kill9()
        await status_is(broker, Reconnecting)


async def test_outside_of_the_block_nothing_is_asked(redis: RedisServer):
    broker = RedisBroker(redis.url)
    topic = broker.topic("numbers")
    with pytest.raises(BrokerClosedError, match="was not entered yet"):
        await topic.tail(0)
    async with broker:
        await topic.tail(0)
    with pytest.raises(BrokerClosedError, match="is over"):
        await topic.tail(0)
