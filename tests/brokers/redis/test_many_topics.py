"""One reader for many topics, which come and go while it waits."""

from __future__ import annotations

import anyio
import pytest

from flowws import coroutine_scope
from flowws.brokers import Entry, RedisBroker
from flowws.brokers.redis import _reader

from .heard import Heard, listen
from .server import RedisServer

MANY = 20


@pytest.fixture
def block_for_long(monkeypatch: pytest.MonkeyPatch) -> None:
    """Who is not woken waits for longer than a test may last."""
    monkeypatch.setattr(_reader, "_BLOCK", (b"BLOCK", b"60000"))
    monkeypatch.setattr("flowws.brokers.redis._link.PATIENCE", 70.0)


@pytest.mark.usefixtures("block_for_long")
async def test_topics_that_come_while_the_reader_waits_are_heard_at_once(redis: RedisServer):
    async with RedisBroker(redis.url) as here, RedisBroker(redis.url) as there:
        heard: list[Heard] = []
        async with coroutine_scope() as scope:
            load = scope.launch(emit_without_end, here)
            await listen(there, "load")
            for topic in range(MANY):
                heard.append(await listen(there, f"topic {topic}"))
                for old in range(topic + 1):
                    await here.shared_flow(f"topic {old}", int).emit(topic)
                for each in heard:
                    await each.until_value(topic)
            load.cancel()
        assert [each.items for each in heard] == [list(range(topic, MANY)) for topic in range(MANY)]


@pytest.mark.usefixtures("block_for_long")
async def test_a_topic_that_nobody_reads_any_more_is_not_asked_for(redis: RedisServer):
    async with RedisBroker(redis.url) as broker:
        reader = broker._keeper.link.reader
        quiet, busy = await listen(broker, "quiet"), await listen(broker, "busy")
        assert len(reader._waits) == 2
        quiet.flow.close()
        await broker.shared_flow("busy", int).emit(1)
        await busy.until_value(1)
        assert [wait.key for wait in reader._waits] == [b"{flowws:busy}"]
        busy.flow.close()


@pytest.mark.usefixtures("block_for_long")
async def test_readers_of_one_topic_at_different_places_get_what_is_theirs(redis: RedisServer):
    async with RedisBroker(redis.url) as broker:
        topic = broker.topic("numbers")
        start, _ = await topic.tail(0)
        end = await topic.publish([b"1", b"2", b"3"], producer="p", first_seq=1)
        found: dict[str, object] = {}

        async def read(name: str, offset: int, limit: int) -> None:
            at = start._replace(offset=offset)
            found[name] = await broker.topic("numbers").read(at, limit=limit, wait=10)

        async with coroutine_scope() as scope:
            scope.launch(read, "all", 0, 10)
            scope.launch(read, "some", 1, 1)
            scope.launch(read, "new", 3, 10)
            while len(found) < 2:
                await anyio.lowlevel.checkpoint()
            assert "new" not in found
            await topic.publish([b"4"], producer="p", first_seq=4)
        entries = [Entry(start._replace(offset=number), b"%d" % number) for number in range(1, 5)]
        assert found == {"all": entries[:3], "some": entries[1:2], "new": entries[3:]}
        assert end == entries[2].position


async def test_who_waits_no_longer_loses_nothing(redis: RedisServer):
    async with RedisBroker(redis.url) as broker:
        topic = broker.topic("numbers")
        at, _ = await topic.tail(0)
        assert await topic.read(at, limit=10, wait=0.01) == ()
        with anyio.move_on_after(0.01):
            await topic.read(at, limit=10, wait=10)
        await topic.publish([b"1"], producer="p", first_seq=1)
        (entry,) = await topic.read(at, limit=10, wait=10)
        assert isinstance(entry, Entry)
        assert entry.payload == b"1"


async def emit_without_end(broker: RedisBroker) -> None:
    load = broker.shared_flow("load", int)
    while True:
        await load.emit(1)
        await load.flush()
