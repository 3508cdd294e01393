"""A server that comes back with an older copy of the log, while the reader was away."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any

import anyio
import pytest

from flowws.brokers import BrokerUnavailableError, Entry, Gap, GapReason, Position, RedisBroker
from flowws.brokers.redis._link import Link

from .conftest import StartRedis
from .server import RedisServer


async def test_a_rollback_says_how_much_was_lost_and_what_is_new_arrives_all(start_redis: StartRedis):
    (gap, *entries), seen = await what_follows_a_rollback(await start_redis())
    assert isinstance(gap, Gap)
    assert gap.reason is GapReason.ROLLBACK
    assert gap.missing == 500
    assert gap.after == seen
    assert (gap.resumed.epoch > seen.epoch, gap.resumed.offset) == (True, 1000)
    assert payloads(entries) == [f"new {number}" for number in range(1000)]
    assert offsets(entries) == list(range(1001, 2001))


async def test_control_a_single_counter_loses_without_a_word(start_redis: StartRedis, monkeypatch: pytest.MonkeyPatch):
    """What the epochs are for: where a restart is not noticed, the same 500 are lost, and nobody says so."""
    introduce = Link._introduce

    async def without_run_id(link: Link) -> None:
        await introduce(link)
        link.run_id = b"always the same"

    monkeypatch.setattr(Link, "_introduce", without_run_id)
    items, _ = await what_follows_a_rollback(await start_redis())
    assert payloads(items) == [f"new {number}" for number in range(500, 1000)]
    assert not any(isinstance(item, Gap) for item in items)


async def test_a_rollback_is_told_although_nothing_new_comes(start_redis: StartRedis):
    server = await start_redis()
    async with RedisBroker(server.url) as broker:
        topic = broker.topic("numbers")
        await topic.publish([b"1", b"2"], producer="p", first_seq=1)
        server.ask("SAVE")
        seen = await topic.publish([b"3"], producer="p", first_seq=3)
        await server.restart()
        (gap,) = await again(lambda: topic.read(seen, limit=10, wait=10))
        assert gap == Gap(GapReason.ROLLBACK, seen, Position(seen.epoch, 2), 1)
        new = await topic.publish([b"4"], producer="p", first_seq=4)
        assert await topic.read(gap.resumed, limit=10, wait=0) == [Entry(new, b"4")]
        assert new.epoch > seen.epoch
        assert await topic.resolve(seen) is None
        assert await topic.resolve(gap.resumed) == Position(new.epoch, 2)


async def test_a_log_that_goes_on_after_a_restart_has_no_gap_and_old_positions_are_good(start_redis: StartRedis):
    server = await start_redis(appendonly="yes", appendfsync="always")
    async with RedisBroker(server.url) as broker:
        topic = broker.topic("numbers")
        places = [await topic.publish([b"0"], producer="p", first_seq=1)]
        for number in range(1, 4):
            await server.restart()
            places.append(await again(partial(topic.publish, [b"%d" % number], producer="p", first_seq=number + 1)))
        assert [place.offset for place in places] == [1, 2, 3, 4]
        assert len({place.epoch for place in places}) == 4
        start = Position(places[0].epoch, 0)
        everything = [Entry(place, b"%d" % number) for number, place in enumerate(places)]
        assert await topic.read(start, limit=10, wait=0) == everything
        # What a position is called today is as good, and reaches back into earlier epochs.
        for number, place in enumerate(places):
            today = await topic.resolve(place)
            assert today == Position(places[-1].epoch, number + 1)
            assert list(await topic.read(today, limit=10, wait=0)) == everything[number + 1 :]
            if everything[number + 1 :]:
                assert await broker.topic("numbers").read(today, limit=10, wait=10) == everything[number + 1 :]


async def test_the_chain_remembers_sixty_four_epochs(redis: RedisServer):
    async with RedisBroker(redis.url) as broker:
        topic = broker.topic("numbers")
        places: list[Position] = []
        for number in range(70):  # as if each came from another start of the server
            broker._keeper.link.run_id = b"run %d" % number
            places.append(await topic.publish([b"x"], producer="p", first_seq=number + 1))
        found = [await topic.resolve(place) for place in places]
        assert found == [None] * 6 + [Position(places[-1].epoch, number) for number in range(7, 71)]
        entries = [Entry(place, b"x") for place in places]
        assert await broker.topic("numbers").read(places[6], limit=100, wait=0) == entries[7:]
        first, second, *_ = await broker.topic("numbers").read(places[0], limit=2, wait=0)
        assert first == Gap(GapReason.RESET, places[0], Position(places[1].epoch, 1), None)
        assert second == entries[1]


async def what_follows_a_rollback(server: RedisServer) -> tuple[Sequence[Any], Position]:
    """Saved after 1000, killed after 1500, and 1000 more are written before the reader is back."""
    async with RedisBroker(server.url) as here, RedisBroker(server.url) as there:
        topic = there.topic("numbers")
        await here.topic("numbers").publish([b"old"] * 1000, producer="p", first_seq=1)
        server.ask("SAVE")
        await here.topic("numbers").publish([b"old"] * 500, producer="p", first_seq=1001)
        seen, _ = await topic.tail(1)
        assert seen.offset == 1500
        await server.restart()
        new = [f"new {number}".encode() for number in range(1000)]
        await again(lambda: here.topic("numbers").publish(new, producer="p", first_seq=1501))
        return await again(lambda: topic.read(seen, limit=5000, wait=10)), seen


async def again(ask: Any) -> Any:
    """Ask until the broker is there."""
    with anyio.fail_after(10):
        while True:
            try:
                return await ask()
            except BrokerUnavailableError:
                await anyio.sleep(0.01)


def payloads(items: Sequence[Any]) -> list[str]:
    return [item.payload.decode() for item in items if isinstance(item, Entry)]


def offsets(items: Sequence[Any]) -> list[int]:
    return [item.position.offset for item in items]
