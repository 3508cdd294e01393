"""`transform`."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import aclosing
from typing import Any, cast

import anyio
import pytest

from flowws import Flow, as_flow, flow, flow_of
from tests.flows.upstream import Upstream


async def twice(n: int) -> AsyncIterator[int]:
    yield n
    yield n * 10


async def test_gives_everything_that_each_value_yields() -> None:
    assert await flow_of(1, 2).transform(twice).to_list() == [1, 10, 2, 20]


async def test_a_value_may_yield_nothing() -> None:
    async def odd_ones(n: int) -> AsyncIterator[int]:
        if n % 2:
            yield n

    assert await as_flow(range(5)).transform(odd_ones).to_list() == [1, 3]


async def test_one_value_after_the_other() -> None:
    """K140: the second half of a value runs before the next value is asked for."""
    story: list[str] = []

    async def told(n: int) -> AsyncIterator[int]:
        story.append(f"begin {n}")
        yield n
        story.append(f"end {n}")

    await flow_of(1, 2).transform(told).collect(lambda n: story.append(f"got {n}"))
    assert story == ["begin 1", "got 1", "end 1", "begin 2", "got 2", "end 2"]


async def test_take_below_closes_the_inner_and_the_outer_in_this_order() -> None:
    story: list[str] = []
    upstream = Upstream(1, 2)

    async def told(n: int) -> AsyncIterator[int]:
        try:
            yield n
            yield n
        finally:
            await anyio.lowlevel.checkpoint()
            story.append(f"closed {n}")
            story.append(f"outer: {upstream.ends}")

    assert await upstream.flow().transform(told).take(3).to_list() == [1, 1, 2]
    assert story == ["closed 1", "outer: []", "closed 2", "outer: []"]
    assert upstream.story == ["start", 1, 2, "closed"]


async def test_what_it_returns_may_be_a_flow_and_is_closed_all_the_same() -> None:
    inner = Upstream("a", "b")
    assert await flow_of(1).transform(lambda _: inner.flow()).take(1).to_list() == ["a"]
    assert inner.story == ["start", "a", "closed"]


async def test_an_early_aclose_closes_a_returned_flow() -> None:
    inner = Upstream("a", "b")
    chain: Flow[str] = flow_of(1).transform(lambda _: inner.flow())
    async with aclosing(cast("Any", aiter(chain))) as values:
        assert await anext(values) == "a"
    assert inner.ends == ["closed"]


async def test_a_failure_inside_closes_what_is_above() -> None:
    upstream = Upstream(1, 2)

    async def fail(n: int) -> AsyncIterator[int]:
        yield n
        raise ValueError("inside")

    got: list[int] = []
    with pytest.raises(ValueError, match="inside"):
        await upstream.flow().transform(fail).to_list(got)
    assert got == [1]
    assert upstream.ends == ["closed"]


async def test_a_failure_below_reaches_the_inner_generator_as_a_closing() -> None:
    inner = Upstream("a", "b")
    with pytest.raises(ZeroDivisionError):
        await flow_of(1).transform(lambda _: inner.flow()).map(lambda _: 1 / 0).collect()
    assert inner.ends == ["closed"]


async def test_works_with_flow_functions() -> None:
    @flow
    async def numbers(until: int) -> AsyncIterator[int]:
        for n in range(until):
            yield n

    assert await flow_of(1, 3).transform(numbers).to_list() == [0, 0, 1, 2]


@pytest.mark.parametrize("wrong", [None, 3])
def test_refuses_what_is_no_function(wrong: Any) -> None:
    with pytest.raises(TypeError, match=repr(wrong)):
        flow_of(1).transform(wrong)
