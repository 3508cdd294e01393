"""A server that falls silent: noticed, shown, and in the end given up."""

from __future__ import annotations

from typing import Any

from flowws import Channel
from flowws.feeds import FeedState, ReconnectPolicy
from flowws.flows import Backoff
from flowws.websocket import PingTimeoutError
from tests.feeds.client.scripted import URL, ScriptedServer, gathered, state_of

POLICY = ReconnectPolicy(Backoff(1, jitter=False), retries=20)  # stale after 30 s
END = {"end": None, "id": 1}


def states_of(feed: Any, scope: Any) -> list[FeedState]:
    states: list[FeedState] = []
    feed.state.on_each(states.append).launch_in(scope.background_scope)
    return states


async def test_a_quiet_feed_is_not_stale(test_scope) -> None:
    async with ScriptedServer() as server:
        feed = server.client().feed(URL, policy=POLICY)
        states = states_of(feed, test_scope)
        values, _ = gathered(feed, test_scope)
        line = await server.line()
        await line.begin(1)
        await test_scope.advance_time_by(10_000)
        await line.update(2, offset=11)
        await line.say(END)
        await line.over()
        assert values == [1, 2]
        assert not [state for state in states if isinstance(state, FeedState.Stale)]


async def test_a_server_that_says_nothing_any_more_is_stale_and_then_given_up(test_scope) -> None:
    async with ScriptedServer() as server:
        feed = server.client().feed(URL, policy=POLICY)
        states = states_of(feed, test_scope)
        values, _ = gathered(feed, test_scope)
        line = await server.line()
        await line.begin(1)
        await test_scope.advance_time_by(20)
        line.wire.hold()
        await test_scope.advance_time_by(25)
        assert state_of(feed) == FeedState.Open()
        await test_scope.run_current()
        assert state_of(feed) == FeedState.Stale(15)
        line = await server.line()
        await line.begin(2, after="5-11", offset=11)
        await line.say(END)
        await line.over()
        assert values == [1, 2]
        (backoff,) = (state for state in states if isinstance(state, FeedState.Backoff))
        assert isinstance(backoff.cause, PingTimeoutError)


async def test_a_server_that_wakes_up_is_forgiven(test_scope) -> None:
    async with ScriptedServer() as server:
        feed = server.client().feed(URL, policy=POLICY)
        values, _ = gathered(feed, test_scope)
        line = await server.line()
        await line.begin(1)
        line.wire.hold()
        stale = await feed.state.first(lambda state: isinstance(state, FeedState.Stale))
        assert isinstance(stale, FeedState.Stale)
        await line.update(2, offset=11)
        line.wire.flow()
        await test_scope.run_current()
        assert state_of(feed) == FeedState.Open()
        await test_scope.advance_time_by(1000)
        await line.say(END)
        await line.over()
        assert values == [1, 2]
        assert server.requests == 1


async def test_a_slow_collector_is_not_taken_for_a_silent_server(test_scope) -> None:
    async with ScriptedServer(capacity=4096) as server:
        feed = server.client().feed(URL, policy=POLICY)
        states = states_of(feed, test_scope)
        let_on, seen = Channel[None](Channel.UNLIMITED), list[Any]()

        async def slowly(value: Any) -> None:
            seen.append(value)
            await let_on.receive()

        collecting = test_scope.launch(feed.collect, slowly)
        line = await server.line()
        await line.begin()

        async def tell() -> None:
            await line.update(*range(2000), offset=10)
            await line.say(END)

        test_scope.launch(tell)
        await test_scope.advance_time_by(1000)
        assert seen == [0]
        for _ in range(2000):
            let_on.try_send(None)
        await collecting.join()
        assert seen == list(range(2000))
        assert server.requests == 1
        assert not [state for state in states if isinstance(state, FeedState.Stale)]


async def test_without_a_limit_a_silent_server_is_trusted(test_scope) -> None:
    async with ScriptedServer() as server:
        feed = server.client().feed(URL, policy=ReconnectPolicy(stale_after=None))
        values, _ = gathered(feed, test_scope)
        line = await server.line()
        await line.begin(1)
        line.wire.hold()
        await test_scope.advance_time_by(1_000_000)
        assert state_of(feed) == FeedState.Open()
        line.wire.flow()
        await line.say(END)
        await line.over()
        assert values == [1]
