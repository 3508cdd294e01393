"""`produce_in`: a channel with the values of a flow."""

from __future__ import annotations

from typing import Any

import pytest

from flowws import (
    Channel,
    CoroutineContext,
    CoroutineScope,
    IllegalStateError,
    MutableSharedFlow,
    ScopeClosedError,
    as_flow,
    coroutine_scope,
    flow_of,
    non_cancellable,
    select,
)
from tests.flows.upstream import Upstream, settle


async def test_gives_the_values_and_the_end() -> None:
    async with coroutine_scope() as scope:
        channel = flow_of(1, 2).map(str).produce_in(scope)
        assert await channel.to_list() == ["1", "2"]
        assert channel.is_closed_for_receive


async def test_the_flow_runs_ahead_by_64_values() -> None:
    sent: list[int] = []
    async with coroutine_scope() as scope:
        channel = as_flow(range(100)).on_each(sent.append).produce_in(scope)
        await settle()
        assert len(sent) == 65
        channel.cancel()


@pytest.mark.parametrize("size", [0, 1, 10])
async def test_or_by_what_a_buffer_says(size: int) -> None:
    sent: list[int] = []
    async with coroutine_scope() as scope:
        channel = as_flow(range(100)).on_each(sent.append).buffer(size).produce_in(scope)
        await settle()
        assert len(sent) == size + 1
        channel.cancel()


async def test_a_conflated_one_keeps_the_newest() -> None:
    async with coroutine_scope() as scope:
        channel = as_flow(range(100)).conflate().produce_in(scope)
        await settle()
        assert await channel.to_list() == [99]


async def test_a_failure_comes_after_the_values_and_fails_the_scope_too() -> None:
    failure = ValueError("above")
    got: list[int] = []

    async def collect() -> None:
        async with coroutine_scope() as scope:
            channel = Upstream(1, 2, failure=failure).flow().produce_in(scope)
            with non_cancellable(), pytest.raises(ValueError, match="above"):
                await channel.consume_to(got)

    with pytest.raises(ValueError, match="above") as raised:
        await collect()
    assert raised.value is failure
    assert got == [1, 2]


async def test_cancelling_the_channel_cancels_the_collection() -> None:
    upstream = Upstream(1, endless=True)
    async with coroutine_scope() as scope:
        channel = upstream.flow().produce_in(scope)
        assert await channel.receive() == 1
        channel.cancel()
    assert upstream.ends == ["cancelled"]


async def test_the_scope_cancels_the_collection_and_with_it_the_channel() -> None:
    upstream = Upstream(1, endless=True)
    async with CoroutineScope() as scope:
        channel = upstream.flow().produce_in(scope)
        assert await channel.receive() == 1
    assert upstream.ends == ["cancelled"]
    assert channel.is_closed_for_receive


async def test_it_begins_even_if_the_scope_is_cancelled_right_away() -> None:
    """K218"""
    causes: list[BaseException | None] = []
    upstream = Upstream(1, endless=True)
    async with CoroutineScope() as scope:
        upstream.flow().on_completion(causes.append).produce_in(scope)
        scope.cancel()
    assert len(causes) == 1
    assert causes[0] is not None
    assert upstream.ends == ["cancelled"]


async def test_of_a_channel_it_is_that_channel() -> None:
    """K216"""
    channel = Channel[int](3)
    async with coroutine_scope() as scope:
        assert channel.receive_as_flow().produce_in(scope) is channel
        assert channel.consume_as_flow().produce_in(scope) is channel
    assert not channel.is_closed_for_send


async def test_a_channel_can_be_consumed_only_once() -> None:
    """K216"""
    channel = Channel[int](3)
    values = channel.consume_as_flow()
    async with coroutine_scope() as scope:
        values.produce_in(scope)
        with pytest.raises(IllegalStateError, match="only once"):
            values.produce_in(scope)
        with pytest.raises(IllegalStateError, match="only once"):
            aiter(values)


async def test_a_buffer_in_between_makes_it_another_channel() -> None:
    """K216"""
    channel = Channel[int](3)
    async with coroutine_scope() as scope:
        other = channel.receive_as_flow().buffer(1).produce_in(scope)
        assert other is not channel
        await channel.send(1)
        assert await other.receive() == 1
        other.cancel()
    assert not channel.is_closed_for_send


async def test_a_hot_flow_is_subscribed_to_at_once() -> None:
    shared = MutableSharedFlow[int](extra_buffer_capacity=4)
    async with CoroutineScope() as scope:
        channel = shared.produce_in(scope)
        mapped = shared.map(lambda n: n * 10).produce_in(scope)
        assert shared.subscription_count.value == 2
        await shared.emit(1)
        assert await channel.receive() == 1
        assert await mapped.receive() == 10
    assert shared.subscription_count.value == 0


async def test_in_a_select() -> None:
    async with coroutine_scope() as scope:
        numbers, words = flow_of(1).produce_in(scope), Upstream[str](endless=True).flow().produce_in(scope)
        assert await select(numbers.on_receive(str), words.on_receive(str.upper)) == "1"
        words.cancel()


async def test_the_job_is_called_as_flow_on_says() -> None:
    async with coroutine_scope() as scope:
        channel = Upstream[int](endless=True).flow().flow_on(CoroutineContext(name="feed")).produce_in(scope)
        assert [job.name for job in scope.job.children] == ["feed"]
        channel.cancel()


async def test_a_scope_that_is_over_refuses() -> None:
    scope = CoroutineScope("service")
    scope.cancel()
    with pytest.raises(ScopeClosedError, match="service"):
        flow_of(1).produce_in(scope)


@pytest.mark.parametrize("wrong", [None, 3])
async def test_refuses_what_is_no_scope(wrong: Any) -> None:
    with pytest.raises(TypeError, match=repr(wrong)):
        flow_of(1).produce_in(wrong)
