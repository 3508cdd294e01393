"""The log of a broker breaks off, or goes on in another epoch: every client hears of it, in its place."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AsyncExitStack
from typing import Any

import anyio
import pytest
from anyio.lowlevel import checkpoint

from flowws import BufferOverflow
from flowws.feeds import Filter, Snapshot
from flowws.feeds.filters import EVERYTHING
from flowws.testing import TestScope, conversation

from .brokered_ground import back, drained, gap, numbers, process, progress, subscribed
from .faulty_broker import EPOCH, FaultyLog
from .ground import NAMES, at, expect, sliced_rounds, update

pytestmark = pytest.mark.anyio


@pytest.mark.parametrize("on_gap", ["raise", "deliver", print])
async def test_what_the_process_has_missed_is_a_gap_behind_what_is_pending(test_scope: TestScope, on_gap: Any) -> None:
    log = FaultyLog()
    async with process(log, flow={"on_gap": on_gap}) as one, conversation(one.server, "/feed?filter=odd") as peer:
        await expect(peer, subscribed(0))
        log.append(*numbers(1, 3))
        await test_scope.run_current()
        one.broker.hear(is_heard=False)
        log.append(*numbers(5, 7, 9, 11))
        log.trim(1)
        one.broker.hear()
        await expect(peer, update(1, 1), update(3, 2), gap(3, 5), update(11, 6))
        await drained(peer)
        assert one.feed.stats.lagging == 0
        async with conversation(one.server, back(2)) as late, conversation(one.server, back(5)) as well:
            await expect(late, subscribed(6), gap(4, 6))
            await expect(well, subscribed(5, resumed=True), update(11, 6))


async def test_a_gap_is_followed_by_a_snapshot_of_now(test_scope: TestScope) -> None:
    log = FaultyLog()
    state: list[str] = []
    async with process(log, snapshot=lambda _: state) as one, conversation(one.server, "/feed?filter=null") as peer:
        await expect(peer, {"subscribed": "", "id": 0, "resumed": False}, {"snapshot": [], "id": 0, "at": at(0)})
        log.append(*numbers(1))
        await expect(peer, update(1, 1))
        log.append(*numbers(2, 3, 4))
        log.trim(1)
        state.append("now")
        await expect(peer, {**gap(2, 3), "then": "snapshot"}, {"snapshot": ["now"], "id": 0, "at": at(4)})
        log.append(*numbers(5))
        await expect(peer, update(5, 5))


async def test_after_a_restart_of_the_broker_the_epoch_is_told_and_nothing_else(test_scope: TestScope) -> None:
    log = FaultyLog()
    async with process(log) as one, conversation(one.server, "/feed?filter=null") as peer:
        await expect(peer, subscribed(0))
        log.append(*numbers(1))
        log.restart()
        log.append(*numbers(2, 3))
        await expect(peer, update(1, 1), progress(1, EPOCH + 1), update(2, 2), update(3, 3))
        # A token of either epoch is good for all of it.
        for offset, epoch in (0, EPOCH), (1, EPOCH), (1, EPOCH + 1):
            async with conversation(one.server, back(offset, epoch)) as again:
                await expect(again, subscribed(offset, EPOCH + 1, resumed=True))
                await expect(again, *[update(number, number) for number in range(offset + 1, 4)])
        async with conversation(one.server, back(2, EPOCH)) as again:  # that epoch has never had a second update
            await expect(again, subscribed(3, EPOCH + 1), gap(None, 3, EPOCH + 1))
    assert one.feed.stats.gaps == 1


async def test_what_the_broker_has_forgotten_is_a_new_beginning(test_scope: TestScope) -> None:
    """The same offsets come again, with other values: none of the old may be sent for a new one."""
    log = FaultyLog()
    async with process(log) as one, conversation(one.server, "/feed?filter=null") as peer:
        await expect(peer, subscribed(0))
        log.append(*numbers(1))
        log.save()
        log.append(*numbers(2, 3))
        await expect(peer, update(1, 1), update(2, 2), update(3, 3))
        log.roll_back()
        log.append(*numbers(20, 30, 40))
        await expect(peer, gap(None, 1, EPOCH + 1), update(20, 2), update(30, 3), update(40, 4))
        async with conversation(one.server, back(3)) as lost, conversation(one.server, back(1)) as well:
            await expect(lost, subscribed(4, EPOCH + 1), gap(None, 4, EPOCH + 1))
            await expect(well, subscribed(1, EPOCH + 1, resumed=True), update(20, 2), update(30, 3), update(40, 4))
        log.reset()
        log.append(*numbers(5))
        await expect(peer, gap(None, 0, EPOCH + 2), update(5, 1))


async def test_an_update_that_cannot_be_read_is_counted(test_scope: TestScope) -> None:
    log = FaultyLog()
    async with process(log) as one, conversation(one.server, "/feed?filter=null") as peer:
        await expect(peer, subscribed(0))
        log.append(b"1", b'"two"', b"3")
        await expect(peer, update(1, 1), gap(1, 2), update(3, 3))
        async with conversation(one.server, back(0)) as late:
            await expect(late, subscribed(0, resumed=True), update(1, 1), gap(2, 3))


async def test_what_the_flow_itself_drops_is_counted(test_scope: TestScope) -> None:
    options = {"extra_buffer_capacity": 1, "on_buffer_overflow": BufferOverflow.DROP_LATEST}
    log = FaultyLog()
    async with process(log, flow=options) as one, conversation(one.server, "/feed?filter=null") as peer:
        await expect(peer, subscribed(0))
        slow = aiter(one.flow)
        log.append(*numbers(1, 2, 3))
        await test_scope.run_current()
        assert await anext(slow) == 1
        await slow.aclose()
        log.append(*numbers(4))
        await expect(peer, update(1, 1), gap(2, 3), update(4, 4))


async def test_a_client_that_is_behind_hears_it_all_in_order(test_scope: TestScope) -> None:
    log = FaultyLog()
    async with process(log, backlog=3, capacity=1) as one, conversation(one.server, "/feed?filter=null") as peer:
        await expect(peer, subscribed(0))
        peer.wire.hold(towards="peer")
        for number in range(1, 7):  # the first is on its way, and then three have room
            log.append(*numbers(number))
            await test_scope.run_current()
        log.save()
        log.append(*numbers(7))
        await test_scope.run_current()
        log.roll_back()
        log.append(*numbers(70))
        await test_scope.run_current()
        log.restart()
        log.append(*numbers(80, 90))
        await test_scope.run_current()
        peer.wire.flow()
        await expect(
            peer,
            update(1, 1),
            {"gap": 6, "id": 0, "at": 7, "reason": "lag"},
            gap(None, 6, EPOCH + 1),
            update(70, 7),
            progress(7, EPOCH + 2),
            update(80, 8),
            update(90, 9),
        )
        await drained(peer)
        assert one.feed.stats.lagging == 0


async def test_who_is_told_of_too_many_gaps_is_too_slow(test_scope: TestScope) -> None:
    log = FaultyLog()
    async with process(log, backlog=3, capacity=1) as one, conversation(one.server, "/feed?filter=null") as peer:
        await expect(peer, subscribed(0))
        peer.wire.hold(towards="peer")
        for number in range(20):
            log.append(*numbers(number))
            log.restart()
            await test_scope.run_current()
        assert (one.feed.stats.disconnected, one.feed.clients.value) == (1, 0)
        peer.wire.flow()
        await peer.expect_json()
        await peer.expect_close(1013)


async def test_gaps_with_nothing_in_between_are_one(test_scope: TestScope) -> None:
    log = FaultyLog()
    async with process(log) as one, conversation(one.server, "/feed?filter=null") as peer:
        await expect(peer, subscribed(0))
        log.append(*numbers(1, 2, 3))
        log.save()
        log.append(*numbers(4, 5))
        await test_scope.run_current()
        log.roll_back()
        log.append(*numbers(*range(6, 16)))
        log.trim(2)  # 3 is forgotten, and then so many are missing that it does not matter
        await expect(peer, *[update(number, number) for number in range(1, 6)])
        await expect(peer, gap(None, 11, EPOCH + 1), update(14, 12), update(15, 13))
        assert one.feed.stats.gaps == 1


@pytest.mark.parametrize("known", [0, 1, 2, 3], ids=lambda known: f"of revision {known}")
async def test_a_restart_while_a_snapshot_is_taken(test_scope: TestScope, known: int) -> None:
    """Whatever the snapshot knows already, the epoch is told, and nothing is missing or comes twice."""
    log = FaultyLog()
    release = anyio.Event()

    async def snapshot(_: object) -> Snapshot[str]:
        await release.wait()
        return Snapshot([f"up to {known}"], revision=known)

    options: dict[str, Any] = {"snapshot": snapshot, "revision": lambda value: value}
    async with process(log, **options) as one, conversation(one.server, "/feed?filter=null") as peer:
        await expect(peer, {"subscribed": "", "id": 0, "resumed": False})
        log.append(*numbers(1))
        log.restart()
        log.append(*numbers(2, 3))
        await test_scope.run_current()
        release.set()
        epoch = EPOCH + (known > 1)
        await expect(peer, {"snapshot": [f"up to {known}"], "id": 0, "at": at(known, epoch)})
        await expect(peer, *[update(1, 1)] * (known < 1), *[progress(1, EPOCH + 1)] * (known < 2))
        await expect(peer, *[update(number, number) for number in (2, 3) if number > known])
        await drained(peer)


@pytest.mark.parametrize("is_there", [True, False])
@pytest.mark.parametrize("turns", range(0, 32, 2))
async def test_who_comes_or_changes_while_two_restarts_are_on_their_way(
    is_there: bool, turns: int, test_scope: TestScope
) -> None:
    """In whichever of all these moments: what follows the acknowledgement is what the log says behind it."""
    log = FaultyLog()
    with sliced_rounds():
        async with process(log) as one, AsyncExitStack() as stack:
            wanted = ["null", *NAMES]
            peers = [await stack.enter_async_context(conversation(one.server, f"/feed?filter={it}")) for it in wanted]
            for peer in peers:
                await expect(peer, subscribed(0))
            log.append(*numbers(1))
            log.restart()
            log.append(*numbers(2))
            log.restart()
            log.append(*numbers(3))
            for _ in range(turns):
                await checkpoint()
            peer = peers[-1]
            if is_there:
                await peer.send_json({"filter": None, "id": 0})
            else:
                peer = await stack.enter_async_context(conversation(one.server, "/feed?filter=null"))
            behind = {
                at(0): [update(1, 1), progress(1, EPOCH + 1), update(2, 2), progress(2, EPOCH + 2), update(3, 3)],
                at(1): [progress(1, EPOCH + 1), update(2, 2), progress(2, EPOCH + 2), update(3, 3)],
                at(2, EPOCH + 1): [progress(2, EPOCH + 2), update(3, 3)],
                at(3, EPOCH + 2): [],
            }
            before = iter(behind[at(0)])
            while (told := await peer.expect_json()).keys().isdisjoint({"subscribed", "filter"}):
                assert told == next(before)
            await expect(peer, *behind[told["at"]])
            await drained(peer)


async def test_what_the_broker_forgets_before_it_is_delivered_comes_once(
    test_scope: TestScope, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("flowws.feeds.server._hub.SLICE", 3600.0)  # each round in one piece, however slow the machine
    log = FaultyLog()
    async with (
        process(log, capacity=1) as one,
        conversation(one.server, "/feed?filter=null") as other,
        conversation(one.server, "/feed?filter=small") as peer,
    ):
        await expect(other, subscribed(0))
        await expect(peer, subscribed(0))
        rounds: list[Callable[[], object]] = []
        one.feed._hub._soon = rounds.append
        peer.wire.hold(towards="peer")
        for number in 1, 2:  # one is on its way, one waits
            log.append(*numbers(number))
            await test_scope.run_current()
            rounds.pop()()
        log.append(*numbers(3))
        await test_scope.run_current()
        await peer.send_json({"filter": None, "id": 0})
        await test_scope.run_current()
        log.roll_back()
        log.append(*numbers(4))  # under an offset that is known already
        await test_scope.run_current()
        peer.wire.flow()
        await expect(peer, update(1, 1), update(2, 2), update(3, 3), {"filter": None, "id": 0, "at": at(3)})
        await test_scope.run_current()
        rounds.pop()()
        await expect(peer, gap(None, 0, EPOCH + 1), update(4, 1))
        await drained(peer)
        assert rounds == []


@pytest.mark.parametrize("turns", range(0, 24, 2))
async def test_a_snapshot_that_is_there_while_a_restart_is_on_its_way(turns: int, test_scope: TestScope) -> None:
    """In whichever of all these moments it is there: the epoch is told once, and nothing comes twice."""
    log = FaultyLog()
    release = anyio.Event()

    async def snapshot(wanted: Filter) -> Snapshot[str]:
        if wanted is EVERYTHING:
            await release.wait()
            for _ in range(turns):
                await checkpoint()
        return Snapshot(["up to 2"], revision=2)

    options: dict[str, Any] = {"snapshot": snapshot, "revision": lambda value: value}
    with sliced_rounds():
        async with process(log, **options) as one, AsyncExitStack() as stack:
            for name in NAMES:  # their audiences hear first
                await stack.enter_async_context(conversation(one.server, f"/feed?filter={name}"))
            peer = await stack.enter_async_context(conversation(one.server, "/feed?filter=null"))
            await expect(peer, {"subscribed": "", "id": 0, "resumed": False})
            log.append(*numbers(1))
            log.restart()
            log.append(*numbers(2, 3))
            release.set()
            told = await peer.expect_json()
            if told == {"snapshot": ["up to 2"], "id": 0, "at": at(2, EPOCH + 1)}:
                await expect(peer, update(3, 3))
            else:
                assert told["at"] in (at(0), at(1))
                await expect(peer, progress(1, EPOCH + 1), update(3, 3))
            await drained(peer)


async def test_a_log_that_goes_back_while_it_is_replayed(test_scope: TestScope) -> None:
    log = FaultyLog()
    log.append(*numbers(*range(1, 201)))
    log.save()
    log.append(*numbers(*range(201, 301)))
    async with process(log, resume=0) as one, conversation(one.server, back(0), timeout=10) as peer:
        await expect(peer, subscribed(0, resumed=True), *[update(number, number) for number in range(1, 129)])
        log.roll_back()
        log.append(*numbers(*range(1201, 1401)))
        heard = [await peer.expect_json()]
        while "update" in heard[-1]:
            heard.append(await peer.expect_json())
        *updates, missing = heard
        assert updates == [update(number, number) for number in range(129, 129 + len(updates))]
        assert missing == gap(300 - 128 - len(updates), 300)
        await expect(peer, gap(None, 200, EPOCH + 1), *[update(1000 + number, number) for number in range(201, 401)])
        await drained(peer)


async def test_who_comes_back_before_it_is_heard_that_the_log_has_gone_back(test_scope: TestScope) -> None:
    log = FaultyLog()
    log.append(*numbers(1, 2))
    log.save()
    async with process(log) as one:
        log.restart()
        log.append(*numbers(3))
        await test_scope.run_current()
        log.roll_back()
        async with conversation(one.server, back(1)) as peer:
            await peer.expect_nothing()
            log.append(*numbers(4))
            await expect(peer, subscribed(1, EPOCH + 2, resumed=True), update(2, 2), update(4, 3))
            await drained(peer)


async def test_another_filter_is_asked_for_while_a_gap_waits_to_be_told(test_scope: TestScope) -> None:
    log = FaultyLog()
    async with (
        process(log, snapshot=lambda wanted: ["all"], capacity=1) as one,
        conversation(one.server, "/feed?filter=odd") as peer,
    ):
        await peer.expect_json()
        await peer.expect_json()
        peer.wire.hold(towards="peer")
        log.append(*numbers(1, 3))
        await test_scope.run_current()
        log.append(*numbers(5, 7, 9))
        log.trim(1)
        await test_scope.run_current()
        await peer.send_json({"filter": "even", "id": 0})
        await test_scope.run_current()
        peer.wire.flow()
        await expect(peer, update(1, 1), update(3, 2), gap(2, 4), update(9, 5))
        await expect(peer, {"filter": "even", "id": 0}, {"snapshot": ["all"], "id": 0, "at": at(5)})
        log.append(*numbers(11, 12))
        await expect(peer, update(12, 7))


async def test_when_the_broker_has_refused_the_feed_has_failed(
    test_scope: TestScope, caplog: pytest.LogCaptureFixture
) -> None:
    log = FaultyLog()
    async with process(log) as one, conversation(one.server, "/feed?filter=null") as peer:
        await expect(peer, subscribed(0))
        one.broker.hear(is_heard=False)
        one.flow.close()
        async with conversation(one.server, back(7)) as ahead:
            await expect(peer, {"end": None, "id": 0})
            await expect(ahead, subscribed(0), gap(None, 0), {"end": None, "id": 0})
