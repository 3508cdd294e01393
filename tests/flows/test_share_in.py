"""`share_in`."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextvars import ContextVar, copy_context
from typing import Any

import pytest

from flowws import (
    BufferOverflow,
    Channel,
    CoroutineContext,
    CoroutineScope,
    Flow,
    MutableSharedFlow,
    ScopeClosedError,
    SharedFlow,
    SharingStarted,
    as_flow,
    channel_flow,
    coroutine_scope,
    current_job,
    delay,
    flow,
    flow_of,
)
from flowws.testing import TestScope
from tests.flows.subscriber import Subscriber
from tests.flows.upstream import Upstream, settle

EAGERLY, LAZILY = SharingStarted.EAGERLY, SharingStarted.LAZILY
DROP_OLDEST, DROP_LATEST = BufferOverflow.DROP_OLDEST, BufferOverflow.DROP_LATEST


# When it starts


async def test_eagerly_values_before_the_first_subscriber_are_lost_but_it_does_not_start_inside_the_call() -> None:
    """K114"""
    async with CoroutineScope() as scope:
        upstream = Upstream(1, 2, endless=True)
        shared = upstream.flow().share_in(scope, EAGERLY)
        assert upstream.starts == 0
        early = Subscriber(shared)  # right after the call is early enough
        await settle()
        late = Subscriber(shared)
        assert await early.take(2) == [1, 2]
        nothing = scope.launch(late.take)
        await settle()
        assert nothing.is_active
        await early.leave()


async def test_eagerly_a_hot_flow_is_subscribed_to_before_it_returns() -> None:
    """K75"""
    source = MutableSharedFlow[int](extra_buffer_capacity=1)
    async with CoroutineScope() as scope:
        shared = source.share_in(scope, EAGERLY, replay=1)
        assert source.try_emit(1)
        assert await shared.first() == 1
    assert source.subscription_count.value == 0


async def test_lazily_the_first_subscriber_gets_all_and_later_ones_the_replay() -> None:
    """K115"""
    upstream = Upstream(1, 2, 3, endless=True)
    async with CoroutineScope() as scope:
        shared = upstream.flow().share_in(scope, LAZILY, replay=1)
        await settle()
        assert upstream.starts == 0
        assert await shared.take(3).to_list() == [1, 2, 3]
        assert await shared.first() == 3
        assert upstream.story == ["start", 1, 2, 3]
        assert shared.replay_cache == (3,)
    assert upstream.ends == ["cancelled"]


async def test_while_subscribed_stops_with_the_last_and_runs_anew_with_the_next() -> None:
    """K116"""
    upstream = Upstream(1, 2, endless=True)
    async with CoroutineScope() as scope:
        shared = upstream.flow().share_in(scope, SharingStarted.while_subscribed())
        for round_ in (1, 2):
            assert await shared.take(2).to_list() == [1, 2]
            await settle()
            assert upstream.starts == len(upstream.ends) == round_


async def test_the_timers_of_while_subscribed(test_scope: TestScope) -> None:
    """K117, K118, K120, K121: the stop 4 s after the last one has left, the reset 3 s after that"""
    upstream = Upstream(1, endless=True)
    shared = upstream.flow().share_in(test_scope.background_scope, SharingStarted.while_subscribed(4, 3), replay=1)
    assert await shared.first() == 1
    await test_scope.advance_time_by(3.9)
    assert await shared.first() == 1
    assert upstream.ends == []  # the gap was too short
    await test_scope.advance_time_by(4.1)
    assert upstream.ends == ["cancelled"]
    assert shared.replay_cache == (1,)
    await test_scope.advance_time_by(3)
    assert not shared.replay_cache


async def test_who_comes_back_before_the_reset_finds_the_old_replay(test_scope: TestScope) -> None:
    """K120"""
    ticks = 0

    @flow
    async def source() -> AsyncIterator[int]:
        nonlocal ticks
        while True:
            ticks += 1
            yield ticks
            await delay(60)

    shared = source().share_in(test_scope.background_scope, SharingStarted.while_subscribed(0, 10), replay=1)
    assert await shared.first() == 1
    await test_scope.advance_time_by(9)
    assert await shared.take(2).to_list() == [1, 2]
    await test_scope.advance_time_by(11)
    assert await shared.first() == 3


# How it ends


async def test_the_end_of_the_upstream_is_not_seen_and_the_replay_stays() -> None:
    """K126, K129"""
    async with coroutine_scope() as scope:
        shared = flow_of(1, 2).share_in(scope, EAGERLY, replay=2)
    assert shared.replay_cache == (1, 2)
    async with CoroutineScope() as others:
        job = shared.launch_in(others)
        await settle()
        assert job.is_active


async def test_a_failure_of_the_upstream_fails_the_scope_and_no_subscriber() -> None:
    """K128"""
    failed: list[BaseException] = []
    failure = ValueError("above")
    scope = CoroutineScope(exception_handler=lambda _, error: failed.append(error))
    shared = Upstream(1, failure=failure).flow().share_in(scope, EAGERLY, replay=1)
    async with CoroutineScope() as others:
        job = shared.launch_in(others)
        await scope.join()
        await settle()
        assert job.is_active
    assert failed == [failure]
    assert shared.replay_cache == (1,)


@pytest.mark.parametrize("started", [EAGERLY, LAZILY, SharingStarted.while_subscribed()])
async def test_complete_ends_the_subscribers_with_the_upstream_and_the_sharing_too(started: SharingStarted) -> None:
    """Beyond K126"""
    async with coroutine_scope() as scope:  # ends by itself
        shared = flow_of(1, 2, 3).share_in(scope, started, replay=1, complete=True)
        one, two = aiter(shared), aiter(shared)
        assert [n async for n in one] == [n async for n in two] == [1, 2, 3]
        assert await shared.to_list() == [3]


@pytest.mark.parametrize("started", [EAGERLY, LAZILY, SharingStarted.while_subscribed()])
async def test_complete_gives_the_failure_to_the_subscribers_instead_of_the_scope(started: SharingStarted) -> None:
    """Beyond K128"""
    async with coroutine_scope() as scope:
        upstream = Upstream(1, failure=ValueError("above"))
        shared = upstream.flow().share_in(scope, started, replay=1, complete=True)
        got: list[int] = []
        for _ in range(2):
            with pytest.raises(ValueError, match="above"):
                await shared.collect(got.append)
        assert got == [1, 1]
    assert upstream.ends == ["failed"]


async def test_complete_ends_them_when_the_scope_is_cancelled() -> None:
    scope = CoroutineScope()
    shared = Upstream(1, endless=True).flow().share_in(scope, LAZILY, complete=True)
    async with coroutine_scope() as others:
        job = shared.launch_in(others)
        await settle()
        await scope.aclose()
        await job.join()
    assert job.is_cancelled


async def test_complete_does_not_take_a_stop_for_the_end() -> None:
    upstream = Upstream(1, endless=True)
    async with CoroutineScope() as scope:
        shared = upstream.flow().share_in(scope, SharingStarted.while_subscribed(), complete=True)
        for _ in range(2):
            assert await shared.first() == 1
            await settle()
        assert upstream.ends == ["cancelled", "cancelled"]


# Its buffer


async def room_of(source: Flow[int], replay: int) -> int:
    """How many values the source gets rid of while a subscriber does not read."""
    seen.clear()
    async with CoroutineScope() as scope:
        shared = source.share_in(scope, LAZILY, replay)
        stalled: Any = aiter(shared)
        for _ in range(10):
            await settle()
        taken = len(seen)
        await stalled.aclose()
    return taken - 1  # one more waits to be emitted


seen: list[int] = []
counting = as_flow(range(500)).on_each(seen.append)


@pytest.mark.parametrize(
    ("source", "replay", "room"),
    [
        (counting, 0, 64),
        (counting, 10, 64),
        (counting, 100, 100),
        (counting.buffer(3), 0, 3),
        (counting.buffer(3), 5, 8),
        (counting.buffer(Channel.RENDEZVOUS), 0, 0),
        (counting.buffer(Channel.RENDEZVOUS), 2, 2),
    ],
)
async def test_how_far_subscribers_may_lag(source: Flow[int], replay: int, room: int) -> None:
    """K130"""
    assert await room_of(source, replay) == room


@pytest.mark.parametrize(
    ("source", "replay", "kept"),
    [
        (counting.conflate(), 0, [499]),
        (counting.conflate(), 2, [498, 499]),
        (counting.buffer(3, DROP_OLDEST), 0, [497, 498, 499]),
        (counting.buffer(3, DROP_OLDEST), 1, [496, 497, 498, 499]),
        (counting.buffer(2, DROP_LATEST), 0, [0, 1]),
        (counting.buffer(7).conflate(), 0, [499]),
        (counting.conflate().buffer(3), 0, [497, 498, 499]),
    ],
)
async def test_a_policy_that_drops_is_that_of_the_shared_flow(source: Flow[int], replay: int, kept: list[int]) -> None:
    """K131, K132"""
    async with CoroutineScope() as scope:
        shared = source.share_in(scope, LAZILY, replay)
        values = Subscriber(shared)
        for _ in range(10):
            await settle()
        assert await values.take(len(kept)) == kept
        await values.leave()


async def test_a_flow_with_a_channel_of_its_own_keeps_it() -> None:
    """K133"""
    sent: list[int] = []

    @channel_flow
    async def source(producer: Any) -> None:
        for n in range(500):
            await producer.send(n)
            sent.append(n)

    async with CoroutineScope() as scope:
        stalled: Any = aiter(source().buffer(10).share_in(scope, LAZILY))
        for _ in range(10):
            await settle()
        assert 64 + 10 <= len(sent) <= 64 + 10 + 2
        await stalled.aclose()


async def test_a_flow_on_right_above_is_where_the_upstream_runs() -> None:
    """K134"""
    variable = ContextVar("variable", default="nobody's")
    seen: list[str] = []

    @flow
    async def source() -> AsyncIterator[int]:
        job = current_job()
        seen.extend([job.name if job else "", variable.get()])
        yield 1

    context = copy_context()
    context.run(variable.set, "mine")
    for started in (EAGERLY, LAZILY):
        async with CoroutineScope() as scope:
            chain = source().flow_on(context).flow_on(CoroutineContext(name="feed"))
            assert await chain.share_in(scope, started, replay=1).first() == 1
    assert seen[1::2] == ["mine", "mine"]
    assert all("feed" in name for name in seen[::2]), seen


# What it is


async def test_it_is_read_only() -> None:
    """K135"""
    async with CoroutineScope() as scope:
        shared: Any = flow_of(1).share_in(scope, EAGERLY)
        assert isinstance(shared, SharedFlow)
        assert not isinstance(shared, MutableSharedFlow)
        assert not hasattr(shared, "emit")
        assert repr(shared) == "<SharedFlow of 0 subscribers>"


async def test_collecting_into_a_list_fills_it_until_cancelled() -> None:
    """K98"""
    into: list[int] = []
    async with CoroutineScope() as scope:
        shared = flow_of(1, 2).share_in(scope, LAZILY)
        job = scope.launch(shared.to_collection, into)
        await settle()
        assert job.is_active
    assert into == [1, 2]


@pytest.mark.parametrize("started", [EAGERLY, LAZILY, SharingStarted.while_subscribed()])
async def test_a_closed_scope_refuses_and_nothing_is_left(started: SharingStarted) -> None:
    source = MutableSharedFlow[int]()
    scope = CoroutineScope()
    scope.cancel()
    with pytest.raises(ScopeClosedError):
        source.share_in(scope, started)
    assert source.subscription_count.value == 0


async def test_refuses_bad_arguments() -> None:
    wrong: Any = "EAGERLY"
    async with CoroutineScope() as scope:
        with pytest.raises(TypeError, match="started must be a SharingStarted, not 'EAGERLY'"):
            flow_of(1).share_in(scope, wrong)
        with pytest.raises(ValueError, match="replay must be 0 or more, not -1"):
            flow_of(1).share_in(scope, EAGERLY, -1)
        with pytest.raises(TypeError, match="replay must be a whole number"):
            flow_of(1).share_in(scope, EAGERLY, wrong)
