"""`on_empty`."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import anyio
import pytest

from flowws import coroutine_scope, flow_of
from tests.flows.upstream import SPELLINGS, Upstream, settle, spelled


@pytest.mark.parametrize("how", SPELLINGS)
async def test_runs_after_the_normal_end_of_a_flow_without_values(how: str) -> None:
    """K172"""
    upstream = Upstream[int]()
    chain = upstream.flow().on_empty(spelled(how, lambda: upstream.story.append("empty")))
    assert await chain.to_list() == []
    assert upstream.story == ["start", "completed", "empty"]


async def test_what_it_yields_is_given() -> None:
    async def instead() -> AsyncIterator[str]:
        yield "a"
        await anyio.lowlevel.checkpoint()
        yield "b"

    assert await flow_of().on_empty(instead).to_list() == ["a", "b"]
    assert await flow_of(1).filter(lambda _: False).on_empty(lambda: flow_of(7, 8)).map(str).to_list() == ["7", "8"]
    assert await flow_of().on_empty(lambda: flow_of(7, 8)).take(1).to_list() == [7]


@pytest.mark.parametrize("values", [(0,), (None,), (1, 2)])
async def test_does_not_run_after_a_value(values: tuple[Any, ...]) -> None:
    """K172"""
    assert await flow_of(*values).on_empty(_never).to_list() == list(values)
    assert await Upstream(*values).flow().map(lambda n: n).on_empty(_never).take(1).to_list() == [values[0]]


def _never() -> None:
    raise AssertionError("it was not empty")


async def test_does_not_run_after_a_failure() -> None:
    """K172"""
    with pytest.raises(ValueError, match="above"):
        await Upstream[int](failure=ValueError("above")).flow().on_empty(_never).collect()


async def test_does_not_run_after_a_cancellation() -> None:
    """K172"""
    upstream = Upstream[int](endless=True)
    async with coroutine_scope() as scope:
        job = upstream.flow().on_empty(_never).launch_in(scope)
        await settle()
        job.cancel()
    with anyio.move_on_after(0):
        await upstream.flow().on_empty(_never).collect()
    assert upstream.ends == ["cancelled", "cancelled"]


async def test_can_be_cancelled_itself() -> None:
    """K172"""
    instead = Upstream(1, endless=True)
    got: list[int] = []
    async with coroutine_scope() as scope:
        job = flow_of().on_empty(instead.flow).on_each(got.append).launch_in(scope)
        await settle()
        job.cancel()
    assert (got, instead.ends) == ([1], ["cancelled"])


async def test_a_flow_cut_short_above_without_a_value_is_empty() -> None:
    upstream = Upstream(1, 2)
    assert await upstream.flow().take_while(lambda _: False).on_empty(lambda: flow_of(0)).to_list() == [0]
    assert upstream.ends == ["closed"]


async def test_its_failure_is_raised_and_can_be_caught_below() -> None:
    def fail() -> None:
        raise KeyError("no")

    with pytest.raises(KeyError):
        await flow_of().on_empty(fail).collect()
    assert await flow_of().on_empty(fail).catch(lambda _: flow_of(1)).to_list() == [1]


async def test_what_it_yields_is_closed_when_cut_short() -> None:
    instead = Upstream(1, 2)
    assert await flow_of().on_empty(instead.flow).first() == 1
    with pytest.raises(ZeroDivisionError):
        await flow_of().on_empty(instead.flow).map(lambda n: n / 0).collect()
    assert instead.ends == ["closed", "closed"]


async def test_several_and_anew_for_every_collection() -> None:
    story: list[str] = []
    chain = flow_of().on_empty(lambda: story.append("first")).on_empty(lambda: flow_of(1)).on_empty(_never)
    assert await chain.to_list() == await chain.to_list() == [1]
    assert story == ["first", "first"]


@pytest.mark.parametrize("wrong", [None, 3])
def test_refuses_what_is_no_function(wrong: Any) -> None:
    with pytest.raises(TypeError, match=repr(wrong)):
        flow_of(1).on_empty(wrong)
