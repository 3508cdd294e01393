"""`running_fold`, which is `scan` by another name: test_scan.py says what both do."""

from __future__ import annotations

from typing import Any

import pytest

from flowws import Flow, flow_of
from tests.flows.upstream import SPELLINGS, Upstream, spelled


@pytest.mark.parametrize("how", SPELLINGS)
async def test_gives_the_initial_value_and_every_step(how: str) -> None:
    """K189"""
    chain = Upstream(1, 2, 3).flow().running_fold(0, spelled(how, lambda total, n: total + n))
    assert await chain.to_list() == [0, 1, 3, 6]


async def test_of_nothing_is_the_initial_value() -> None:
    """K189"""
    assert await flow_of().running_fold("seed", lambda total, _: total).to_list() == ["seed"]


async def test_a_mutable_initial_value_is_shared_between_collections() -> None:
    shared: list[int] = []

    def add(seen: list[int], n: int) -> list[int]:
        seen.append(n)
        return seen

    chain = flow_of(1, 2).running_fold(shared, add)
    await chain.collect()
    assert await chain.to_list() == [shared] * 3
    assert shared == [1, 2, 1, 2]


async def test_each_step_is_dealt_with_before_the_next_value_is_asked_for() -> None:
    """K140"""
    upstream = Upstream(1, 2)
    chain = upstream.flow().running_fold(0, lambda total, n: total + n)
    await chain.collect(lambda total: upstream.story.append(f"got {total}"))
    assert upstream.story == ["got 0", "start", 1, "got 1", 2, "got 3", "completed"]


@pytest.mark.parametrize("count", [1, 2, 3, 4, 5])
async def test_a_take_below_counts_the_initial_value(count: int) -> None:
    upstream = Upstream(1, 2, 3)
    chain = upstream.flow().running_fold(0, lambda total, n: total + n).map(lambda n: n).take(count)
    assert await chain.to_list() == [0, 1, 3, 6][:count]
    assert upstream.starts == (count > 1)
    assert upstream.starts == len(upstream.ends)


async def test_many_in_one_chain() -> None:
    chain: Flow[int] = Upstream(1).flow()
    for _ in range(12):
        chain = chain.running_fold(0, lambda total, n: total + n)
    assert await chain.count() == 13
    assert await chain.first() == 0


async def test_inside_a_chain_that_expands_every_value() -> None:
    chain = flow_of(1, 2).transform(lambda n: flow_of(n, n)).scan(0, lambda total, n: total + n)
    assert await chain.transform(lambda n: flow_of(n, -n)).to_list() == [0, 0, 1, -1, 2, -2, 4, -4, 6, -6]


@pytest.mark.parametrize("below", ["the initial value", "a later value"])
async def test_a_failure_below_closes_what_is_above(below: str) -> None:
    upstream = Upstream(1, 2)
    fails_at = 0 if below == "the initial value" else 1
    with pytest.raises(ZeroDivisionError):
        await upstream.flow().running_fold(0, lambda total, n: total + n).map(lambda n: 1 / (n - fails_at)).collect()
    assert upstream.ends == ([] if fails_at == 0 else ["closed"])


@pytest.mark.parametrize("wrong", [None, 3])
def test_refuses_what_is_no_function(wrong: Any) -> None:
    with pytest.raises(TypeError, match=repr(wrong)):
        flow_of(1).running_fold(0, wrong)


def test_is_shown() -> None:
    assert repr(flow_of(1).running_fold(0, max)) == "flow_of(1).running_fold(0, max)"
    assert repr(flow_of(1).scan(0, max)) == "flow_of(1).scan(0, max)"
