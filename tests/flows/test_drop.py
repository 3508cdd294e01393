"""`drop`."""

from __future__ import annotations

from typing import Any

import pytest

from flowws import flow_of
from tests.flows.upstream import Upstream


@pytest.mark.parametrize(("count", "expected"), [(0, [1, 2, 3]), (1, [2, 3]), (3, []), (4, [])])
async def test_leaves_out_the_first_values(count: int, expected: list[int]) -> None:
    """K181"""
    assert await flow_of(1, 2, 3).drop(count).to_list() == expected
    assert await Upstream(1, 2, 3).flow().drop(count).to_list() == expected


async def test_counts_what_reaches_it_and_anew_for_every_collection() -> None:
    chain = flow_of(1, 2, 3, 4).filter(lambda n: n != 1).drop(1).drop(1)
    assert await chain.to_list() == [4]
    assert await chain.to_list() == [4]


async def test_a_failure_among_the_dropped_counts() -> None:
    with pytest.raises(ValueError, match="early"):
        await Upstream(1, failure=ValueError("early")).flow().drop(5).collect()


@pytest.mark.parametrize("count", [-1, -2])
def test_refuses_a_negative_count(count: int) -> None:
    """K181"""
    with pytest.raises(ValueError, match=f"count must be 0 or more, not {count}"):
        flow_of(1).drop(count)


@pytest.mark.parametrize("count", [1.5, None, False])
def test_refuses_what_is_no_whole_number(count: Any) -> None:
    with pytest.raises(TypeError, match="whole number"):
        flow_of(1).drop(count)
