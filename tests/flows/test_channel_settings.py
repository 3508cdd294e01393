"""What `buffer`, `conflate` and `flow_on` add up to, and what hot flows make of it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from flowws import (
    BufferOverflow,
    Channel,
    CoroutineContext,
    Flow,
    MutableSharedFlow,
    MutableStateFlow,
    ProducerScope,
    ReceiveChannel,
    SharingStarted,
    as_flow,
    channel_flow,
    coroutine_scope,
    flow_of,
    merge,
)
from flowws.flows._channel_flow import ChannelFlow
from flowws.flows._channel_settings import ChannelSettings
from tests.flows.upstream import settle

BUFFERED, UNLIMITED = Channel.BUFFERED, Channel.UNLIMITED
SUSPEND, DROP_OLDEST, DROP_LATEST = BufferOverflow
FEED = CoroutineContext(name="feed")


def settings(values: Flow[int]) -> ChannelSettings:
    assert isinstance(values, ChannelFlow)
    return values._settings


def size_and_policy(values: Flow[int]) -> tuple[int | None, BufferOverflow]:
    return settings(values)[:2]


async def room(values: Flow[int]) -> str:
    """What the channel says that is made in the end."""
    async with coroutine_scope() as scope:
        channel: ReceiveChannel[int] = values.produce_in(scope)
        shown = repr(channel)
        channel.cancel()
    return shown.split(" of ")[1].split(" ")[0]


async def test_twice_the_default_is_the_default() -> None:
    """K194"""
    values = flow_of(1).buffer().buffer()
    assert size_and_policy(values) == (BUFFERED, SUSPEND)
    assert await room(values) == "64"


@pytest.mark.parametrize(("one", "other"), [(0, 0), (0, 3), (3, 0), (3, 4), (10, 200)])
async def test_sizes_add_up(one: int, other: int) -> None:
    """K194"""
    values = flow_of(1).buffer(one).buffer(other)
    assert size_and_policy(values) == (one + other, SUSPEND)
    assert await room(values) == str(one + other)


@pytest.mark.parametrize("size", [0, 1, 7, UNLIMITED])
def test_what_is_said_beats_the_default_in_either_order(size: int) -> None:
    """K194"""
    assert size_and_policy(flow_of(1).buffer(size).buffer()) == (size, SUSPEND)
    assert size_and_policy(flow_of(1).buffer().buffer(size)) == (size, SUSPEND)


async def test_no_sum_is_more_than_unlimited() -> None:
    for values in (flow_of(1).buffer(UNLIMITED).buffer(3), flow_of(1).buffer(3).buffer(UNLIMITED)):
        assert size_and_policy(values) == (UNLIMITED, SUSPEND)
        assert await room(values) == "unlimited"


@pytest.mark.parametrize("policy", [DROP_OLDEST, DROP_LATEST])
def test_a_policy_that_drops_makes_all_before_it_forgotten(policy: BufferOverflow) -> None:
    """K195"""
    for before in (flow_of(1), flow_of(1).buffer(), flow_of(1).buffer(42), flow_of(1).buffer(5, DROP_OLDEST)):
        assert size_and_policy(before.buffer(3, policy)) == (3, policy)


@pytest.mark.parametrize("policy", [DROP_OLDEST, DROP_LATEST])
def test_a_size_said_later_adds_up_and_keeps_the_policy(policy: BufferOverflow) -> None:
    """K195"""
    assert size_and_policy(flow_of(1).buffer(3, policy).buffer(4)) == (7, policy)
    assert size_and_policy(flow_of(1).buffer(3, policy).buffer()) == (3, policy)


async def test_conflate_and_buffer() -> None:
    """K195"""
    assert await room(flow_of(1).conflate()) == "1"
    assert await room(flow_of(1).conflate().buffer(10)) == "10"
    assert await room(flow_of(1).buffer(42).conflate()) == "1"
    assert settings(flow_of(1).conflate()) == settings(flow_of(1).buffer(Channel.CONFLATED))


async def test_flow_on_says_nothing_about_the_size() -> None:
    """K199"""
    assert await room(flow_of(1).flow_on(FEED)) == "64"
    assert await room(flow_of(1).flow_on(FEED).buffer(3).flow_on(FEED)) == "3"
    assert await room(flow_of(1).conflate().flow_on(FEED)) == "1"


def test_operators_make_a_new_flow_and_leave_the_old_one_alone() -> None:
    one = flow_of(1).buffer(3)
    assert size_and_policy(one.buffer(4)) == (7, SUSPEND)
    assert size_and_policy(one) == (3, SUSPEND)


def test_reading_the_sum() -> None:
    assert repr(flow_of(1).buffer(3).flow_on(FEED).buffer(4)) == f"flow_of(1).buffer(7).flow_on({FEED!r})"
    assert repr(flow_of(1).conflate().buffer(10)) == "flow_of(1).buffer(10, BufferOverflow.DROP_OLDEST)"


# In front of a hot flow: there is a buffer in it already


def extra(values: Flow[int], replay: int) -> tuple[int, BufferOverflow]:
    """What such a flow, shared with so much replay, needs beyond that."""
    upstream, said = values._without_channel()
    assert not isinstance(upstream, ChannelFlow) or upstream is values
    return said.extra_buffer_capacity(replay), said.on_buffer_overflow


@pytest.mark.parametrize(
    ("values", "replay", "expected"),
    [
        (flow_of(1), 0, (64, SUSPEND)),
        (flow_of(1), 3, (61, SUSPEND)),
        (flow_of(1), 100, (0, SUSPEND)),
        (flow_of(1).buffer(), 3, (61, SUSPEND)),
        (flow_of(1).buffer(5), 3, (5, SUSPEND)),
        (flow_of(1).buffer(0), 3, (0, SUSPEND)),
        (flow_of(1).buffer(0), 0, (0, SUSPEND)),
        (flow_of(1).flow_on(FEED), 3, (61, SUSPEND)),
    ],
)
def test_the_room_beyond_the_replay(values: Flow[int], replay: int, expected: tuple[int, BufferOverflow]) -> None:
    """K130"""
    assert extra(values, replay) == expected


@pytest.mark.parametrize("policy", [DROP_OLDEST, DROP_LATEST])
def test_the_room_where_something_drops(policy: BufferOverflow) -> None:
    """K131, K132"""
    assert extra(flow_of(1).buffer(0, policy), 0) == (1, policy)
    assert extra(flow_of(1).buffer(0, policy), 1) == (0, policy)
    assert extra(flow_of(1).buffer(BUFFERED, policy), 0) == (1, policy)
    assert extra(flow_of(1).buffer(7, policy), 0) == (7, policy)
    assert extra(flow_of(1).buffer(7, policy), 2) == (7, policy)
    assert extra(flow_of(1).buffer(42).buffer(BUFFERED, policy), 0) == (1, policy)
    assert extra(flow_of(1).buffer(0, policy).buffer(5), 1) == (5, policy)


def test_conflate_in_front_of_a_hot_flow() -> None:
    """K131, K132"""
    assert extra(flow_of(1).conflate(), 0) == (1, DROP_OLDEST)
    assert extra(flow_of(1).conflate(), 1) == (0, DROP_OLDEST)
    assert extra(flow_of(1).buffer(5).conflate(), 0) == (1, DROP_OLDEST)


@channel_flow
async def sent(producer: ProducerScope[int]) -> None:
    for n in range(5):
        await producer.send(n)


def test_a_flow_with_a_channel_of_its_own_keeps_that() -> None:
    """K133"""
    values = sent().buffer(10)
    upstream, said = values._without_channel()
    assert upstream is values
    assert said.extra_buffer_capacity(0) == 64


async def test_the_context_comes_along() -> None:
    """K134"""
    upstream, said = flow_of(1).buffer(3).flow_on(FEED)._without_channel()
    assert repr(upstream) == "flow_of(1)"
    assert (said.capacity, said.context) == (3, FEED)
    async with coroutine_scope() as scope:
        for settings, expected in ((said, "feed"), (ChannelSettings(), "share_in")):
            job = settings.begin_in(scope, "share_in", lambda scope, name: scope.launch(settle, name=name))
            assert job.name == expected


@pytest.mark.parametrize("build", [lambda: merge(as_flow(range(5))), lambda: flow_of(5).flat_map_merge(range_flow)])
async def test_flows_of_many_keep_what_a_buffer_behind_them_says(build: Callable[[], Flow[int]]) -> None:
    """K207, as one would expect it"""
    assert await build().conflate().to_list() == [0, 4]
    assert await build().buffer(2, DROP_LATEST).to_list() == [0, 1, 2]


def range_flow(count: int) -> Flow[int]:
    return as_flow(range(count))


# Behind a hot flow


@pytest.fixture(params=["shared", "state"])
def hot(request: pytest.FixtureRequest) -> Any:
    return MutableSharedFlow[int](replay=1) if request.param == "shared" else MutableStateFlow(1)


async def test_a_hot_flow_runs_in_nobodys_context_and_needs_no_rendezvous(hot: Any) -> None:
    """K95, K110"""
    assert hot.flow_on(FEED) is hot
    assert hot.buffer(Channel.RENDEZVOUS) is hot
    assert hot.flow_on(FEED).buffer(0) is hot


async def test_a_state_conflates_by_itself() -> None:
    """K110"""
    state = MutableStateFlow(1)
    async with coroutine_scope() as scope:
        of_a_flow = flow_of(1).state_in(scope, SharingStarted.EAGERLY, 0)
        for hot in (state, of_a_flow):
            assert hot.conflate() is hot
            assert hot.buffer(Channel.CONFLATED) is hot
            for size in (0, 1, BUFFERED):
                assert hot.buffer(size, DROP_OLDEST) is hot


async def test_any_other_buffer_is_one() -> None:
    state, shared = MutableStateFlow(1), MutableSharedFlow[int](replay=1)
    assert shared.try_emit(1)
    for values in (state.buffer(), state.buffer(2), state.buffer(1, DROP_LATEST), shared.conflate(), shared.buffer(1)):
        assert isinstance(values, ChannelFlow)
        assert await values.first() == 1
