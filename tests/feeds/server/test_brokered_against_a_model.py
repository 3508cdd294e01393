"""Whatever befalls a broker's log: a client that goes from server to server gets what the log said, or is told."""

from __future__ import annotations

from contextlib import AsyncExitStack, nullcontext
from typing import Any

import orjson
import pytest
from anyio.lowlevel import checkpoint
from hypothesis import given, settings
from hypothesis import strategies as st

from flowws import Lag
from flowws.brokers import Position
from flowws.testing import Peer, TestScope, conversation, run_test
from flowws.websocket import MemoryServer, WebSocketServer

from .faulty_broker import FaultyBroker, FaultyLog
from .ground import NAMES, arrived, passes, sliced_rounds

CLIENTS, SERVERS = 3, 2
client, server = st.integers(0, CLIENTS - 1), st.integers(0, SERVERS - 1)
wanted = st.sampled_from([None, *NAMES])
steps = st.one_of(
    st.tuples(st.just("emit"), st.integers(1, 5)),
    st.tuples(st.just("emit"), st.integers(1, 5)),
    st.tuples(st.just("settle"), st.none()),
    st.tuples(st.just("settle"), st.none()),
    st.tuples(st.just("turns"), st.integers(1, 9)),
    st.tuples(st.just("wait"), st.none()),
    st.tuples(st.just("stall"), client),
    st.tuples(st.just("flow"), client),
    st.tuples(st.just("switch"), st.tuples(client, wanted)),
    st.tuples(st.just("move"), st.tuples(client, server)),
    st.tuples(st.just("deaf"), server),
    st.tuples(st.just("hear"), server),
    st.tuples(st.just("restart"), st.none()),
    st.tuples(st.just("save"), st.none()),
    st.tuples(st.just("roll back"), st.none()),
    st.tuples(st.just("reset"), st.none()),
    st.tuples(st.just("trim"), st.integers(0, 6)),
)


class Truth(FaultyLog):
    """The log, and what it has ever said."""

    def __init__(self) -> None:
        super().__init__()
        self.said: dict[int, list[int]] = {self.newest.epoch: []}  # by epoch, all updates up to the last of that epoch
        self.count = 0

    def emit(self) -> None:
        self.count += 1
        before = self.newest
        after = self.append(orjson.dumps(self.count))
        if after.epoch not in self.said:
            self.said[after.epoch] = self.said[before.epoch][: before.offset]
        self.said[after.epoch].append(self.count)

    def reset(self) -> None:
        super().reset()
        self.said[self.newest.epoch] = []


class Client:
    """One client, what it knows, and whether that is the truth."""

    def __init__(self, truth: Truth) -> None:
        self.truth = truth
        self.filter: str | None = None
        self.asked: list[str | None] = []  # filters that are not acknowledged
        self.at: Position | None = None

    @property
    def url(self) -> str:
        name = "null" if self.filter is None else self.filter
        return f"/feed?filter={name}" + ("" if self.at is None else f"&after={self.at}")

    def hear(self, said: dict[str, Any]) -> None:
        match said:
            case {"subscribed": "", "at": str(at), "resumed": True}:
                self.pass_to(at, 0)
            case {"subscribed": "", "at": str(at)}:
                self.at = Position.parse(at) if self.at is None else self.at  # there is a gap to come
            case {"update": value, "at": int(offset)}:
                assert self.at is not None
                assert self.truth.said[self.at.epoch][offset - 1] == value
                assert self.due(offset) == [value], said
                self.at = Position(self.at.epoch, offset)
            case {"filter": name, "at": str(at)}:
                assert name == self.asked.pop(0)
                self.pass_to(at, 0)
                self.filter = name
            case {"progress": str(at)}:
                self.pass_to(at, 0)
            case {"gap": int(missed), "at": int(offset), "reason": "lag"}:
                assert self.at is not None
                assert missed == len(self.due(offset)) > 0, said
                self.at = Position(self.at.epoch, offset)
            case {"gap": int(missed), "at": str(at), "reason": "trimmed"}:
                self.pass_to(at, missed)
            case {"gap": None, "at": str(at), "reason": "restart"}:
                self.at = Position.parse(at)
            case _:
                raise AssertionError(said)

    def pass_to(self, position: str, missed: int) -> None:
        """The log goes on there, and but for the last so many updates nothing was for this client."""
        at = Position.parse(position)
        assert self.at is not None
        assert at.offset - missed >= self.at.offset
        known, now = self.truth.said[self.at.epoch], self.truth.said[at.epoch]
        assert known[: self.at.offset] == now[: self.at.offset]
        assert self.due(at.offset - missed, now) == []
        self.at = at

    def due(self, until: int, said: list[int] | None = None) -> list[int]:
        """What has to come up to this offset."""
        assert self.at is not None
        said = self.truth.said[self.at.epoch] if said is None else said
        return [each for each in said[self.at.offset : until] if passes(self.filter, each)]


class World:
    """Two servers, their clients, and what happens to them."""

    def __init__(self, scope: TestScope, stack: AsyncExitStack, resume: int, lag: Lag) -> None:
        self.scope, self.stack, self.log = scope, stack, Truth()
        self.brokers = [FaultyBroker(self.log) for _ in range(SERVERS)]
        self.servers: list[MemoryServer] = []
        self.feeds = []
        for broker in self.brokers:
            app = WebSocketServer()
            source = broker.shared_flow("numbers", int)
            self.feeds.append(app.feed("/feed", source, filter=NAMES, resume=resume, backlog=3, lag=lag))
            self.servers.append(MemoryServer(app, capacity=70))
        self.clients = [Client(self.log) for _ in range(CLIENTS)]
        self.peers: list[Peer] = []
        self.ends: list[AsyncExitStack] = []

    async def begin(self) -> None:
        for broker in self.brokers:
            await self.stack.enter_async_context(broker)
        for server in self.servers:
            await self.stack.enter_async_context(server)
        for number in range(CLIENTS):
            self.peers.append(await self.connect(number, number % SERVERS))

    async def connect(self, number: int, server: int) -> Peer:
        end = AsyncExitStack()
        peer = await end.enter_async_context(conversation(self.servers[server], self.clients[number].url))
        self.ends[number : number + 1] = [end]
        self.stack.push_async_exit(end)
        return peer

    async def do(self, verb: str, what: Any) -> None:
        match verb:
            case "emit":
                for _ in range(what):
                    self.log.emit()
            case "settle":
                await self.scope.run_current()
                self.listen()
            case "turns":
                for _ in range(what):
                    await checkpoint()
            case "wait":
                await self.scope.advance_time_by(0.7)
            case "stall":
                self.peers[what].wire.hold(towards="peer")
            case "flow":
                self.peers[what].wire.flow()
            case "switch":
                number, name = what
                if len(self.clients[number].asked) < 5:
                    self.clients[number].asked.append(name)
                    await self.peers[number].send_json({"filter": name, "id": 0})
            case "move":
                await self.move(*what)
            case "deaf" | "hear":
                self.brokers[what].hear(is_heard=verb == "hear")
            case "trim":
                self.log.trim(min(what, len(self.log.entries)))
            case _:
                getattr(self.log, verb.replace(" ", "_"))()

    def listen(self) -> None:
        for client, peer in zip(self.clients, self.peers, strict=True):
            for said in arrived(peer):
                client.hear(said)

    async def move(self, number: int, server: int) -> None:
        self.listen()
        peer = self.peers[number]
        peer.wire.flow()
        peer.hang_up()
        await self.ends[number].aclose()
        self.clients[number].asked.clear()
        self.peers[number] = await self.connect(number, server)

    async def finish(self) -> None:
        for peer in self.peers:
            peer.wire.flow()
        for broker in self.brokers:
            broker.hear()
        self.log.emit()
        await self.scope.advance_time_by(30)
        self.listen()
        for client in self.clients:
            assert client.asked == []
            assert client.at is not None
            assert client.at.epoch == self.log.newest.epoch
            assert client.due(self.log.newest.offset) == []
        assert [feed.stats.lagging for feed in self.feeds] == [0, 0]


@pytest.mark.parametrize("backend", ["asyncio", "trio"])
@pytest.mark.parametrize("lag", [Lag.DROP_OLDEST, Lag.conflate_by(lambda value: value % 3)], ids=["oldest", "by key"])
@settings(max_examples=30, deadline=None)
@given(steps=st.lists(steps, max_size=40), resume=st.sampled_from([0, 4, 1000]), is_sliced=st.booleans())
def test_each_client_gets_what_the_log_says(
    backend: Any, lag: Lag, steps: list[tuple[str, Any]], resume: int, is_sliced: bool
) -> None:
    async def story(scope: TestScope) -> None:
        async with AsyncExitStack() as stack:
            world = World(scope, stack, resume, lag)
            await world.begin()
            for verb, what in steps:
                await world.do(verb, what)
            await world.finish()

    with sliced_rounds() if is_sliced else nullcontext():
        run_test(story, backend=backend)
