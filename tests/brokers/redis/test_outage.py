"""An outage that is longer than what may wait to be written."""

from __future__ import annotations

import pytest

from flowws import Job, coroutine_scope, yield_now
from flowws.brokers import BrokerUnavailableError, Reconnecting, RedisBroker

from .conftest import StartRedis
from .heard import listen, status_is
from .server import RedisServer

PENDING = 8


async def test_emitters_wait_and_in_the_end_everything_is_there_in_order(start_redis: StartRedis):
    server = await start_redis(appendonly="yes", appendfsync="always")
    async with RedisBroker(server.url) as here, RedisBroker(server.url) as there:
        numbers, heard = here.shared_flow("numbers", int, pending=PENDING), await listen(there)
        await numbers.emit(0)
        await numbers.flush()
        await heard.until_many(1)
        server.kill9()
        await status_is(here, Reconnecting)
        for number in range(1, PENDING + 1):
            assert numbers.try_emit(number)
        assert not numbers.try_emit(99)
        async with coroutine_scope() as scope:
            waiting: list[Job] = []
            for number in range(PENDING + 1, PENDING + 4):
                waiting.append(scope.launch(numbers.emit, number))
                for _ in range(3):
                    await yield_now()  # it waits before the next one does
            await here.status.first(lambda status: isinstance(status, Reconnecting) and status.attempt >= 4)
            assert all(job.is_active for job in waiting)
            assert not numbers.try_emit(99)
            await waiting[1].cancel_and_join()
            await server.start()
        await numbers.emit(PENDING + 4)
        await heard.until_value(PENDING + 4)
        assert heard.items == [*range(PENDING + 2), PENDING + 3, PENDING + 4]


async def test_what_could_not_be_written_until_the_end_is_said(redis: RedisServer):
    async def leave() -> None:
        async with RedisBroker(redis.url, flush_timeout=0.1) as broker:
            numbers = broker.shared_flow("numbers", int)
            redis.kill9()
            for number in range(3):
                await numbers.emit(number)

    with pytest.raises(BrokerUnavailableError, match="3 values"):
        await leave()
