"""A client that comes back: it gets what it has missed, or is told how much that is."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import anyio
import pytest

from flowws import Lag
from flowws.testing import TestScope, conversation
from flowws.websocket import MemoryServer

from .ground import EPOCH, Kept, at, expect, numbers, update

pytestmark = pytest.mark.anyio


def back(after: str, wanted: str = "null") -> str:
    return f"/feed?filter={wanted}&after={after}"


@pytest.mark.parametrize("after", [0, 3, 5])
async def test_what_was_missed_comes_then_what_is_new(test_scope: TestScope, after: int) -> None:
    app, source, feed = numbers()
    for number in range(1, 6):
        source.try_emit(number)
    async with conversation(app, back(at(after))) as peer:
        await expect(peer, {"subscribed": "", "id": 0, "at": at(after), "resumed": True})
        await expect(peer, *[update(number, number) for number in range(after + 1, 6)])
        source.try_emit(6)
        await expect(peer, update(6, 6))
        await peer.expect_nothing()
    assert (feed.stats.resumed, feed.stats.gaps) == (1, 0)


async def test_what_was_missed_passes_the_filter_too(test_scope: TestScope) -> None:
    app, source, _ = numbers()
    for number in range(1, 6):
        source.try_emit(number)
    async with conversation(app, back(at(1), "even")) as peer:
        await peer.expect_json()
        await expect(peer, update(2, 2), update(4, 4))
        await peer.expect_nothing()


async def test_a_long_absence_is_read_in_pieces(test_scope: TestScope) -> None:
    app, source, feed = numbers()
    for number in range(1, 1001):
        source.try_emit(number)
    async with conversation(app, back(at(0))) as peer, conversation(app, back(at(0))) as other:
        for each in (peer, other):
            await each.expect_json()
            await expect(each, *[update(number, number) for number in range(1, 1001)])
    assert feed.stats.delivered == 2000
    assert feed.stats.encodings == feed.stats.frames_built == 1000  # once, for both


async def test_what_is_no_longer_kept_is_counted(test_scope: TestScope) -> None:
    app, source, feed = numbers(resume=Kept(3))
    for number in range(1, 11):
        source.try_emit(number)
    async with conversation(app, back(at(6))) as peer:
        await expect(
            peer,
            {"subscribed": "", "id": 0, "at": at(10), "resumed": False},
            {"gap": 4, "id": 0, "at": at(10), "reason": "trimmed"},
        )
        source.try_emit(11)
        await expect(peer, update(11, 11))
    assert (feed.stats.resumed, feed.stats.gaps) == (0, 1)


async def test_a_gap_is_followed_by_a_snapshot(test_scope: TestScope) -> None:
    app, source, _ = numbers(resume=Kept(3), snapshot=lambda _: ["all"])
    for number in range(1, 11):
        source.try_emit(number)
    async with conversation(app, back(at(6))) as peer:
        await expect(
            peer,
            {"subscribed": "", "id": 0, "resumed": False},
            {"gap": 4, "id": 0, "at": at(10), "reason": "trimmed"},
            {"snapshot": ["all"], "id": 0, "at": at(10)},
        )
    async with conversation(app, back(at(7))) as peer:
        await expect(peer, {"subscribed": "", "id": 0, "at": at(7), "resumed": True}, update(8, 8))


@pytest.mark.parametrize("after", [at(1, EPOCH - 1), at(1, EPOCH + 1), at(6)], ids=["older", "newer", "ahead"])
async def test_a_position_of_another_life_is_told(test_scope: TestScope, after: str) -> None:
    app, source, _ = numbers()
    for number in range(1, 6):
        source.try_emit(number)
    async with conversation(app, back(after)) as peer:
        await expect(
            peer,
            {"subscribed": "", "id": 0, "at": at(5), "resumed": False},
            {"gap": None, "id": 0, "at": at(5), "reason": "restart"},
        )


async def test_what_is_emitted_during_the_replay_comes_behind_it(test_scope: TestScope) -> None:
    class Slow(Kept):
        async def read(self, after: int, limit: int) -> Sequence[tuple[int, Any]] | None:
            await anyio.sleep(1)
            return await super().read(after, min(limit, 2))

    app, source, _ = numbers(resume=Slow())
    for number in range(1, 8):
        source.try_emit(number)
    async with conversation(app, back(at(0)), timeout=60) as peer:
        for number in range(8, 20):
            await test_scope.advance_time_by(0.5)
            source.try_emit(number)
        await peer.expect_json()
        await expect(peer, *[update(number, number) for number in range(1, 20)])
        await peer.expect_nothing(60)


async def test_a_log_that_forgets_during_the_replay_makes_a_gap(test_scope: TestScope) -> None:
    class Slow(Kept):
        async def read(self, after: int, limit: int) -> Sequence[tuple[int, Any]] | None:
            await anyio.sleep(1)
            return await super().read(after, min(limit, 2))

    app, source, _ = numbers(resume=Slow(6))
    for number in range(1, 7):
        source.try_emit(number)
    async with conversation(app, back(at(0)), timeout=60) as peer:
        await test_scope.advance_time_by(1.5)
        for number in range(7, 12):
            source.try_emit(number)
        await peer.expect_json()
        await expect(
            peer,
            update(1, 1),
            update(2, 2),
            {"gap": 4, "id": 0, "at": at(6), "reason": "trimmed"},
            *[update(number, number) for number in range(7, 12)],
        )


@pytest.mark.parametrize("is_switched", [False, True], ids=["waits", "switched meanwhile"])
async def test_a_gap_during_the_replay_is_not_told_before_its_snapshot(
    test_scope: TestScope, is_switched: bool
) -> None:
    """Who is lost between the two would go on behind the gap, and do without the snapshot."""
    release = anyio.Event()

    class Forgetful(Kept):
        async def read(self, after: int, limit: int) -> Sequence[tuple[int, Any]] | None:
            return None if after >= 2 else await super().read(after, 2)

    async def snapshot(_: object) -> list[str]:
        await release.wait()
        return ["all"]

    app, source, _ = numbers(resume=Forgetful(), snapshot=snapshot)
    for number in range(1, 7):
        source.try_emit(number)
    gap = {"gap": 4, "id": 0, "at": at(6), "reason": "trimmed", "then": "snapshot"}
    async with conversation(app, back(at(0))) as peer:
        await expect(peer, {"subscribed": "", "id": 0, "at": at(0), "resumed": True}, update(1, 1), update(2, 2))
        await test_scope.run_current()
        await peer.expect_nothing()
        if is_switched:
            await peer.send_json({"filter": "even", "id": 0})
            await expect(peer, gap, {"filter": "even", "id": 0})
        release.set()
        await expect(peer, *[gap] * (not is_switched), {"snapshot": ["all"], "id": 0, "at": at(6)})


async def test_a_log_with_a_hole_is_not_believed(test_scope: TestScope) -> None:
    class Holey(Kept):
        async def read(self, after: int, limit: int) -> Sequence[tuple[int, Any]] | None:
            known = await super().read(after, limit)
            return known and known[1:]

    app, source, _ = numbers(resume=Holey())
    for number in range(1, 4):
        source.try_emit(number)
    async with conversation(app, back(at(0))) as peer:
        await peer.expect_json()
        await expect(peer, {"gap": 3, "id": 0, "at": at(3), "reason": "trimmed"})


async def test_a_log_that_cannot_be_read_fails_its_client_alone(
    test_scope: TestScope, caplog: pytest.LogCaptureFixture
) -> None:
    class Broken(Kept):
        async def read(self, after: int, limit: int) -> Sequence[tuple[int, Any]] | None:
            raise OSError("the secret disk is full")

    app, source, feed = numbers(resume=Broken())
    source.try_emit(1)
    async with MemoryServer(app) as server, conversation(server, "/feed?filter=null") as other:
        await other.expect_json()
        async with conversation(server, back(at(0))) as peer:
            await expect(peer, {"error": "the feed has failed", "code": "failed", "id": 0})
            await peer.send_json({"subscribe": "", "id": 0})
            await expect(peer, {"subscribed": "", "id": 0, "at": at(1), "resumed": False})
        source.try_emit(2)
        await expect(other, update(2, 2))
        assert feed.clients.value == 1
    assert "the secret disk is full" in caplog.text


async def test_a_log_that_cannot_take_in_ends_the_feed(test_scope: TestScope, caplog: pytest.LogCaptureFixture) -> None:
    class Full(Kept):
        def append(self, value: Any) -> int:
            if self.head == 1:
                raise OSError("the secret disk is full")
            return super().append(value)

    app, source, _ = numbers(resume=Full())
    async with conversation(app, "/feed?filter=null") as peer:
        await peer.expect_json()
        for number in range(1, 4):
            source.try_emit(number)
        await expect(peer, update(1, 1), {"end": "it failed", "id": 0})
    assert "the secret disk is full" in caplog.text


async def test_a_slow_replay_has_the_policy_of_the_feed(test_scope: TestScope) -> None:
    class Slow(Kept):
        async def read(self, after: int, limit: int) -> Sequence[tuple[int, Any]] | None:
            await anyio.sleep(10)
            return await super().read(after, limit)

    app, source, _ = numbers(resume=Slow(), lag=Lag.DROP_OLDEST, backlog=2)
    source.try_emit(1)
    async with conversation(app, back(at(0)), timeout=60) as peer:
        await test_scope.run_current()
        for number in range(2, 8):
            source.try_emit(number)
        await peer.expect_json()
        await expect(
            peer,
            update(1, 1),
            {"gap": 4, "id": 0, "at": 5, "reason": "lag"},
            update(6, 6),
            update(7, 7),
        )
