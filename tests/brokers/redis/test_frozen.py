"""A server that is frozen: connections stay, and even new ones are accepted, but nothing is answered."""

from __future__ import annotations

import anyio
import pytest

from flowws.brokers import BrokerUnavailableError, Connected, Reconnecting, RedisBroker
from flowws.brokers.redis._reader import PATIENCE

from .heard import listen, status_is
from .proxy import fault_proxy
from .server import RedisServer

SLACK = 1.0  # of a busy machine


async def test_a_reader_notices_soon_and_everything_goes_on_afterwards(redis: RedisServer):
    async with RedisBroker(redis.url) as here, RedisBroker(redis.url) as there:
        numbers = here.shared_flow("numbers", int)
        heard = await listen(there)
        await numbers.emit(0)
        await heard.until_many(1)
        redis.stop()
        try:
            await numbers.emit(1)
            await status_is(there, Reconnecting, within=PATIENCE + SLACK)
        finally:
            redis.cont()
        await status_is(there, Connected)
        await numbers.emit(2)
        await heard.until_many(3)
        assert heard.items == [0, 1, 2]


async def test_who_only_writes_notices_when_there_is_no_answer(redis: RedisServer):
    async with RedisBroker(redis.url, timeout=0.3) as broker:
        numbers = broker.shared_flow("numbers", int)
        await numbers.emit(0)
        await numbers.flush()
        redis.stop()
        try:
            with pytest.raises(BrokerUnavailableError, match=r"no answer within 0\.3 s"):
                await broker.topic("others").tail(0)
            assert isinstance(broker.status.value, Reconnecting)
        finally:
            redis.cont()
        await numbers.emit(1)
        await numbers.flush()
        assert await broker.shared_flow("numbers", int, replay=2).take(2).to_list() == [0, 1]


async def test_to_connect_takes_its_time_and_no_more(redis: RedisServer, caplog: pytest.LogCaptureFixture):
    redis.stop()
    try:
        with anyio.fail_after(0.2 + SLACK):
            async with RedisBroker(redis.url, connect_timeout=0.2) as broker:
                assert isinstance(broker.status.value, Reconnecting)
                assert "no answer from unix://" in str(broker.status.value.error)
                redis.cont()
                await status_is(broker, Connected)
    finally:
        redis.cont()
    assert not caplog.records


async def test_the_block_can_be_left_while_it_is_connecting(redis: RedisServer, caplog: pytest.LogCaptureFixture):
    async with RedisBroker(redis.url) as broker:
        redis.stop()
        try:
            broker._keeper.link.give_up(BrokerUnavailableError("as if it were lost"))
            await anyio.wait_all_tasks_blocked()
        finally:
            redis.cont()
    assert not caplog.records


async def test_a_long_answer_may_take_long_as_long_as_it_is_coming(redis: RedisServer):
    async with fault_proxy(redis) as proxy, RedisBroker(proxy.tcp_url, timeout=SLACK) as broker:
        topic = broker.topic("numbers")
        await topic.publish([b"x" * 1_000_000], producer="p", first_seq=1)
        began = anyio.current_time()
        proxy.pause = 0.1
        _, (entry,) = await topic.tail(1)
        assert anyio.current_time() - began > SLACK
        assert len(entry.payload) == 1_000_000
