"""A client that does not keep up: nobody waits for it, and what it misses is counted and told, to the update."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any

import pytest
from anyio.lowlevel import checkpoint

from flowws import Lag
from flowws.feeds import ServedFeed
from flowws.testing import Peer, TestScope, conversation
from flowws.websocket import MemoryServer

from .ground import arrived, expect, numbers, sliced_rounds, update

pytestmark = pytest.mark.anyio


def gap(missed: int, at: int) -> dict[str, Any]:
    return {"gap": missed, "id": 0, "at": at, "reason": "lag"}


@asynccontextmanager
async def stalled(test_scope: TestScope, count: int, **options: Any) -> AsyncIterator[tuple[Peer, ServedFeed]]:
    """A client that has read nothing of these numbers, and now reads again: the first is in its socket."""
    app, source, feed = numbers(**options)
    async with MemoryServer(app, capacity=1) as server, conversation(server, "/feed?filter=null") as peer:
        await peer.expect_json()
        peer.wire.hold(towards="peer")
        for number in range(1, count + 1):
            source.try_emit(number)
            await test_scope.run_current()
        yield peer, feed


async def heard(peer: Peer, test_scope: TestScope) -> list[dict[str, Any]]:
    peer.wire.flow()
    await test_scope.run_current()
    return arrived(peer)


async def test_nothing_is_lost_while_there_is_room(test_scope: TestScope) -> None:
    async with stalled(test_scope, 5, backlog=4) as (peer, feed):
        assert feed.stats.lagging == 1
        assert await heard(peer, test_scope) == [update(number, number) for number in range(1, 6)]
        stats = feed.stats
        assert (stats.delivered, stats.dropped, stats.gaps, stats.lagging) == (5, 0, 0, 0)


async def test_drop_oldest(test_scope: TestScope) -> None:
    async with stalled(test_scope, 10, backlog=3) as (peer, feed):
        assert feed.stats.dropped == 6
        assert await heard(peer, test_scope) == [
            update(1, 1),
            gap(6, 7),
            *[update(number, number) for number in (8, 9, 10)],
        ]
        assert feed.stats.gaps == 1


async def test_drop_latest(test_scope: TestScope) -> None:
    async with stalled(test_scope, 10, backlog=3, lag=Lag.DROP_LATEST) as (peer, feed):
        assert feed.stats.dropped == 6
        assert await heard(peer, test_scope) == [
            *[update(number, number) for number in (1, 2, 3, 4)],
            gap(6, 10),
        ]


async def test_conflate(test_scope: TestScope) -> None:
    async with stalled(test_scope, 10, lag=Lag.CONFLATE) as (peer, _):
        assert await heard(peer, test_scope) == [update(1, 1), gap(8, 9), update(10, 10)]


async def test_conflate_by_a_key_keeps_the_order_of_the_feed(test_scope: TestScope) -> None:
    lag = Lag.conflate_by(lambda number: 0 if number == 9 else number % 3)
    async with stalled(test_scope, 10, lag=lag) as (peer, feed):
        assert await heard(peer, test_scope) == [
            update(1, 1),
            gap(6, 7),
            update(8, 8),
            update(9, 9),
            update(10, 10),
        ]
        assert feed.stats.dropped == 6


async def test_disconnect_closes_with_1013(test_scope: TestScope) -> None:
    async with stalled(test_scope, 4, lag=Lag.DISCONNECT(3)) as (peer, feed):
        assert feed.stats.disconnected == 1
        assert feed.clients.value == 0
        peer.wire.flow()
        await expect(peer, update(1, 1))
        await peer.expect_close(1013, "too slow for this feed")


async def test_disconnect_bears_what_it_says(test_scope: TestScope) -> None:
    async with stalled(test_scope, 3, lag=Lag.DISCONNECT(3)) as (peer, feed):
        assert await heard(peer, test_scope) == [update(number, number) for number in (1, 2, 3)]
        assert feed.stats.disconnected == 0


async def test_a_key_that_fails_ends_the_subscription(test_scope: TestScope, caplog: pytest.LogCaptureFixture) -> None:
    def key(number: int) -> int:
        return 1 // (number - 3)

    async with stalled(test_scope, 5, lag=Lag.conflate_by(key)) as (peer, feed):
        peer.wire.flow()
        await expect(peer, update(1, 1), gap(2, 3), {"error": "the feed has failed", "code": "failed", "id": 0})
        assert feed.clients.value == 0
    assert "ZeroDivisionError" in caplog.text


async def test_a_slow_client_delays_nobody(test_scope: TestScope) -> None:
    app, source, feed = numbers(backlog=2)
    async with (
        MemoryServer(app, capacity=1) as server,
        conversation(server, "/feed?filter=null") as slow,
        conversation(server, "/feed?filter=null") as quick,
    ):
        await slow.expect_json()
        await quick.expect_json()
        slow.wire.hold(towards="peer")
        for number in range(1, 100):
            source.try_emit(number)
            await expect(quick, update(number, number))
        assert (feed.stats.lagging, feed.stats.dropped) == (1, 96)
        slow.wire.flow()
        await expect(slow, update(1, 1), gap(96, 97), update(98, 98), update(99, 99))
        source.try_emit(100)
        await expect(slow, update(100, 100))
        assert feed.stats.lagging == 0


async def test_what_waits_together_leaves_in_one_write(test_scope: TestScope) -> None:
    async with stalled(test_scope, 50) as (peer, feed):
        assert len(await heard(peer, test_scope)) == 50
        assert feed.stats.encodings == feed.stats.frames_built == 50


@pytest.mark.parametrize("turns", range(6))
async def test_who_is_too_slow_in_the_midst_of_a_round_is_out_once(turns: int, test_scope: TestScope) -> None:
    app, source, feed = numbers(lag=Lag.DISCONNECT(1), backlog=1)
    with sliced_rounds():
        async with MemoryServer(app) as server, AsyncExitStack() as stack:
            peers = [await stack.enter_async_context(conversation(server, "/feed?filter=odd")) for _ in range(6)]
            for peer in peers:
                await peer.expect_json()
            for value in 1, 3, 5:
                source.try_emit(value)
            await peers[-1].send_json({"filter": "even", "id": 0})  # what is due to it is more than may wait
            for _ in range(turns):
                await checkpoint()
            source.try_emit(7)
            source.try_emit(9)
            await test_scope.run_current()
            assert feed.stats.disconnected <= 1
