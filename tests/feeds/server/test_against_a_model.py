"""Whatever happens, in whatever order: what a client gets is what its filters say, or is told to be missing."""

from __future__ import annotations

from contextlib import AsyncExitStack, nullcontext
from typing import Any

import anyio
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from flowws import Lag, MutableSharedFlow
from flowws.feeds import Filter, ServedFeed, Snapshot
from flowws.testing import Peer, TestScope, conversation, run_test
from flowws.websocket import MemoryServer, WebSocketServer

from .ground import NAMES, arrived, offset_of, passes, sliced_rounds

CLIENTS = 3
LAGS = {
    "oldest": Lag.DROP_OLDEST,
    "latest": Lag.DROP_LATEST,
    "conflate": Lag.CONFLATE,
    "by key": Lag.conflate_by(lambda value: value % 3),
}
client = st.integers(0, CLIENTS - 1)
wanted = st.sampled_from([None, *NAMES])
steps = st.one_of(
    st.tuples(st.just("emit"), st.integers(0, 9)),
    st.tuples(st.just("emit"), st.integers(0, 9)),
    st.tuples(st.just("burst"), st.integers(2, 9)),
    st.tuples(st.just("settle"), st.none()),
    st.tuples(st.just("wait"), st.none()),
    st.tuples(st.just("stall"), client),
    st.tuples(st.just("flow"), client),
    st.tuples(st.just("switch"), st.tuples(client, wanted)),
    st.tuples(st.just("gone"), client),
    st.tuples(st.just("anew"), client),
)


class Client:
    """One client, what it knows, and whether that is the truth."""

    def __init__(self, updates: list[int], epoch: int, *, has_snapshot: bool) -> None:
        self.updates = updates  # of the feed; the offset of the first is 1
        self.epoch = epoch
        self.has_snapshot = has_snapshot
        self.filter: str | None = None
        self.asked: list[str | None] = []  # filters that are not acknowledged
        self.at: int | None = None  # the offset behind which it is; None: subscribed to nothing
        self.after: int | None = None  # where it asked to go on
        self.waits_for_snapshot = False

    def begin(self, after: int | None) -> str:
        """The URL to connect to."""
        self.at, self.after, self.asked, self.waits_for_snapshot = None, after, [], False
        name = "null" if self.filter is None else self.filter
        return f"/feed?filter={name}" + ("" if after is None else f"&after={self.epoch}-{after}")

    def hear(self, said: dict[str, Any]) -> None:
        assert said.get("id") == 0, said
        if "subscribed" in said:
            assert self.at is None
            assert not self.waits_for_snapshot
            self.waits_for_snapshot = self.has_snapshot and not said["resumed"]
            assert ("at" not in said) == self.waits_for_snapshot
            self.at = None if self.waits_for_snapshot else offset_of(said["at"])
            assert said["resumed"] is False or self.at == self.after
            return
        assert self.at is not None or self.waits_for_snapshot, f"before the acknowledgement: {said}"
        if "update" in said:
            assert not self.waits_for_snapshot
            assert (said["at"], said["update"]) == self.due(1)[0], said
            self.at = said["at"]
        elif "filter" in said:
            assert said["filter"] == self.asked.pop(0)
            assert ("at" not in said) == self.has_snapshot
            if not self.has_snapshot:
                at = offset_of(said["at"])
                assert not [each for each in self.due() if each[0] <= at], "lost by a switch"
                self.at = at
            self.filter, self.waits_for_snapshot = said["filter"], self.has_snapshot
        elif "snapshot" in said:
            assert self.waits_for_snapshot
            self.at, self.waits_for_snapshot = offset_of(said["at"]), False
            assert said["snapshot"] == [each for each in self.updates[: self.at] if passes(self.filter, each)]
        else:
            assert "gap" in said, said
            self.hear_gap(said)

    def hear_gap(self, said: dict[str, Any]) -> None:
        at = offset_of(said["at"])
        if said["reason"] == "trimmed":
            assert self.after is not None
            assert said["gap"] == at - self.after > 0
            self.waits_for_snapshot = self.has_snapshot
        else:
            assert said["reason"] == "lag"
            assert not self.waits_for_snapshot
            missing = self.due(said["gap"])
            assert len(missing) == said["gap"] > 0
            assert missing[-1][0] <= at
            following = [each for each in self.due()[said["gap"] :] if each[0] <= at]
            assert not following, f"more is missing than {said}: {following}"
        self.at = at

    def due(self, count: int | None = None) -> list[tuple[int, int]]:
        """The updates that have to come next."""
        assert self.at is not None
        behind = enumerate(self.updates[self.at :], start=self.at + 1)
        return [each for each in behind if passes(self.filter, each[1])][:count]

    def check_the_end(self) -> None:
        assert self.asked == []
        assert not self.waits_for_snapshot
        assert self.at is not None
        assert self.due() == []


class World:
    """A server, its clients, and what happens to them."""

    def __init__(self, scope: TestScope, stack: AsyncExitStack, lag: Lag, resume: int, snapshot: str) -> None:
        self.scope, self.stack, self.snapshot = scope, stack, snapshot
        self.source = MutableSharedFlow[int]()
        self.updates: list[int] = []
        app = WebSocketServer()
        self.feed: ServedFeed = app.feed(
            "/feed",
            self.source,
            filter=NAMES,
            lag=lag,
            backlog=3,
            resume=resume,
            snapshot={"bare": None, "exact": self.exact, "late": self.late}[snapshot],
            revision=(lambda value: value // 10) if snapshot == "late" else None,
        )
        self.server = MemoryServer(app, capacity=70)
        epoch = self.feed.position.epoch
        self.clients = [Client(self.updates, epoch, has_snapshot=snapshot != "bare") for _ in range(CLIENTS)]
        self.peers: list[Peer] = []
        self.ends: list[AsyncExitStack] = []

    def exact(self, wanted: Filter) -> list[int]:
        return [each for each in self.updates if wanted(each)]

    async def late(self, wanted: Filter) -> Snapshot[int]:
        await anyio.sleep(1)
        snapshot = Snapshot(self.exact(wanted), revision=len(self.updates))
        await anyio.sleep(1)
        return snapshot

    async def begin(self) -> None:
        await self.stack.enter_async_context(self.server)
        for number in range(CLIENTS):
            self.peers.append(await self.connect(number, None))

    async def connect(self, number: int, after: int | None) -> Peer:
        end = AsyncExitStack()
        peer = await end.enter_async_context(conversation(self.server, self.clients[number].begin(after)))
        self.ends[number : number + 1] = [end]
        self.stack.push_async_exit(end)
        return peer

    async def do(self, verb: str, what: Any) -> None:
        if verb == "emit":
            self.emit(what)
        elif verb == "burst":
            for value in range(what):
                self.emit(value)
        elif verb == "settle":
            await self.scope.run_current()
            for number in range(CLIENTS):
                self.listen(number)
        elif verb == "wait":
            await self.scope.advance_time_by(0.7)
        elif verb == "stall":
            self.peers[what].wire.hold(towards="peer")
        elif verb == "flow":
            self.peers[what].wire.flow()
        elif verb == "switch":
            await self.switch(*what)
        else:
            await self.come_back(what, resumed=verb == "gone")

    def emit(self, digit: int) -> None:
        """The first digits of an update are its revision, the last one is for the filters."""
        self.updates.append(10 * (len(self.updates) + 1) + digit)
        assert self.source.try_emit(self.updates[-1])

    def listen(self, number: int) -> None:
        for said in arrived(self.peers[number]):
            self.clients[number].hear(said)

    async def switch(self, number: int, name: str | None) -> None:
        if len(self.clients[number].asked) < 5:  # a client whose messages are not read has to wait at last
            self.clients[number].asked.append(name)
            await self.peers[number].send_json({"filter": name, "id": 0})

    async def come_back(self, number: int, *, resumed: bool) -> None:
        client, peer = self.clients[number], self.peers[number]
        self.listen(number)
        peer.wire.flow()
        peer.hang_up()
        await self.ends[number].aclose()
        knows = resumed and client.at is not None and not client.waits_for_snapshot
        self.peers[number] = await self.connect(number, client.at if knows else None)

    async def finish(self) -> None:
        for peer in self.peers:
            peer.wire.flow()
        await self.scope.advance_time_by(30)
        for number, client in enumerate(self.clients):
            self.listen(number)
            client.check_the_end()
        assert self.feed.stats.lagging == 0 or self.snapshot == "late"  # who is ahead waits for the next update
        assert self.feed.clients.value == CLIENTS


@pytest.mark.parametrize("backend", ["asyncio", "trio"])
@pytest.mark.parametrize("snapshot", ["bare", "exact", "late"])
@pytest.mark.parametrize("lag", LAGS)
@settings(max_examples=10, deadline=None)
@given(steps=st.lists(steps, max_size=40), resume=st.sampled_from([0, 4, 1000]), is_sliced=st.booleans())
def test_each_client_gets_what_its_filter_says(
    backend: Any, lag: str, snapshot: str, steps: list[tuple[str, Any]], resume: int, is_sliced: bool
) -> None:
    async def story(scope: TestScope) -> None:
        async with AsyncExitStack() as stack:
            world = World(scope, stack, LAGS[lag], resume, snapshot)
            await world.begin()
            for verb, what in steps:
                await world.do(verb, what)
            await world.finish()
        assert world.feed.clients.value == 0

    with sliced_rounds() if is_sliced else nullcontext():
        run_test(story, backend=backend)
