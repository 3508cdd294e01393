"""`on_start`."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import anyio.lowlevel
import pytest

from flowws import MutableSharedFlow, coroutine_scope, flow_of
from tests.flows.upstream import SPELLINGS, Upstream, settle, spelled


@pytest.mark.parametrize("how", SPELLINGS)
async def test_runs_before_anything_above_starts(how: str) -> None:
    """K171"""
    upstream = Upstream(1)
    chain = upstream.flow().on_start(spelled(how, lambda: upstream.story.append("on_start")))
    assert await chain.to_list() == [1]
    assert upstream.story == ["on_start", "start", 1, "completed"]


async def test_what_it_yields_comes_first() -> None:
    """K171"""

    async def begin() -> AsyncIterator[str]:
        yield "a"
        await anyio.lowlevel.checkpoint()
        yield "b"

    assert await flow_of(1).on_start(begin).to_list() == ["a", "b", 1]
    assert await flow_of(1).on_start(lambda: flow_of("x", "y")).to_list() == ["x", "y", 1]


async def test_of_several_the_lowest_runs_first() -> None:
    """K92, for on_start: D before C"""
    story: list[str] = []
    await flow_of(1).on_start(lambda: story.append("C")).on_start(lambda: story.append("D")).collect()
    assert story == ["D", "C"]


async def test_runs_anew_for_every_collection() -> None:
    """K139"""
    story: list[str] = []
    chain = flow_of(1).on_start(lambda: story.append("start"))
    assert story == []
    await chain.collect()
    await chain.collect()
    assert story == ["start", "start"]


async def test_its_failure_comes_instead_of_the_flow_and_can_be_caught_below() -> None:
    upstream = Upstream(1)

    def fail() -> None:
        raise ValueError("no")

    chain = upstream.flow().on_start(fail)
    with pytest.raises(ValueError, match="no"):
        await chain.collect()
    assert upstream.story == []
    assert await chain.catch(lambda failure: flow_of(str(failure))).to_list() == ["no"]


async def test_take_below_may_end_the_flow_before_it_starts() -> None:
    upstream = Upstream(1)
    assert await upstream.flow().on_start(lambda: flow_of(0)).take(1).to_list() == [0]
    assert upstream.story == []


async def test_a_generator_that_is_cut_short_is_closed() -> None:
    story: list[str] = []

    async def begin() -> AsyncIterator[int]:
        try:
            yield 0
        finally:
            story.append("closed")

    assert await flow_of(1).on_start(begin).first() == 0
    assert story == ["closed"]


async def test_what_it_emits_into_the_hot_flow_itself_is_not_received() -> None:
    """K92: a hot flow is subscribed to only after the action"""
    shared = MutableSharedFlow[int](extra_buffer_capacity=8)
    got: list[int] = []
    async with coroutine_scope() as scope:
        job = shared.on_start(lambda: shared.emit(1)).on_each(got.append).launch_in(scope)
        await settle()
        await shared.emit(2)
        await settle()
        job.cancel()
    assert got == [2]


@pytest.mark.parametrize("wrong", [None, 3])
def test_refuses_what_is_no_function(wrong: Any) -> None:
    with pytest.raises(TypeError, match=repr(wrong)):
        flow_of(1).on_start(wrong)
