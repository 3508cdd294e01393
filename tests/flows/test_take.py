"""`take`."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import anyio.lowlevel
import pytest

from flowws import CancellationError, MutableSharedFlow, as_flow, coroutine_scope, flow, flow_of
from tests.flows.upstream import Upstream, settle


@pytest.mark.parametrize(("count", "expected"), [(1, [1]), (2, [1, 2]), (3, [1, 2, 3]), (4, [1, 2, 3])])
async def test_gives_the_first_values_or_all_there_are(count: int, expected: list[int]) -> None:
    """K175"""
    assert await flow_of(1, 2, 3).take(count).to_list() == expected
    assert await Upstream(1, 2, 3).flow().take(count).to_list() == expected


async def test_closes_what_is_above_once_the_last_value_has_been_dealt_with() -> None:
    """K174: nothing above runs on after the last value, and its cleanup is awaited"""
    story: list[str] = []

    @flow
    async def source() -> AsyncIterator[int]:
        try:
            yield 1
            story.append("after the first")
            yield 2
            story.append("after the second")
        finally:
            await anyio.lowlevel.checkpoint()
            story.append("cleaned up")

    await source().take(2).on_completion(lambda _: story.append("over")).collect(lambda n: story.append(f"got {n}"))
    assert story == ["got 1", "after the first", "got 2", "cleaned up", "over"]


async def test_ends_an_endless_flow_without_waiting_for_one_value_more() -> None:
    """K174"""
    upstream = Upstream(1, endless=True)
    assert await upstream.flow().take(1).to_list() == [1]
    assert upstream.ends == ["closed"]


async def test_nested_ones_each_end_only_what_is_above_them() -> None:
    """K176"""
    causes: list[type] = []
    chain = (
        as_flow(range(10))
        .on_completion(lambda cause: causes.append(type(cause)))
        .take(5)
        .on_completion(lambda cause: causes.append(type(cause)))
        .take(2)
        .on_completion(lambda cause: causes.append(type(cause)))
    )
    assert await chain.to_list() == [0, 1]
    assert causes == [CancellationError, CancellationError, type(None)]
    assert await as_flow(range(10)).take(5).take(2).take(7).to_list() == [0, 1]
    assert await as_flow(range(10)).transform(lambda n: flow_of(n, n).take(1)).take(3).to_list() == [0, 1, 2]
    assert await as_flow(range(10)).take(3).first() == 0


async def test_counts_what_reaches_it() -> None:
    assert await as_flow(range(10)).filter(lambda n: n % 2).take(2).to_list() == [1, 3]
    assert await as_flow(range(10)).take(2).filter(lambda n: n % 2).to_list() == [1]


async def test_counts_anew_for_every_collection() -> None:
    """K139, K148"""
    chain = flow_of(1, 2, 3).take(2)
    assert await chain.to_list() == [1, 2]
    assert await chain.to_list() == [1, 2]


async def test_ends_a_subscription() -> None:
    """K74, K91"""
    shared = MutableSharedFlow[int]()
    got: list[int] = []
    async with coroutine_scope() as scope:
        shared.take(2).on_each(got.append).launch_in(scope)
        await settle()
        assert shared.subscription_count.value == 1
        await shared.emit(1)
        await shared.emit(2)
        await settle()
        assert shared.subscription_count.value == 0
        await shared.emit(3)
    assert got == [1, 2]


@pytest.mark.parametrize("count", [0, -1])
def test_refuses_less_than_one(count: int) -> None:
    """K175"""
    with pytest.raises(ValueError, match=f"count must be 1 or more, not {count}"):
        flow_of(1).take(count)


@pytest.mark.parametrize("count", [1.5, "1", None, True])
def test_refuses_what_is_no_whole_number(count: Any) -> None:
    with pytest.raises(TypeError, match="whole number"):
        flow_of(1).take(count)
