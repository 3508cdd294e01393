"""What a client begins with: everything as it is now, of its filter, without a hole between that and the updates."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import anyio
import pytest

from flowws import Lag, MutableSharedFlow, MutableStateFlow
from flowws.feeds import Snapshot
from flowws.feeds.filters import Filter
from flowws.testing import TestScope, conversation
from flowws.websocket import WebSocketServer

from .ground import Kept, at, expect, numbers, update

pytestmark = pytest.mark.anyio
BEGUN = {"subscribed": "", "id": 0, "resumed": False}


class People:
    """A table whose snapshot takes time, and may know of updates that are emitted later."""

    def __init__(self, *, resume: Any = None, **options: Any) -> None:
        self.revision = 0
        self.release = anyio.Event()
        self.source = MutableSharedFlow[int]()
        self.app = WebSocketServer()
        self.feed = self.app.feed(
            "/feed",
            self.source,
            snapshot=self.snapshot,
            revision=lambda value: value,
            resume=Kept() if resume is None else resume,
            **options,
        )

    async def snapshot(self, _: Filter) -> Snapshot[str]:
        await self.release.wait()
        return Snapshot([f"as of {self.revision}"], revision=self.revision)

    def emit(self, *revisions: int) -> None:
        for revision in revisions:
            self.source.try_emit(revision)


@pytest.mark.parametrize("make", [list, tuple, iter, Snapshot], ids=lambda make: make.__name__)
async def test_items_are_any_iterable(test_scope: TestScope, make: Callable[[Iterable[Any]], Any]) -> None:
    app, _, _ = numbers(snapshot=lambda _: make([1, "two", None]))
    async with conversation(app, "/feed?filter=null") as peer:
        await expect(peer, BEGUN, {"snapshot": [1, "two", None], "id": 0, "at": at(0)})


async def test_it_is_of_the_filter(test_scope: TestScope) -> None:
    app, _, _ = numbers(snapshot=lambda wanted: [wanted.name, *(n for n in range(4) if wanted(n))])
    async with conversation(app, "/feed?filter=even") as peer:
        await expect(peer, BEGUN, {"snapshot": ["even", 0, 2], "id": 0, "at": at(0)})


async def test_a_state_has_its_value(test_scope: TestScope) -> None:
    app, state = WebSocketServer(), MutableStateFlow(2)
    app.feed("/feed", state, filter={"even": lambda value: value % 2 == 0}, resume=Kept())
    async with conversation(app, "/feed?filter=even") as peer:
        await expect(peer, BEGUN, {"snapshot": [2], "id": 0, "at": at(0)})
        state.value = 3
        state.value = 4
        await expect(peer, update(4, 2))
    state.value = 5
    async with conversation(app, "/feed?filter=even") as peer:
        await expect(peer, BEGUN, {"snapshot": [], "id": 0, "at": at(3)})


async def test_updates_that_it_contains_do_not_follow(test_scope: TestScope) -> None:
    people = People()
    async with conversation(people.app, "/feed?filter=null") as peer:
        people.emit(1)
        await expect(peer, BEGUN)
        people.emit(2, 3, 4)
        people.revision = 3
        people.release.set()
        await expect(peer, {"snapshot": ["as of 3"], "id": 0, "at": at(3)}, update(4, 4))
        people.emit(5)
        await expect(peer, update(5, 5))


async def test_updates_that_it_contains_may_be_told_later(test_scope: TestScope) -> None:
    people = People()
    people.release.set()
    people.emit(1)
    people.revision = 3
    async with conversation(people.app, "/feed?filter=null") as peer:
        await expect(peer, BEGUN, {"snapshot": ["as of 3"], "id": 0, "at": at(1)})
        await test_scope.run_current()
        assert people.feed.stats.lagging == 1  # until the feed is as far
        people.emit(2)
        await peer.expect_nothing()
        people.emit(3, 4)
        await expect(peer, update(4, 4))
        people.emit(5)
        await expect(peer, update(5, 5))
        assert people.feed.stats.lagging == 0


async def test_an_update_of_the_same_moment_is_contained(test_scope: TestScope) -> None:
    people = People()

    async def snapshot(_: Filter) -> Snapshot[str]:
        await people.release.wait()
        people.emit(1, 2)
        return Snapshot(["as of 1"], revision=1)

    people.app.feed("/moment", people.source, snapshot=snapshot, revision=lambda value: value, resume=Kept())
    async with conversation(people.app, "/moment?filter=null") as peer:
        await peer.expect_json(BEGUN)
        people.release.set()
        await expect(peer, {"snapshot": ["as of 1"], "id": 0, "at": at(1)}, update(2, 2))
        await peer.expect_nothing()


async def test_what_gave_way_but_is_contained_is_not_missing(test_scope: TestScope) -> None:
    people = People(backlog=2, resume=2)
    epoch = people.feed.position.epoch
    async with conversation(people.app, "/feed?filter=null") as peer:
        await expect(peer, BEGUN)
        people.emit(*range(1, 10))
        await test_scope.run_current()
        people.revision = 5
        people.release.set()
        await expect(
            peer,
            {"snapshot": ["as of 5"], "id": 0, "at": at(5, epoch)},
            {"gap": 2, "id": 0, "at": 7, "reason": "lag"},
            update(8, 8),
            update(9, 9),
        )


@pytest.mark.parametrize("lag", [Lag.DROP_OLDEST, Lag.DROP_LATEST, Lag.CONFLATE, Lag.DISCONNECT(3)], ids=repr)
async def test_that_it_takes_its_time_is_not_the_fault_of_the_client(test_scope: TestScope, lag: Lag) -> None:
    people = People(lag=lag, backlog=2)
    async with conversation(people.app, "/feed?filter=null") as peer:
        await expect(peer, BEGUN)
        people.emit(*range(1, 100))
        await test_scope.run_current()
        people.revision = 5
        people.release.set()
        await expect(peer, {"snapshot": ["as of 5"], "id": 0, "at": at(5)})
        await expect(peer, *[update(number, number) for number in range(6, 100)])
        people.emit(100)
        await expect(peer, update(100, 100))
        assert (people.feed.stats.dropped, people.feed.stats.lagging) == (0, 0)


async def test_without_revisions_nothing_is_left_out(test_scope: TestScope) -> None:
    release = anyio.Event()

    async def snapshot(_: Filter) -> list[str]:
        await release.wait()
        return ["late"]

    app, source, _ = numbers(snapshot=snapshot)
    async with conversation(app, "/feed?filter=null") as peer:
        await expect(peer, BEGUN)
        source.try_emit(1)
        await test_scope.run_current()
        release.set()
        await expect(peer, {"snapshot": ["late"], "id": 0, "at": at(0)}, update(1, 1))


async def test_one_that_takes_long_does_not_keep_the_client_from_being_heard(test_scope: TestScope) -> None:
    people = People()
    async with conversation(people.app, "/feed?filter=null") as peer:
        await expect(peer, BEGUN)
        await peer.send_json({"subscribe": "nothing", "id": 1})
        assert (await peer.expect_json())["code"] == "unknown-topic"
        await peer.send_json({"unsubscribe": 0})
        await expect(peer, {"unsubscribed": 0})
        people.release.set()
        await peer.expect_nothing()
        assert people.feed.clients.value == 0


async def test_while_it_is_taken_no_more_is_kept_than_in_the_log(test_scope: TestScope) -> None:
    people = People(lag=Lag.DISCONNECT(30), backlog=2, resume=10)
    epoch = people.feed.position.epoch
    async with conversation(people.app, "/feed?filter=null") as peer:
        await expect(peer, BEGUN)
        people.emit(*range(1, 31))
        await test_scope.run_current()
        people.release.set()
        await expect(
            peer,
            {"snapshot": ["as of 0"], "id": 0, "at": at(0, epoch)},
            {"gap": 20, "id": 0, "at": 20, "reason": "lag"},
            *[update(number, number) for number in range(21, 31)],
        )
        assert people.feed.stats.dropped == 20


@pytest.mark.parametrize("what", ["raise", "item", "text", "nothing"])
async def test_one_that_fails_ends_its_own_subscription(
    test_scope: TestScope, caplog: pytest.LogCaptureFixture, what: str
) -> None:
    def snapshot(wanted: Filter) -> Any:
        if wanted.name is None:
            return []
        if what == "raise":
            raise LookupError("the secret table is gone")
        return {"item": [object()], "text": "some", "nothing": None}[what]

    app, source, feed = numbers(snapshot=snapshot)
    async with conversation(app, "/feed?filter=even") as peer:
        await expect(peer, {"error": "the feed has failed", "code": "failed", "id": 0})
        assert feed.clients.value == 0
        await peer.send_json({"subscribe": "", "id": 0})
        await expect(peer, BEGUN, {"snapshot": [], "id": 0, "at": at(0)})
        source.try_emit(1)
        await expect(peer, update(1, 1))
    assert "a feed has failed one subscription" in caplog.text


async def test_a_revision_that_fails_ends_the_subscription(
    test_scope: TestScope, caplog: pytest.LogCaptureFixture
) -> None:
    people = People()
    async with conversation(people.app, "/feed?filter=null") as peer:
        await expect(peer, BEGUN)
        people.source.try_emit("seven")  # type: ignore[arg-type]  # an update that is not as expected
        people.revision = 7
        people.release.set()
        await expect(peer, {"error": "the feed has failed", "code": "failed", "id": 0})


@pytest.mark.parametrize(
    ("lag", "backlog"), [(Lag.CONFLATE, 64), (Lag.DROP_OLDEST, 2), (Lag.DROP_LATEST, 2), (Lag.DISCONNECT(3), 64)]
)
async def test_what_is_contained_is_no_loss(test_scope: TestScope, lag: Lag, backlog: int) -> None:
    """The table knows more than the feed has told, which goes on to tell it all at once."""
    app, source, feed = numbers(
        snapshot=lambda _: Snapshot([1, 2, 3, 4, 5], revision=5), revision=lambda value: value, lag=lag, backlog=backlog
    )
    async with conversation(app, "/feed?filter=null") as peer:
        await expect(peer, BEGUN, {"snapshot": [1, 2, 3, 4, 5], "id": 0, "at": at(0)})
        for number in (1, 2, 3, 4, 5, 6):
            source.try_emit(number)
        await expect(peer, update(6, 6))
        source.try_emit(7)
        await expect(peer, update(7, 7))
    assert (feed.stats.dropped, feed.stats.gaps, feed.stats.disconnected) == (0, 0, 0)


async def test_a_revision_that_fails_for_what_nobody_wants(
    test_scope: TestScope, caplog: pytest.LogCaptureFixture
) -> None:
    """It is asked where the client's snapshot is ahead of the feed, and ends that subscription only."""

    def revision(value: int) -> int:
        raise RuntimeError("no revision")

    app, source, _ = numbers(
        snapshot=lambda wanted: Snapshot([], revision=5 if wanted.name == "odd" else None), revision=revision
    )
    async with conversation(app, "/feed?filter=odd") as peer, conversation(app, "/feed?filter=even") as other:
        for each in (peer, other):
            await expect(each, BEGUN, {"snapshot": [], "id": 0, "at": at(0)})
        source.try_emit(2)
        await expect(other, update(2, 1))
        await expect(peer, {"error": "the feed has failed", "code": "failed", "id": 0})
    assert "no revision" in caplog.text
