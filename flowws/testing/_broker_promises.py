"""What the topics of every broker promise, one function per promise; the table is at the end."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable
from functools import partial
from typing import NamedTuple

import anyio

from flowws._core import coroutine_scope
from flowws.brokers import Entry, Gap, GapReason, Position, Retention

from ._broker_trial import LOT, BrokerTrial, numbered, payloads_of, read_on


async def _begins_empty(it: BrokerTrial) -> None:
    position, entries = await it.topic.tail(5)
    assert position.offset == 0
    assert list(entries) == []
    assert await it.again().tail(5) == (position, entries), "asking has changed something"
    assert list(await it.topic.read(position, limit=10, wait=0)) == []


async def _in_order(it: BrokerTrial) -> None:
    start, _ = await it.topic.tail(0)
    await it.write(b"a")
    newest = await it.write(b"b", b"c")
    entries = await read_on(it.again(), start, 3)
    assert payloads_of(entries) == [b"a", b"b", b"c"]
    assert entries[-1].position == newest, "publishing gives the position behind the last entry"
    assert entries == await read_on(it.topic, start, 3), "not everybody reads the same"


async def _any_bytes(it: BrokerTrial) -> None:
    start, _ = await it.topic.tail(0)
    payloads = [b"", bytes(range(256)), b"\r\n", b"x" * 300_000]
    await it.write(*payloads)
    assert payloads_of(await read_on(it.topic, start, 4)) == payloads


async def _limited(it: BrokerTrial) -> None:
    start, _ = await it.topic.tail(0)
    await it.write(*numbered(250))
    assert payloads_of(await it.topic.read(start, limit=3, wait=0)) == numbered(3)
    assert payloads_of(await read_on(it.topic, start, 250, limit=7)) == numbered(250)


async def _tail(it: BrokerTrial) -> None:
    await it.write(*numbered(10))
    position, entries = await it.topic.tail(3)
    assert payloads_of(entries) == [b"7", b"8", b"9"]
    assert entries[-1].position == position
    assert payloads_of((await it.topic.tail(100))[1]) == numbered(10)
    assert list((await it.topic.tail(0))[1]) == []
    await it.write(b"next")
    assert payloads_of(await read_on(it.topic, position, 1)) == [b"next"]


async def _woken(it: BrokerTrial) -> None:
    start, _ = await it.topic.tail(0)
    async with coroutine_scope() as scope:
        readers = [scope.async_(read_on, it.again(), start, 1) for _ in range(3)]
        await anyio.sleep(0.05)
        await it.write(b"news")
        for reader in readers:
            assert payloads_of(await reader) == [b"news"]


async def _waits_so_long(it: BrokerTrial) -> None:
    start, _ = await it.topic.tail(0)
    began = anyio.current_time()
    assert list(await it.topic.read(start, limit=1, wait=0.2)) == []
    assert 0.1 <= anyio.current_time() - began < 2.0
    async with coroutine_scope() as scope:
        scope.launch(lambda: it.again().read(start, limit=1, wait=2.0))
        await anyio.sleep(0.05)
        began = anyio.current_time()
        assert list(await it.topic.read(start, limit=1, wait=0)) == []
        assert anyio.current_time() - began < 1.0, "somebody waits for somebody else's reading"
        await it.write(b"end")


async def _cancelled_reader(it: BrokerTrial) -> None:
    start, _ = await it.topic.tail(0)
    for _ in range(3):
        with anyio.move_on_after(0.03):
            await it.topic.read(start, limit=10, wait=5.0)
    await it.write(b"a", b"b")
    assert payloads_of(await read_on(it.topic, start, 2)) == [b"a", b"b"]


async def _cancelled_publisher(it: BrokerTrial) -> None:
    start, _ = await it.topic.tail(0)
    for number in range(20):
        with anyio.move_on_after(0.0005 * (number % 4)):
            await it.topic.publish([b"%d" % number], producer=it.producer, first_seq=number + 1)
        await it.topic.publish([b"%d" % number], producer=it.producer, first_seq=number + 1)
    assert payloads_of(await read_on(it.topic, start, 20)) == numbered(20)


async def _once(it: BrokerTrial) -> None:
    start, newest = (await it.topic.tail(0))[0], None
    for first, payloads in ((1, [b"1", b"2"]), (1, [b"1", b"2"]), (2, [b"2", b"3"]), (1, [b"1"]), (4, [b"4"])):
        newest = await it.topic.publish(payloads, producer=it.producer, first_seq=first)
    assert payloads_of(await read_on(it.topic, start, 4)) == [b"1", b"2", b"3", b"4"]
    assert (await it.topic.tail(1))[0] == newest


async def _producers(it: BrokerTrial) -> None:
    start, _ = await it.topic.tail(0)

    async def produce(name: str) -> None:
        for number in range(20):
            for _ in range(2):  # each of them twice
                payload = b"%s%d" % (name.encode(), number)
                await it.again().publish([payload], producer=name, first_seq=number + 1)

    async with coroutine_scope() as scope:
        for name in "abc":
            scope.launch(produce, name)
    got = payloads_of(await read_on(it.topic, start, 60))
    for prefix in (b"a", b"b", b"c"):
        mine = [each for each in got if each.startswith(prefix)]
        assert mine == numbered(20, prefix), "not in the order of its producer"


async def _join(it: BrokerTrial) -> None:
    await it.write(*numbered(50))

    async def go_on() -> None:
        for number in range(50, 200):
            await it.write(b"%d" % number)

    async with coroutine_scope() as scope:
        scope.launch(go_on)
        for _ in range(5):
            topic = it.again()
            position, entries = await topic.tail(20)
            assert len(entries) == 20
            got = [*entries, *await read_on(topic, position, 200 - position.offset)]
            assert payloads_of(got) == numbered(200)[-len(got) :], "between joining and reading something was lost"


async def _compare(it: BrokerTrial) -> None:
    start, _ = await it.topic.tail(1)
    first = await it.topic.compare_and_publish(start, b"first")
    assert first is not None, "it was as expected"
    assert first.offset == 1
    assert await it.topic.compare_and_publish(start, b"late") is None
    assert (await it.topic.tail(5))[0] == first
    won: list[Position] = []

    async def try_it(number: int) -> None:
        position = await it.again().compare_and_publish(first, b"%d" % number)
        if position is not None:
            won.append(position)

    async with coroutine_scope() as scope:
        for number in range(10):
            scope.launch(try_it, number)
    assert len(won) == 1, f"{len(won)} have won"
    assert len(await read_on(it.topic, start, 2)) == 2


async def _trimmed(it: BrokerTrial) -> None:
    topic = it.again(Retention(20, 600.0))
    start, _ = await topic.tail(0)
    for number in range(60):
        await it.write(*numbered(25, b"%d-" % number), topic=topic)
    position, missing, received = start, 0, 0
    while position.offset < 1500:
        items = await topic.read(position, limit=50, wait=5.0)
        assert items
        for item in items:
            if isinstance(item, Gap):
                assert item.reason is GapReason.TRIMMED
                assert item.after == position
                assert item.missing == item.resumed.offset - position.offset
                missing += item.resumed.offset - position.offset
                position = item.resumed
            else:
                assert item.position.offset == position.offset + 1
                received += 1
                position = item.position
    assert missing + received == 1500
    assert missing > 0, "the log keeps everything"
    assert received >= 20, "the log does not keep as much as it was asked to"


async def _unknown(it: BrokerTrial) -> None:
    await it.write(*numbered(3))
    items = await it.topic.read(Position(1, 1), limit=10, wait=1.0)
    gap = items[0]
    assert isinstance(gap, Gap), "that position was in another log"
    assert (gap.reason, gap.after, gap.missing) == (GapReason.RESET, Position(1, 1), None)
    first = items[1] if len(items) > 1 else (await it.topic.read(gap.resumed, limit=1, wait=1.0))[0]
    assert isinstance(first, Entry)
    assert first.position.offset == gap.resumed.offset + 1


async def _resolved(it: BrokerTrial) -> None:
    start, _ = await it.topic.tail(0)
    newest = await it.write(*numbered(3))
    for position in (start, Position(newest.epoch, 2), newest):
        assert await it.topic.resolve(position) == position
    assert await it.topic.resolve(Position(newest.epoch, 4)) is None
    assert await it.topic.resolve(Position(1, 2)) is None


async def _many(it: BrokerTrial) -> None:
    names = [f"{it.name}-{number}" for number in range(40)]
    names += [f"{it.name} {odd}" for odd in ("with blanks", "{braces}", "Größe", "a:b/c*?[d]", "%s", "'\"\\")]

    async def one(name: str) -> None:
        topic = it.broker.topic(name, LOT)
        start, _ = await topic.tail(0)
        async with coroutine_scope() as scope:
            reading = scope.async_(read_on, topic, start, 30)
            for number in range(30):
                await topic.publish([b"%s %d" % (name.encode(), number)], producer="p", first_seq=number + 1)
            assert payloads_of(await reading) == numbered(30, name.encode() + b" ")

    async with coroutine_scope() as scope:
        for name in names:
            scope.launch(one, name)


async def _idle(it: BrokerTrial) -> None:
    topics = [it.broker.topic(f"{it.name}-{number}", LOT) for number in range(20)]
    starts = [(await topic.tail(0))[0] for topic in topics]
    async with coroutine_scope() as scope:
        for topic, start in zip(topics, starts, strict=True):
            scope.launch(partial(topic.read, start, limit=1, wait=0.6))
        await anyio.sleep(0.1)
        began = time.process_time()
        await anyio.sleep(0.4)
        spent = time.process_time() - began
    assert spent < 0.2, f"waiting costs {spent:.2f} s of computing in 0.4 s"


class BrokerPromise(NamedTuple):
    """A sentence, and what checks it."""

    words: str
    check: Callable[[BrokerTrial], Awaitable[None]]


TOPIC_PROMISES = (
    BrokerPromise("a log that nobody has written to is empty, at offset 0", _begins_empty),
    BrokerPromise("entries are read in the order in which they were published, at offsets without a hole", _in_order),
    BrokerPromise("a payload is any bytes", _any_bytes),
    BrokerPromise("a read gives at most as many entries as were asked for", _limited),
    BrokerPromise("the tail is the newest entries and the position behind them", _tail),
    BrokerPromise("who waits is woken by the next entry", _woken),
    BrokerPromise("a read waits as long as it was told to, and keeps nobody else waiting", _waits_so_long),
    BrokerPromise("a read that is cancelled takes nothing away", _cancelled_reader),
    BrokerPromise("publishing again what was cancelled has it in the log once", _cancelled_publisher),
    BrokerPromise("a number of a producer is in the log once, however often it is published", _once),
    BrokerPromise("producers do not disturb each other", _producers),
    BrokerPromise("between the tail and the first read nothing is lost", _join),
    BrokerPromise("of all who compare and publish at one position, one wins", _compare),
    BrokerPromise("what was trimmed is told to the number", _trimmed),
    BrokerPromise("a position of another log is a RESET", _unknown),
    BrokerPromise("a position of today is called as it is, and one of another log is unknown", _resolved),
    BrokerPromise("many topics work side by side, whatever they are called", _many),
    BrokerPromise("waiting costs nothing", _idle),
)
