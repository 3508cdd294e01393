"""What is kept on the server, and for how long."""

from __future__ import annotations

import anyio
import pytest

from flowws.brokers import Entry, Gap, GapReason, Position, RedisBroker, Retention

from .heard import listen
from .server import RedisServer

STREAM, META, PRODUCER = "{flowws:numbers}", "{flowws:numbers}:meta", "{flowws:numbers}:producer:p"


def ttl(redis: RedisServer, key: str) -> int:
    """For how many milliseconds a key will live; -1: for ever; -2: it does not."""
    milliseconds = redis.ask("PTTL", key)
    assert isinstance(milliseconds, int)
    return milliseconds


async def test_a_log_is_kept_as_long_as_its_entries_and_its_place_for_a_day_more(redis: RedisServer):
    async with RedisBroker(redis.url) as broker:
        await broker.topic("numbers", Retention(100, 60.0)).publish([b"1"], producer="p", first_seq=1)
        assert 60_000 < ttl(redis, STREAM) <= 64_000
        assert 86_400_000 < ttl(redis, META) <= 86_460_000
        assert 0 < ttl(redis, PRODUCER) <= 3_600_000


async def test_what_may_stay_for_ever_does(redis: RedisServer):
    async with RedisBroker(redis.url) as broker:
        await broker.topic("numbers", Retention(100, None)).publish([b"1"], producer="p", first_seq=1)
        assert ttl(redis, STREAM) == ttl(redis, META) == -1


async def test_who_reads_keeps_a_log_alive_in_which_nothing_is_written(redis: RedisServer):
    async with RedisBroker(redis.url) as broker:
        topic = broker.topic("numbers", Retention(100, 0.4))
        newest = await topic.publish([b"1"], producer="p", first_seq=1)
        redis.ask("PEXPIRE", STREAM, "250")
        assert await topic.read(newest, limit=1, wait=0.5) == ()
        assert ttl(redis, STREAM) > 0
        assert (await topic.tail(1))[1] == [Entry(newest, b"1")]


@pytest.mark.parametrize("kept", [100, 2000])
async def test_what_is_too_old_goes_when_something_is_written(redis: RedisServer, kept: int):
    async with RedisBroker(redis.url) as broker:
        topic = broker.topic("numbers", Retention(kept, 0.2))
        newest = old = await topic.publish([b"old"] * 3, producer="p", first_seq=1)
        seq = 4
        with anyio.fail_after(10):
            while redis.ask("XRANGE", STREAM, "-", str(old)) if kept <= 1000 else redis.ask("XLEN", STREAM) == seq - 1:
                newest = await topic.publish([b"new"] * 200, producer="p", first_seq=seq)
                seq += 200
                await anyio.sleep(0.01)
        assert newest.epoch == old.epoch
        gap, *_ = await topic.read(Position(old.epoch, 0), limit=10, wait=0)
        assert isinstance(gap, Gap)
        assert gap.reason is GapReason.TRIMMED
        assert gap.missing is not None
        assert gap.missing >= 3 if kept <= 1000 else gap.missing > 0


async def test_a_log_whose_entries_have_expired_goes_on_where_it_was(redis: RedisServer):
    async with RedisBroker(redis.url) as broker:
        topic = broker.topic("numbers", Retention(100, 60.0))
        start, _ = await topic.tail(0)
        newest = await topic.publish([b"1", b"2"], producer="p", first_seq=1)
        redis.ask("DEL", STREAM)
        assert await topic.tail(5) == (newest, [])
        assert await topic.read(newest, limit=5, wait=0) == ()
        assert await topic.read(start, limit=5, wait=0) == (Gap(GapReason.TRIMMED, start, newest, 2),)
        next = await topic.publish([b"3"], producer="p", first_seq=3)
        assert next == Position(newest.epoch, 3)
        assert await topic.read(newest, limit=5, wait=0) == [Entry(next, b"3")]
        assert 60_000 < ttl(redis, STREAM) <= 64_000


async def test_a_log_whose_place_is_forgotten_is_a_new_one_with_a_later_epoch(redis: RedisServer):
    async with RedisBroker(redis.url) as broker:
        topic = broker.topic("numbers")
        redis.ask("XADD", STREAM, "99999999999999-7", "d", "of the future")
        position, entries = await topic.tail(5)
        assert (position, entries) == (Position(100000000000000, 0), [])
        await topic.publish([b"1"], producer="p", first_seq=1)
        redis.ask("DEL", META)
        newest = await topic.publish([b"2"], producer="p", first_seq=2)
        assert newest == Position(100000000000001, 1)
        assert await topic.read(Position(position.epoch, 1), limit=5, wait=0) == [
            Gap(GapReason.RESET, Position(position.epoch, 1), Position(newest.epoch, 0), None),
            Entry(newest, b"2"),
        ]


async def test_a_clock_that_has_gone_back_is_noticed_although_all_ids_are_smaller(redis: RedisServer):
    async with RedisBroker(redis.url) as broker:
        topic = broker.topic("numbers")
        newest = await topic.publish([b"1"], producer="p", first_seq=1)
        seen = newest._replace(epoch=newest.epoch + 3_600_000)  # of a log that was lost, and whose clock was wrong
        reset = Gap(GapReason.RESET, seen, newest, None)
        assert await topic.read(seen, limit=5, wait=0) == (reset,)
        assert await topic.read(seen, limit=5, wait=5) == (reset,)


async def test_short_logs_are_cut_exactly_and_long_ones_by_the_hundred(redis: RedisServer):
    async with RedisBroker(redis.url) as broker:
        short, long = broker.topic("numbers", Retention(7)), broker.topic("long", Retention(2000))
        await short.publish([b"x"] * 20, producer="p", first_seq=1)
        await long.publish([b"x"] * 5000, producer="p", first_seq=1)
        assert redis.ask("XLEN", STREAM) == 7
        length = redis.ask("XLEN", "{flowws:long}")
        assert isinstance(length, int)
        assert 2000 <= length < 2200


async def test_all_keys_of_a_topic_are_in_one_slot(redis: RedisServer):
    """What a script may touch in a cluster, whatever the topic is called."""
    async with RedisBroker(redis.url) as broker:
        for name in ("numbers", "{", "}", "{}", "}{a}"):
            await broker.topic(name).publish([b"1"], producer="}p{", first_seq=1)
        keys = redis.ask("KEYS", "*")
        assert isinstance(keys, list)
        assert len(keys) == 15
        tags = [key[1 : key.index(b"}")] for key in keys if isinstance(key, bytes)]
        assert {tags.count(tag) for tag in tags} == {3, 6}  # "}" and "}{a}" share one
        assert b"" not in tags


async def test_the_producer_is_known_after_its_duplicates(redis: RedisServer):
    async with RedisBroker(redis.url) as broker:
        topic = broker.topic("numbers")
        newest = await topic.publish([b"1", b"2"], producer="p", first_seq=1)
        assert redis.ask("GET", PRODUCER) == f"2 {newest.epoch} {newest.offset}".encode()
        assert await topic.publish([b"1", b"2"], producer="p", first_seq=1) == newest
        assert await topic.publish([b"2"], producer="p", first_seq=2) == newest
        assert topic.repeated == 3
        assert await topic.publish([], producer="p", first_seq=3) == newest


async def test_an_epoch_does_not_begin_for_duplicates_only(redis: RedisServer):
    async with RedisBroker(redis.url) as broker:
        topic = broker.topic("numbers")
        newest = await topic.publish([b"1"], producer="p", first_seq=1)
        broker._keeper.link.run_id = b"of the next start"
        assert await topic.publish([b"1"], producer="p", first_seq=1) == newest
        assert await topic.tail(0) == (newest, [])
        later = await topic.publish([b"1", b"2"], producer="p", first_seq=1)
        assert later.offset == 2
        assert later.epoch > newest.epoch
        assert await topic.read(newest, limit=5, wait=0) == [Entry(later, b"2")]


async def test_acknowledged_entries_that_the_server_has_lost_are_said_to_their_producer(
    redis: RedisServer, caplog: pytest.LogCaptureFixture
):
    async with RedisBroker(redis.url) as broker:
        topic = broker.topic("numbers")
        newest = await topic.publish([b"1"], producer="p", first_seq=1)
        assert (await topic.publish([b"4"], producer="p", first_seq=4)).offset == newest.offset + 1
        assert topic.lost == 2
        assert [record.message for record in caplog.records] == [
            "the server has lost 2 entries of 'numbers' which it had acknowledged"
        ]


async def test_two_prefixes_are_two_worlds(redis: RedisServer):
    async with RedisBroker(redis.url) as one, RedisBroker(redis.url, prefix="other") as other:
        heard = await listen(other)
        await one.shared_flow("numbers", int).emit(1)
        await other.shared_flow("numbers", int).emit(2)
        await heard.until_many(1)
        assert heard.items == [2]
