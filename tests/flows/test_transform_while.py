"""`transform_while`, and `StopFlow`, which ends it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import anyio.lowlevel
import pytest

from flowws import CancellationError, Flow, StopFlow, as_flow, coroutine_scope, flow_of
from tests.flows.upstream import Upstream, settle


async def up_to_three(n: int) -> AsyncIterator[int]:
    yield n
    await anyio.lowlevel.checkpoint()
    if n == 3:
        raise StopFlow
    yield n * 10


async def stop(_: object) -> AsyncIterator[int]:
    if _ is not stop:
        raise StopFlow
    yield 0


async def test_gives_everything_yielded_until_it_stops() -> None:
    """K180: the value that ends the flow can still give something"""
    upstream = Upstream(1, 2, 3, 4)
    assert await upstream.flow().transform_while(up_to_three).to_list() == [1, 10, 2, 20, 3]
    assert upstream.story == ["start", 1, 2, 3, "closed"]
    assert await as_flow(range(9)).transform_while(up_to_three).to_list() == [0, 0, 1, 10, 2, 20, 3]


async def test_gives_everything_when_it_never_stops() -> None:
    upstream = Upstream(1, 2)
    assert await upstream.flow().transform_while(up_to_three).to_list() == [1, 10, 2, 20]
    assert upstream.ends == ["completed"]


async def test_a_value_may_give_nothing() -> None:
    assert await flow_of(1, 2).transform_while(stop).to_list() == []
    assert await flow_of(1, 2).transform_while(lambda _: flow_of()).to_list() == []


async def test_what_is_above_is_cleaned_up_before_the_end_is_seen_below() -> None:
    """K174, for transform_while"""
    causes: list[BaseException | None] = []
    upstream = Upstream(3, endless=True)
    chain = upstream.flow().on_completion(causes.append).transform_while(up_to_three)
    assert await chain.on_completion(causes.append).to_list() == [3]
    assert [type(cause) for cause in causes] == [CancellationError, type(None)]


async def test_only_its_own_function_can_stop_it() -> None:
    """K176, K177"""
    upstream = Upstream(1, 2)
    with pytest.raises(StopFlow):
        await upstream.flow().transform_while(up_to_three).map(_raise_stop).collect()
    assert upstream.ends == ["closed"]
    with pytest.raises(StopFlow):
        await flow_of(1).transform_while(up_to_three).collect(_raise_stop)
    with pytest.raises(StopFlow):
        await flow_of(1).map(_raise_stop).transform_while(up_to_three).collect()
    with pytest.raises(StopFlow):
        await flow_of(1).map(_raise_stop).collect()


def _raise_stop(_: object) -> int:
    raise StopFlow


async def test_nested_ones_stop_apart() -> None:
    """K176"""
    inner: Flow[int] = as_flow([1, 3, 4]).transform_while(up_to_three)
    chain = flow_of(1, 2, 3, 4).transform_while(up_to_three).transform(lambda n: inner.map(lambda m: n + m))
    assert await chain.take(4).to_list() == [2, 11, 4, 11]
    assert await chain.count() == 5 * 3
    assert await flow_of(1, 2).transform(lambda _: flow_of(5).transform_while(stop)).to_list() == []


async def test_a_failing_function_closes_what_is_above() -> None:
    upstream = Upstream(1, 2)

    async def fail(n: int) -> AsyncIterator[int]:
        yield n
        raise ValueError("inside")

    got: list[int] = []
    with pytest.raises(ValueError, match="inside"):
        await upstream.flow().transform_while(fail).to_list(got)
    assert (got, upstream.ends) == ([1], ["closed"])


@pytest.mark.parametrize("end", ["take", "failure"])
async def test_what_ends_below_closes_the_inner_generator_and_then_what_is_above(end: str) -> None:
    upstream, inner = Upstream(1, 2), Upstream("a", "b")
    chain = upstream.flow().transform_while(lambda _: inner.flow())
    if end == "take":
        assert await chain.take(1).to_list() == ["a"]
    else:
        with pytest.raises(ZeroDivisionError):
            await chain.map(lambda _: 1 / 0).collect()
    assert (inner.ends, upstream.ends) == (["closed"], ["closed"])


async def test_lets_others_run_and_can_be_cancelled() -> None:
    """K145: not at every value, but now and then"""
    async with coroutine_scope() as scope:
        job = flow_of(0).transform_while(lambda _: _forever()).launch_in(scope)
        await settle()
        job.cancel()


async def _forever() -> AsyncIterator[int]:
    while True:
        yield 0


@pytest.mark.parametrize("wrong", [None, 3])
def test_refuses_what_is_no_function(wrong: Any) -> None:
    with pytest.raises(TypeError, match=repr(wrong)):
        flow_of(1).transform_while(wrong)
