"""A feed of a broker's flow: its positions are those of the log, and every process can go on where another one was."""

from __future__ import annotations

from typing import Any

import pytest

from flowws import coroutine_scope
from flowws.brokers import MemoryBroker, Position, Retention
from flowws.feeds import Gap
from flowws.testing import TestScope, conversation
from flowws.websocket import MemoryServer, WebSocketClient, WebSocketServer

from .brokered_ground import back, drained, gap, numbers, process, subscribed
from .faulty_broker import EPOCH, FaultyBroker, FaultyLog
from .ground import Kept, at, expect, update

pytestmark = pytest.mark.anyio


async def test_the_positions_are_those_of_the_log_at_every_server(test_scope: TestScope) -> None:
    log = FaultyLog()
    log.append(*numbers(1, 2, 3))
    async with process(log) as one, process(log) as two:
        async with (
            conversation(one.server, "/feed?filter=null") as here,
            conversation(two.server, "/feed?filter=odd") as there,
        ):
            await expect(here, subscribed(3))
            await expect(there, subscribed(3))
            await one.flow.emit(4)
            await one.flow.flush()
            await two.flow.emit(5)
            await expect(here, update(4, 4), update(5, 5))
            await expect(there, update(5, 5))
        assert str(one.feed.position) == str(two.feed.position) == at(5)


@pytest.mark.parametrize("kept", [0, 3, 100])
async def test_a_client_goes_on_at_another_server(test_scope: TestScope, kept: int) -> None:
    """What it missed comes from the memory of that server and, where it is older, from the broker."""
    log = FaultyLog()
    async with process(log) as one:
        async with conversation(one.server, "/feed?filter=null") as peer:
            await expect(peer, subscribed(0))
            await one.flow.emit(1)
            await expect(peer, update(1, 1))
        log.append(*numbers(*range(2, 301)))
    async with process(log, resume=kept) as two:
        log.append(*numbers(301, 302, 303, 304))
        async with conversation(two.server, back(1)) as peer:
            await expect(peer, subscribed(1, resumed=True), *[update(number, number) for number in range(2, 305)])
            await two.flow.emit(305)
            await expect(peer, update(305, 305))
            await drained(peer)


async def test_a_client_that_knows_more_than_this_server_has_heard_waits_for_it(test_scope: TestScope) -> None:
    log = FaultyLog()
    async with process(log) as one, process(log) as two:
        two.broker.hear(is_heard=False)
        await one.flow.emit(1)
        await one.flow.emit(2)
        async with conversation(one.server, back(0)) as peer:
            await expect(peer, subscribed(0, resumed=True), update(1, 1), update(2, 2))
        async with conversation(two.server, back(2)) as peer:
            await drained(peer)
            assert two.feed.position == Position(EPOCH, 0)
            await one.flow.emit(3)
            two.broker.hear()
            await expect(peer, subscribed(2, resumed=True), update(3, 3))
            await drained(peer)
    assert two.feed.stats.gaps == 0


async def test_who_leaves_while_it_waits_is_forgotten(test_scope: TestScope) -> None:
    log = FaultyLog()
    async with process(log) as one, process(log) as two:
        its_log: Any = two.feed._hub.log
        two.broker.hear(is_heard=False)
        await one.flow.emit(1)
        async with conversation(one.server, back(0)) as peer:
            await expect(peer, subscribed(0, resumed=True), update(1, 1))
        for _ in range(3):
            async with conversation(two.server, back(1)) as peer:
                await drained(peer)
                assert len(its_log._waiting) == 1
            await test_scope.run_current()
        assert not its_log._waiting


async def test_a_position_that_nobody_has_told_is_refused(test_scope: TestScope) -> None:
    log = FaultyLog()
    log.append(*numbers(1, 2))
    async with process(log) as one:
        for offset, epoch in (3, EPOCH), (1, EPOCH + 1), (1, 7):
            async with conversation(one.server, back(offset, epoch)) as peer:
                await expect(peer, subscribed(2), gap(None, 2))


async def test_who_comes_before_the_log_is_joined_waits(test_scope: TestScope) -> None:
    log = FaultyLog()
    log.append(*numbers(1, 2))
    broker = FaultyBroker(log)
    broker.go_away()
    app = WebSocketServer()
    feed = app.feed("/feed", broker.shared_flow("numbers", int))
    async with (
        broker,
        MemoryServer(app) as server,
        conversation(server, "/feed?filter=null") as new,
        conversation(server, back(1)) as old,
    ):
        await drained(new)
        await drained(old)
        assert str(feed.position) == "0-0"
        broker.come_back()
        await expect(new, subscribed(2))
        await expect(old, subscribed(1, resumed=True), update(2, 2))
        log.append(*numbers(3))
        for peer in new, old:
            await expect(peer, update(3, 3))


async def test_what_is_replayed_to_new_subscribers_is_no_news(test_scope: TestScope) -> None:
    log = FaultyLog()
    log.append(*numbers(*range(1, 11)))
    async with (
        process(log, flow={"replay": 5}) as one,
        conversation(one.server, "/feed?filter=null") as peer,
        conversation(one.server, back(2)) as old,
    ):
        await expect(peer, subscribed(10))
        await expect(old, subscribed(2, resumed=True), *[update(number, number) for number in range(3, 11)])
        log.append(*numbers(11))
        await expect(peer, update(11, 11))
        await expect(old, update(11, 11))


async def test_those_who_come_back_together_are_read_for_once(test_scope: TestScope) -> None:
    log = FaultyLog()
    log.append(*numbers(*range(1, 101)))
    async with process(log, resume=0) as one:
        peers = [conversation(one.server, back(10)) for _ in range(20)]
        entered = [await each.__aenter__() for each in peers]
        for peer in entered:
            await expect(peer, subscribed(10, resumed=True), *[update(number, number) for number in range(11, 101)])
        for each in peers:
            await each.__aexit__(None, None, None)
        assert log.reads == 1
        assert one.feed.stats.encodings == 90


async def test_who_leaves_while_it_is_read_for_others_does_not_keep_them_from_it(test_scope: TestScope) -> None:
    log = FaultyLog()
    log.append(*numbers(1, 2, 3))
    async with (
        process(log, resume=0) as one,
        conversation(one.server, back(1)) as first,
        conversation(one.server, back(1)) as second,
    ):
        await test_scope.run_current()
        first.wire.reset()
        await expect(second, subscribed(1, resumed=True), update(2, 2), update(3, 3))


async def test_while_the_broker_is_away_clients_come_and_go(test_scope: TestScope) -> None:
    log = FaultyLog()
    async with process(log, resume=2) as one:
        log.append(*numbers(1, 2, 3, 4))
        await test_scope.run_current()
        one.broker.go_away()
        async with conversation(one.server, back(2)) as recent, conversation(one.server, back(1)) as older:
            await expect(recent, subscribed(2, resumed=True), update(3, 3), update(4, 4))
            await drained(older)
            one.broker.come_back()
            await expect(older, subscribed(1, resumed=True), update(2, 2), update(3, 3), update(4, 4))


async def test_a_feed_that_is_closed_while_the_broker_is_away_lets_nobody_wait(
    test_scope: TestScope, caplog: pytest.LogCaptureFixture
) -> None:
    log = FaultyLog()
    log.append(*numbers(1, 2))
    async with process(log, resume=0) as one:
        one.broker.go_away()
        async with conversation(one.server, back(1)) as peer:
            await drained(peer)
            one.feed.close()
            one.broker._is_connected()  # yet it is not
            await expect(peer, {"error": "the feed has failed", "code": "failed", "id": 0})
        assert repr(one.feed._hub.log) == f"<BrokerLog {at(2)}, 0 kept>"
        one.broker.come_back()
    assert "BrokerUnavailableError: away" in caplog.text


# ---------------------------------------------------------------------------------------------------------- the client


async def test_a_client_keeps_its_position_through_it_all(test_scope: TestScope) -> None:
    log = FaultyLog()
    async with process(log) as one, process(log) as two:
        feed = WebSocketClient(engine=one.server.engine).feed("ws://localhost/feed", int, markers=True)
        heard: list[object] = []
        async with coroutine_scope() as scope:
            collecting = feed.on_each(lambda news: heard.append((news, feed.position))).launch_in(scope)
            await one.feed.clients.first(lambda count: count == 1)
            log.append(*numbers(1))
            log.restart()
            log.append(*numbers(2))
            log.save()
            log.append(*numbers(3))
            await test_scope.run_current()
            log.roll_back()
            log.append(*numbers(30))
            await test_scope.run_current()
            log.restart()
            log.append(*numbers(4), *numbers(6))
            await test_scope.run_current()
            await collecting.cancel_and_join()
        rolled_back = Position(EPOCH + 2, 2)
        assert heard == [
            (1, Position(EPOCH, 1)),
            (2, Position(EPOCH + 1, 2)),
            (3, Position(EPOCH + 1, 3)),
            (Gap(None, "restart", rolled_back), rolled_back),
            (30, Position(EPOCH + 2, 3)),
            (4, Position(EPOCH + 3, 4)),
            (6, Position(EPOCH + 3, 5)),
        ]
        there = WebSocketClient(engine=two.server.engine).feed("ws://localhost/feed", int, after=rolled_back)
        assert await there.take(2).to_list() == [30, 4]
        assert there.position == Position(EPOCH + 3, 4)


# ------------------------------------------------------------------------------------------------------- at the door


async def test_a_view_of_the_flow_is_as_good(test_scope: TestScope) -> None:
    async with MemoryBroker() as broker:
        numbers = broker.shared_flow("numbers", int, retention=Retention(10))
        app = WebSocketServer()
        feed = app.feed("/feed", numbers.as_shared_flow())
        await numbers.emit(1)
        await numbers.flush()
        await test_scope.run_current()
        assert feed.position == numbers.position
        assert feed.position.offset == 1


def test_a_log_of_its_own_is_refused() -> None:
    source = MemoryBroker().shared_flow("numbers", int)
    with pytest.raises(ValueError, match="the log of a broker's flow is the broker's: resume must be a number, not <"):
        WebSocketServer().feed("/feed", source, resume=Kept())
