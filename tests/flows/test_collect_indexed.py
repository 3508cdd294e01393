"""`collect_indexed`."""

from __future__ import annotations

from typing import Any

import pytest

from flowws import flow_of
from tests.flows.upstream import SPELLINGS, Upstream, spelled


@pytest.mark.parametrize("how", SPELLINGS)
async def test_counts_from_0_in_each_collection(how: str) -> None:
    """K192"""
    got: list[tuple[int, str]] = []
    chain = flow_of("a", "b")
    for _ in range(2):
        await chain.collect_indexed(spelled(how, lambda index, value: got.append((index, value))))
    assert got == [(0, "a"), (1, "b"), (0, "a"), (1, "b")]


@pytest.mark.parametrize("how", SPELLINGS)
async def test_a_failing_action_is_raised_and_closes_what_is_above(how: str) -> None:
    upstream = Upstream(0, 1)
    with pytest.raises(ZeroDivisionError):
        await upstream.flow().collect_indexed(spelled(how, lambda index, _: 1 // index))
    assert upstream.story == ["start", 0, "closed"]


@pytest.mark.parametrize("wrong", [None, 3])
async def test_refuses_what_is_no_function(wrong: Any) -> None:
    upstream = Upstream(1)
    with pytest.raises(TypeError, match=repr(wrong)):
        await upstream.flow().collect_indexed(wrong)
    assert upstream.story == []
