"""`flatten_concat`."""

from __future__ import annotations

from typing import Any

import pytest

from flowws import CancellationError, Flow, flow_of
from tests.flows.upstream import Upstream


async def test_gives_the_values_of_one_flow_after_the_other() -> None:
    """K225"""
    first, second = Upstream(1, 2), Upstream(3)
    chain = flow_of(first.flow(), second.flow()).flatten_concat()
    await chain.collect(lambda n: second.story.append(f"got {n}"))
    assert second.story == ["got 1", "got 2", "start", 3, "got 3", "completed"]
    assert await chain.to_list() == [1, 2, 3]


async def test_of_nothing_is_nothing() -> None:
    assert await Upstream[Flow[int]]().flow().flatten_concat().to_list() == []
    assert await flow_of(flow_of(), flow_of()).flatten_concat().to_list() == []


async def test_flows_of_flows_of_flows() -> None:
    nested = flow_of(flow_of(flow_of(1, 2), flow_of(3)), flow_of(flow_of(4)))
    assert await nested.flatten_concat().flatten_concat().to_list() == [1, 2, 3, 4]


@pytest.mark.parametrize("failure", [ValueError("inner"), CancellationError("inner")])
async def test_a_failure_of_one_fails_the_whole(failure: Exception) -> None:
    """K228: also when it is a cancellation error"""
    after = Upstream(2)
    upstream = Upstream(Upstream(1, failure=failure).flow(), after.flow())
    got: list[int] = []
    with pytest.raises(type(failure), match="inner"):
        await upstream.flow().flatten_concat().to_list(got)
    assert (got, after.starts, upstream.ends) == ([1], 0, ["closed"])


async def test_being_cut_short_closes_the_inner_flow() -> None:
    inner = Upstream(1, 2)
    assert await flow_of(inner.flow()).flatten_concat().first() == 1
    assert inner.ends == ["closed"]


async def test_what_is_no_flow_fails_it() -> None:
    wrong: Flow[Any] = flow_of(3)
    with pytest.raises(TypeError, match="int"):
        await wrong.flatten_concat().collect()
