"""Whatever becomes of connection and server, each collector sees what its filter says: once, in order, or a gap.

``FLOWWS_STORIES=10000`` tells as many stories.
"""

from __future__ import annotations

import os
from contextlib import AsyncExitStack
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from flowws import MutableStateFlow
from flowws.feeds import LiveFeed, ReconnectPolicy
from flowws.flows import Backoff
from flowws.testing import TestScope, run_test
from flowws.websocket import WebSocketClient
from tests.feeds.client.stories import Witness, World, seen

FEEDS = 2
POLICY = ReconnectPolicy(Backoff(0.5, longest=5))

feed = st.integers(0, FEEDS - 1)
steps = st.one_of(
    st.tuples(st.just("emit"), st.integers(1, 9)),
    st.tuples(st.just("emit"), st.integers(1, 200)),
    st.tuples(st.just("filter"), st.tuples(feed, st.sampled_from([None, "even", "third"]))),
    st.tuples(st.just("cut"), st.none()),
    st.tuples(st.just("hold"), st.sampled_from([None, "server", "peer"])),
    st.tuples(st.just("flow"), st.none()),
    st.tuples(st.just("split"), st.integers(1, 40)),
    st.tuples(st.just("slow"), feed),
    st.tuples(st.just("fast"), feed),
    st.tuples(st.just("restart"), st.booleans()),
    st.tuples(st.just("settle"), st.none()),
    st.tuples(st.just("wait"), st.sampled_from([0.2, 3, 40, 200])),
)


async def ask(feed: LiveFeed[Any], witness: Witness, wanted: str | None) -> None:
    witness.wanted.append(wanted)
    await feed.set_filter(wanted)


async def tell(scope: TestScope, story: list[Any], *, keep: int, snapshots: bool) -> None:
    async with AsyncExitStack() as stack:
        world = World(stack, keep=keep, snapshots=snapshots)
        await world.start()
        connection = WebSocketClient(engine=world).feeds("ws://feeds.example/", policy=POLICY)
        feeds = [connection.subscribe("", markers=True) for _ in range(FEEDS)]
        witnesses = [Witness(world) for _ in range(FEEDS)]
        gates = [MutableStateFlow(True) for _ in range(FEEDS)]
        jobs = [scope.launch(seen, *each) for each in zip(feeds, witnesses, gates, strict=True)]
        await scope.run_current()
        for step, what in story:
            match step:
                case "emit":
                    await world.emit(what)
                case "filter":
                    scope.launch(ask, feeds[what[0]], witnesses[what[0]], what[1])
                case "cut":
                    for wire in world.wires:
                        wire.reset()
                case "hold":
                    for wire in world.wires:
                        wire.hold(towards=what)
                case "flow":
                    for wire in world.wires:
                        wire.flow()
                case "split":
                    for wire in world.wires:
                        wire.split(what)
                case "slow" | "fast":
                    gates[what].value = step == "fast"
                case "restart":
                    await world.restart(forgetful=what)
                case "settle":
                    await scope.run_current()
                case "wait":
                    await scope.advance_time_by(what)
        for gate in gates:
            gate.value = True
        for wire in world.wires:
            wire.flow()
        await scope.advance_time_by(300)
        for each, witness in zip(feeds, witnesses, strict=True):
            assert witness.filter == witness.wanted[-1]
            assert witness.at is not None or not snapshots
            if witness.at is not None:
                witness.nothing_was_due_until(world.feed.position)
            assert each.position == witness.at or not snapshots
        for job in jobs:
            await job.cancel_and_join()
        await world.feed.clients.first(lambda clients: clients == 0)


@pytest.mark.parametrize("backend", ["asyncio", "trio"])
@pytest.mark.parametrize("keep", [5, 1000])
@settings(
    max_examples=int(os.environ.get("FLOWWS_STORIES", "25")),
    derandomize="FLOWWS_STORIES" not in os.environ,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
)
@given(story=st.lists(steps, min_size=3, max_size=25))
def test_with_snapshots(story: list[Any], keep: int, backend: str) -> None:
    async def told(scope: TestScope) -> None:
        await tell(scope, story, keep=keep, snapshots=True)

    run_test(told, backend=backend)


without_switches = steps.filter(lambda step: step[0] != "filter")


@pytest.mark.parametrize("backend", ["asyncio", "trio"])
@pytest.mark.parametrize("keep", [5, 1000])
@settings(
    max_examples=int(os.environ.get("FLOWWS_STORIES", "25")),
    derandomize="FLOWWS_STORIES" not in os.environ,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
)
@given(story=st.lists(without_switches, min_size=3, max_size=25))
def test_without_snapshots(story: list[Any], keep: int, backend: str) -> None:
    async def told(scope: TestScope) -> None:
        await tell(scope, story, keep=keep, snapshots=False)

    run_test(told, backend=backend)
