"""What a server may say instead of doing what it was asked for."""

from __future__ import annotations

import pytest

from flowws.brokers import (
    BrokeredSharedFlow,
    BrokerRefusedError,
    Closed,
    Connected,
    GapReason,
    Reconnecting,
    RedisBroker,
)

from .heard import Heard, listen, status_is
from .server import RedisServer


async def exchange(numbers: BrokeredSharedFlow[int], heard: Heard, number: int) -> None:
    """One more number gets through."""
    await numbers.emit(number)
    await heard.until_value(number)


async def test_connections_that_the_server_ends_are_made_anew(redis: RedisServer):
    async with RedisBroker(redis.url) as here, RedisBroker(redis.url) as there:
        numbers, heard = here.shared_flow("numbers", int), await listen(there)
        for number in range(5):
            await exchange(numbers, heard, number)
            assert redis.ask("CLIENT", "KILL", "TYPE", "normal") == 4
        await exchange(numbers, heard, 5)
        assert heard.items == list(range(6))


async def test_scripts_that_the_server_has_forgotten_are_loaded_again(redis: RedisServer):
    async with RedisBroker(redis.url) as here, RedisBroker(redis.url) as there:
        numbers, heard = here.shared_flow("numbers", int), await listen(there)
        await exchange(numbers, heard, 0)
        redis.ask("SCRIPT", "FLUSH")
        await exchange(numbers, heard, 1)
        redis.ask("SCRIPT", "FLUSH")
        position, _ = await there.topic("numbers").tail(0)
        assert position.offset == 2
        assert await there.topic("numbers").compare_and_publish(position, b"2") is not None
        await heard.until_value(2)
        assert here._keeper.links == there._keeper.links == 1
        assert heard.items == [0, 1, 2]


async def test_a_flushed_server_is_a_reset(redis: RedisServer):
    async with RedisBroker(redis.url) as here, RedisBroker(redis.url) as there:
        numbers, heard = here.shared_flow("numbers", int), await listen(there)
        await exchange(numbers, heard, 0)
        redis.ask("FLUSHALL")
        await exchange(numbers, heard, 1)
        redis.ask("FLUSHALL")
        await heard.until(lambda heard: len(heard.gaps) == 2)  # also if nothing new comes
        await exchange(numbers, heard, 2)
        assert heard.values == [0, 1, 2]
        assert [gap.reason for gap in heard.gaps] == [GapReason.RESET] * 2


async def test_a_server_that_has_become_a_replica_is_away(redis: RedisServer):
    async with RedisBroker(redis.url) as here, RedisBroker(redis.url) as there:
        numbers, heard = here.shared_flow("numbers", int), await listen(there)
        await exchange(numbers, heard, 0)
        redis.ask("REPLICAOF", "127.0.0.1", "1")
        await numbers.emit(1)
        status = await status_is(here, Reconnecting)
        assert "READONLY" in str(status.error)
        redis.ask("REPLICAOF", "NO", "ONE")
        await exchange(numbers, heard, 2)
        await status_is(here, Connected)
        assert heard.items == [0, 1, 2]


@pytest.mark.parametrize(
    ("setting", "refusing", "willing", "code"),
    [
        ("maxmemory", "1mb", "0", "OOM"),
        ("min-replicas-to-write", "1", "0", "NOREPLICAS"),
    ],
)
async def test_what_the_server_does_not_take_now_it_gets_later(
    redis: RedisServer, setting: str, refusing: str, willing: str, code: str
):
    async with RedisBroker(redis.url) as here, RedisBroker(redis.url) as there:
        numbers, heard = here.shared_flow("numbers", int), await listen(there)
        await exchange(numbers, heard, 0)
        redis.ask("CONFIG", "SET", setting, refusing)
        await numbers.emit(1)
        await numbers.emit(2)
        first = await status_is(here, Reconnecting)
        assert code in str(first.error)
        later = await here.status.first(lambda status: isinstance(status, Reconnecting) and status.attempt > 1)
        assert isinstance(later, Reconnecting)
        assert later.since == first.since
        redis.ask("CONFIG", "SET", setting, willing)
        await heard.until_value(2)
        assert heard.items == [0, 1, 2]
        await status_is(here, Connected)
        assert here._keeper.links == 1


async def test_a_password_that_is_wrong_raises_when_the_block_is_entered(redis: RedisServer):
    redis.ask("CONFIG", "SET", "requirepass", "secret")
    for url in (redis.url, f"unix://:wrong@{redis.socket}", f"unix://ada:secret@{redis.socket}"):
        broker = RedisBroker(url)
        with pytest.raises(BrokerRefusedError, match="the server refuses the name or the password") as refusal:
            async with broker:
                pytest.fail("entered")
        assert ":wrong@" not in str(refusal.value)
        assert isinstance(broker.status.value, Closed)
    async with (
        RedisBroker(f"unix://:secret@{redis.socket}") as broker,
        RedisBroker(redis.url, password="secret") as same,
    ):
        assert broker.status.value == same.status.value == Connected()


async def test_a_password_that_has_changed_ends_the_broker(redis: RedisServer):
    broker = RedisBroker(redis.url)
    async with broker:
        numbers, heard = broker.shared_flow("numbers", int), await listen(broker)
        await exchange(numbers, heard, 0)
        redis.ask("CONFIG", "SET", "requirepass", "secret")
        redis.ask("CLIENT", "KILL", "TYPE", "normal", password="secret")
        closed = await status_is(broker, Closed)
        assert isinstance(closed.error, BrokerRefusedError)
        with pytest.raises(BrokerRefusedError, match="password"):
            await heard.flow.collect()
        assert numbers.try_emit(1)  # nobody has told it yet
        with pytest.raises(BrokerRefusedError, match="password"):
            await numbers.flush()
        with pytest.raises(BrokerRefusedError, match="password"):
            await broker.topic("numbers").tail(0)


async def test_a_key_of_another_type_is_refused_and_other_topics_go_on(redis: RedisServer):
    async with RedisBroker(redis.url) as broker:
        redis.ask("SET", "{flowws:mine}", "a string")
        redis.ask("SET", "{flowws:meta}:meta", "a string")
        heard = await listen(broker)
        for name in ("mine", "meta"):
            topic = broker.topic(name)
            with pytest.raises(BrokerRefusedError, match="a key of this topic is something else"):
                await topic.tail(0)
            with pytest.raises(BrokerRefusedError, match="a key of this topic is something else"):
                await topic.publish([b"1"], producer="p", first_seq=1)
            with pytest.raises(BrokerRefusedError, match="a key of this topic is something else"):
                await broker.shared_flow(name, int).ready()
        assert redis.ask("GET", "{flowws:mine}") == b"a string"
        await exchange(broker.shared_flow("numbers", int), heard, 1)
        assert broker._keeper.links == 1


async def test_a_key_that_becomes_something_else_is_refused_where_somebody_waits(redis: RedisServer):
    async with RedisBroker(redis.url) as broker:
        spoiled, heard = await listen(broker, "spoiled"), await listen(broker)
        redis.ask("SET", "{flowws:spoiled}", "a string")
        numbers = broker.shared_flow("numbers", int)
        await exchange(numbers, heard, 1)
        with pytest.raises(BrokerRefusedError, match="a key of this topic is something else"):
            await spoiled.flow.collect()
        await exchange(numbers, heard, 2)
        assert broker._keeper.links == 1
