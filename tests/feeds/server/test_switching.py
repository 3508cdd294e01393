"""A change of the filter: each update is under the old one or the new one, whatever is on its way."""

from __future__ import annotations

from contextlib import AsyncExitStack

import anyio
import pytest

from flowws.feeds.filters import Filter
from flowws.testing import TestScope, conversation
from flowws.websocket import MemoryServer

from .ground import at, expect, numbers, sliced_rounds, update

pytestmark = pytest.mark.anyio


async def test_what_is_emitted_in_the_same_turn_is_under_one_of_the_two(test_scope: TestScope) -> None:
    app, source, _ = numbers()
    async with conversation(app, "/feed?filter=even") as peer:
        await peer.expect_json()
        for number in (1, 2):
            source.try_emit(number)
        await peer.send_json({"filter": "odd", "id": 0})
        await test_scope.run_current()
        for number in (3, 4):
            source.try_emit(number)
        await expect(peer, update(2, 2), {"filter": "odd", "id": 0, "at": at(2)}, update(3, 3))
        await peer.expect_nothing()


@pytest.mark.parametrize("place", range(6))
async def test_nobody_is_hurried_by_a_change_in_the_midst_of_a_round(place: int, test_scope: TestScope) -> None:
    """One client asks for something else meanwhile."""
    app, source, feed = numbers()
    async with MemoryServer(app) as server, AsyncExitStack() as stack:
        stack.enter_context(sliced_rounds())
        wanted = ["even", "odd", "odd", "even", "odd", "even"]
        peers = [await stack.enter_async_context(conversation(server, f"/feed?filter={each}")) for each in wanted]
        await stack.enter_async_context(conversation(server, "/feed?filter=small"))
        for peer in peers:
            await peer.expect_json()
        source.try_emit(1)
        source.try_emit(2)
        await peers[place].send_json({"filter": "odd", "id": 0})
        await test_scope.run_current()
        source.try_emit(3)
        source.try_emit(4)
        before = update(1, 1) if wanted[place] == "odd" else update(2, 2)
        await expect(peers[place], before, {"filter": "odd", "id": 0, "at": at(2)}, update(3, 3))
        for number, peer in enumerate(peers):
            if number != place:
                odd, even = [update(1, 1), update(3, 3)], [update(2, 2), update(4, 4)]
                await expect(peer, *(odd if wanted[number] == "odd" else even))
            await peer.expect_nothing()
        source.try_emit(5)
        source.try_emit(6)
        await peers[place].send_json({"filter": "small", "id": 0})
        await test_scope.run_current()
        assert feed.stats.lagging == 0  # though nothing has come that would be for it


async def test_what_waits_for_a_slow_client_comes_before_the_acknowledgement(test_scope: TestScope) -> None:
    app, source, feed = numbers()
    async with MemoryServer(app, capacity=1) as server, conversation(server, "/feed?filter=even") as peer:
        await peer.expect_json()
        peer.wire.hold(towards="peer")
        for number in range(6):
            source.try_emit(number)
            await test_scope.run_current()
        await peer.send_json({"filter": "odd", "id": 0})
        await test_scope.run_current()
        for number in range(6, 10):
            source.try_emit(number)
            await test_scope.run_current()
        assert feed.stats.lagging == 1
        peer.wire.flow()
        await expect(
            peer,
            *[update(number, number + 1) for number in (0, 2, 4)],
            {"filter": "odd", "id": 0, "at": at(6)},
            *[update(number, number + 1) for number in (7, 9)],
        )
        await peer.expect_nothing()
        assert feed.stats.lagging == 0


async def test_a_filter_that_is_refused_leaves_the_old_one_in_force(test_scope: TestScope) -> None:
    app, source, _ = numbers()
    async with conversation(app, "/feed?filter=even") as peer:
        await peer.expect_json()
        await peer.send_json({"filter": ["eq", 7, 7], "id": 0})
        assert (await peer.expect_json())["code"] == "bad-filter"
        for number in range(4):
            source.try_emit(number)
        await expect(peer, update(0, 1), update(2, 3))


async def test_the_snapshot_is_as_new_as_the_updates_are_old(test_scope: TestScope) -> None:
    held: list[int] = []
    app, source, _ = numbers(snapshot=lambda wanted: [each for each in held if wanted(each)])

    def emit(number: int) -> None:
        held.append(number)
        source.try_emit(number)

    async with conversation(app, "/feed?filter=even") as peer:
        await expect(
            peer,
            {"subscribed": "", "id": 0, "resumed": False},
            {"snapshot": [], "id": 0, "at": at(0)},
        )
        for number in range(4):
            emit(number)
        await peer.send_json({"filter": "odd", "id": 0})
        await test_scope.run_current()
        emit(4)
        emit(5)
        await expect(
            peer,
            update(0, 1),
            update(2, 3),
            {"filter": "odd", "id": 0},
            {"snapshot": [1, 3], "id": 0, "at": at(4)},
            update(5, 6),
        )


async def test_switches_one_after_the_other_without_waiting(test_scope: TestScope) -> None:
    app, source, _ = numbers()
    async with conversation(app, "/feed?filter=even") as peer:
        await peer.expect_json()
        for name in ("odd", "small", None, "even"):
            await peer.send_json({"filter": name, "id": 0})
        await expect(peer, *[{"filter": name, "id": 0, "at": at(0)} for name in ("odd", "small", None, "even")])
        source.try_emit(1)
        source.try_emit(2)
        await expect(peer, update(2, 2))


@pytest.mark.parametrize("driver_fails", [False, True])
async def test_a_switch_while_a_snapshot_is_being_taken_begins_the_next_one(
    test_scope: TestScope, driver_fails: bool
) -> None:
    taken: list[str | None] = []

    async def snapshot(wanted: Filter) -> list[str | None]:
        if wanted.name == "even":
            try:
                await anyio.sleep_forever()
            finally:
                if driver_fails:  # as some do when they are cancelled
                    raise RuntimeError("the connection to the database is lost")
        taken.append(wanted.name)
        return [wanted.name]

    app, source, _ = numbers(snapshot=snapshot)
    async with conversation(app, "/feed?filter=even") as peer:
        await expect(peer, {"subscribed": "", "id": 0, "resumed": False})
        source.try_emit(2)
        await test_scope.run_current()
        await peer.send_json({"filter": "odd", "id": 0})
        await expect(peer, {"filter": "odd", "id": 0}, {"snapshot": ["odd"], "id": 0, "at": at(1)})
        source.try_emit(3)
        await expect(peer, update(3, 2))
        await peer.expect_nothing(7200)
    assert taken == ["odd"]


async def test_a_client_that_never_reads_is_not_read_either(test_scope: TestScope) -> None:
    """Each switch has to be acknowledged before the next: thousands of them take no memory here."""
    app, source, feed = numbers()
    async with MemoryServer(app, capacity=1) as server, conversation(server, "/feed?filter=even", timeout=60) as peer:
        await peer.expect_json()
        peer.wire.hold(towards="peer")
        source.try_emit(2)
        await test_scope.run_current()
        for number in range(50):
            await peer.send_json({"filter": ("odd", "even")[number % 2], "id": 0})
            await test_scope.run_current()
        assert feed.stats.lagging == feed.clients.value == 1
        peer.wire.flow()
        await expect(peer, update(2, 1))
        for number in range(50):
            await expect(peer, {"filter": ("odd", "even")[number % 2], "id": 0, "at": at(1)})


async def test_the_filters_of_one_client_are_bounded_together(test_scope: TestScope) -> None:
    app, _, _ = numbers()
    large = ["or", *[["eq", "age", number] for number in range(63)]]
    refusal = {"error": "the filters of one connection have at most 256 parts", "code": "too-many"}
    async with conversation(app, "/feed") as peer:
        for number in range(4):
            await peer.send_json({"subscribe": "", "id": number, "filter": large})
            await expect(peer, {"subscribed": "", "id": number, "at": at(0), "resumed": False})
        await peer.send_json({"subscribe": "", "id": 4})
        await expect(peer, {**refusal, "id": 4})
        await peer.send_json({"filter": None, "id": 3})
        await expect(peer, {"filter": None, "id": 3, "at": at(0)})
        await peer.send_json({"subscribe": "", "id": 4})
        await expect(peer, {"subscribed": "", "id": 4, "at": at(0), "resumed": False})
        await peer.send_json({"filter": large, "id": 4})
        await expect(peer, {**refusal, "id": 4})
