"""A client whose filter lets nothing pass for long is told where it is, or its position would be forgotten."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from flowws import MutableSharedFlow
from flowws.feeds import Snapshot
from flowws.testing import TestScope, conversation
from flowws.websocket import MemoryServer, WebSocketServer

from .ground import NAMES, Kept, at, expect, numbers, update

pytestmark = pytest.mark.anyio

NEVER: dict[str, Callable[[int], bool]] = {**NAMES, "never": lambda _: False, "late": lambda value: value > 500}


def progress(offset: int, id: int = 0) -> dict[str, int]:
    return {"progress": offset, "id": id}


async def emit(source: MutableSharedFlow[int], scope: TestScope, first: int, last: int) -> None:
    """One by one, each in a round of its own."""
    for number in range(first, last + 1):
        source.try_emit(number)
        await scope.run_current()


async def test_who_hears_nothing_for_long_is_told_where_it_is(test_scope: TestScope) -> None:
    app, source, feed = numbers(filter=NEVER)
    async with (
        MemoryServer(app) as server,
        conversation(server, "/feed?filter=never") as one,
        conversation(server, "/feed?filter=never") as two,
    ):
        await one.expect_json()
        await two.expect_json()
        await emit(source, test_scope, 1, 255)
        await one.expect_nothing()
        await emit(source, test_scope, 256, 512)
        for peer in one, two:
            await expect(peer, progress(256), progress(512))
        assert (feed.stats.delivered, feed.stats.encodings, feed.stats.lagging) == (0, 0, 0)


async def test_an_update_says_it_as_well(test_scope: TestScope) -> None:
    app, source, _ = numbers(filter=NEVER)
    async with conversation(app, "/feed?filter=late") as peer:
        await peer.expect_json()
        await emit(source, test_scope, 1, 501)
        await expect(peer, progress(256), update(501, 501))
        for number in range(400, 500):
            source.try_emit(number)
        await emit(source, test_scope, 1, 155)
        await peer.expect_nothing()
        await emit(source, test_scope, 1, 1)
        await expect(peer, progress(757))


@pytest.mark.parametrize(("kept", "every"), [(10, 64), (400, 100), (4000, 256)])
async def test_it_is_told_in_time_for_what_is_kept(test_scope: TestScope, kept: int, every: int) -> None:
    app, source = WebSocketServer(), MutableSharedFlow[int]()
    app.feed("/feed", source, filter=NEVER, resume=kept)
    async with conversation(app, "/feed?filter=never") as peer:
        await peer.expect_json()
        await emit(source, test_scope, 1, 2 * every - 1)
        await expect(peer, progress(every))
        await peer.expect_nothing()


async def test_a_client_that_is_lost_again_and_again_has_lost_nothing(test_scope: TestScope) -> None:
    """Each time it is away while as much happens as is kept: of all that, nothing passes."""
    app, source, feed = numbers(filter=NEVER, resume=Kept(300))
    async with MemoryServer(app) as server:
        for seen in 0, 290, 580:
            await emit(source, test_scope, 1, 290)
            async with conversation(server, f"/feed?filter=never&after={at(seen)}") as peer:
                await expect(peer, {"subscribed": "", "id": 0, "at": at(seen), "resumed": True}, progress(seen + 290))
    assert feed.stats.gaps == 0


async def test_who_is_slow_is_told_by_what_waits(test_scope: TestScope) -> None:
    app, source, feed = numbers(filter=NEVER)
    async with MemoryServer(app, capacity=1) as server, conversation(server, "/feed?filter=late") as peer:
        await peer.expect_json()
        peer.wire.hold(towards="peer")
        await emit(source, test_scope, 501, 503)
        await emit(source, test_scope, 1, 300)
        assert feed.stats.lagging == 1
        peer.wire.flow()
        await expect(peer, *[update(number, number - 500) for number in (501, 502, 503)])
        await emit(source, test_scope, 1, 300)
        await expect(peer, progress(515))
        assert (feed.stats.lagging, feed.stats.gaps) == (0, 0)


async def test_what_cannot_leave_at_once_is_left_out(test_scope: TestScope) -> None:
    app, source, feed = numbers(filter=NEVER)
    async with MemoryServer(app, capacity=1) as server, conversation(server, "/feed?filter=late") as peer:
        await peer.expect_json()
        peer.wire.hold(towards="peer")
        await emit(source, test_scope, 1, 256)  # the progress is in the socket
        await emit(source, test_scope, 1, 256)
        await emit(source, test_scope, 501, 501)
        peer.wire.flow()
        await expect(peer, progress(256), update(501, 513))
        assert (feed.stats.lagging, feed.stats.gaps) == (0, 0)


@pytest.mark.parametrize("revision", [None, 0, 100])
async def test_where_a_snapshot_was_ahead_of_the_feed(test_scope: TestScope, revision: int | None) -> None:
    """As it is after each restart. Once the feed has got there, the client is no slow one."""
    app, source, feed = numbers(
        filter=NEVER,
        snapshot=lambda _: Snapshot([], revision=revision),
        revision=lambda value: value,
        resume=Kept(1024),
    )
    async with conversation(app, "/feed?filter=never") as peer:
        await expect(peer, {"subscribed": "", "id": 0, "resumed": False}, {"snapshot": [], "id": 0, "at": at(0)})
        await emit(source, test_scope, 1, 520)
        assert feed.stats.lagging == 0
        await expect(peer, progress(256), progress(512))
