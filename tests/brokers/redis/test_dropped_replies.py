"""The server does what it was asked for, but nobody hears that it has."""

from __future__ import annotations

from itertools import cycle

from flowws.brokers import Connected, Reconnecting, RedisBroker

from .heard import listen, status_is
from .proxy import fault_proxy
from .server import RedisServer

COUNT = 100


async def test_what_was_written_without_a_reply_is_written_once(redis: RedisServer):
    async with fault_proxy(redis) as proxy:
        every_other = cycle((True, False))
        proxy.drops = lambda request: b"EVALSHA" in request and b"producer" in request and next(every_other)
        async with RedisBroker(proxy.url) as here, RedisBroker(redis.url) as there:
            numbers = here.shared_flow("numbers", int)
            heard = await listen(there)
            for number in range(COUNT):
                await numbers.emit(number)
                await numbers.flush()
            await heard.until_value(COUNT - 1)
            assert heard.items == list(range(COUNT))
            assert proxy.dropped == COUNT
            assert numbers._topic.repeated == COUNT  # type: ignore[attr-defined]  # of a RedisTopic


async def test_a_connection_on_which_nothing_gets_through_any_more_is_given_up(redis: RedisServer):
    async with fault_proxy(redis) as proxy, RedisBroker(redis.url) as here, RedisBroker(proxy.tcp_url) as there:
        numbers = here.shared_flow("numbers", int)
        heard = await listen(there)
        await numbers.emit(0)
        await heard.until_many(1)
        proxy.swallow()
        await numbers.emit(1)
        status = await status_is(there, Reconnecting, within=2.5)
        assert "no answer within 1.5 s" in str(status.error)
        proxy.pass_on()
        await status_is(there, Connected)
        await numbers.emit(2)
        await heard.until_many(3)
        assert heard.items == [0, 1, 2]
