"""A user of the server who may not do everything."""

from __future__ import annotations

import pytest

from flowws.brokers import BrokerRefusedError, Connected, Reconnecting, RedisBroker

from .conftest import StartRedis
from .heard import listen, status_is
from .server import RedisServer

NEEDED = """
    hello select info script|load evalsha eval xadd xread xrange xrevrange xtrim xlen
    hmget hset get set del exists pexpire time client|unblock
"""


def let(redis: RedisServer, *rules: str) -> str:
    """A user with these rights; the URL with which it comes."""
    redis.ask("ACL", "SETUSER", "ada", "reset", "on", ">secret", *rules)
    return f"unix://ada:secret@{redis.socket}"


async def test_so_much_is_enough(redis: RedisServer):
    url = let(redis, "~{flowws:*", *(f"+{command}" for command in NEEDED.split()))
    async with RedisBroker(url) as broker:
        first, second = await listen(broker, "first"), await listen(broker, "second")
        for name, heard in (("first", first), ("second", second)):
            await broker.shared_flow(name, int).emit(1)
            await heard.until_value(1)
            position, _ = await broker.topic(name).tail(1)
            assert await broker.topic(name).compare_and_publish(position, b"2") is not None
            await heard.until_value(2)
        assert broker._keeper.links == 1


async def test_who_may_not_unblock_hears_new_topics_after_a_while(redis: RedisServer):
    async with RedisBroker(let(redis, "~*", "+@all", "-client|unblock")) as broker:
        await listen(broker, "first")
        second = await listen(broker, "second")
        await broker.shared_flow("second", int).emit(1)
        await second.until_value(1)
        assert broker._keeper.links == 1


async def test_what_is_not_allowed_is_refused_with_its_name(redis: RedisServer):
    async with RedisBroker(let(redis, "~*", "+@all", "-xread")) as broker:
        heard = broker.shared_flow("numbers", int)
        await heard.ready()
        with pytest.raises(BrokerRefusedError, match="XREAD: the server does not allow it"):
            await heard.collect()
        assert broker.status.value == Connected()
    broker = RedisBroker(let(redis, "~*", "+@all", "-info"))
    with pytest.raises(BrokerRefusedError, match="INFO: the server does not allow it"):
        await broker.__aenter__()


async def test_a_database_that_does_not_exist_is_refused_but_awaited_if_it_was_there(start_redis: StartRedis):
    server = await start_redis()
    broker = RedisBroker(f"{server.url}?db=99")
    with pytest.raises(BrokerRefusedError, match="out of range"):
        await broker.__aenter__()
    async with RedisBroker(f"{server.url}?db=3") as broker:
        server.options["databases"] = "1"
        await server.restart()
        status = await status_is(broker, Reconnecting)
        while "out of range" not in str(status.error):
            status = await broker.status.first(lambda new, old=status: isinstance(new, Reconnecting) and new != old)
        server.options["databases"] = "16"
        await server.restart()
        await status_is(broker, Connected)
