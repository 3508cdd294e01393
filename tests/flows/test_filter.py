"""`filter`."""

from __future__ import annotations

from typing import Any

import pytest

from flowws import as_flow, flow_of
from tests.flows.upstream import SPELLINGS, Upstream, spelled


@pytest.mark.parametrize("how", SPELLINGS)
async def test_keeps_the_values_that_pass(how: str) -> None:
    assert await as_flow(range(6)).filter(spelled(how, lambda n: n % 2)).to_list() == [1, 3, 5]


@pytest.mark.parametrize("how", SPELLINGS)
async def test_a_coroutine_is_never_taken_for_a_truth(how: str) -> None:
    assert await flow_of(1, 2).filter(spelled(how, lambda _: False)).to_list() == []


async def test_any_truth_counts() -> None:
    assert await flow_of("", "a", "b").filter(str).to_list() == ["a", "b"]
    assert await flow_of(0, 1, None).filter(bool).to_list() == [1]


async def test_passes_the_very_objects() -> None:
    value = object()
    (got,) = await flow_of(value).filter(lambda _: True).to_list()
    assert got is value


async def test_a_failing_test_closes_what_is_above() -> None:
    upstream = Upstream(1, 0, 2)
    with pytest.raises(ZeroDivisionError):
        await upstream.flow().filter(lambda n: 1 / n).to_list()
    assert upstream.story == ["start", 1, 0, "closed"]


@pytest.mark.parametrize("wrong", [None, True])
def test_refuses_what_is_no_function(wrong: Any) -> None:
    with pytest.raises(TypeError, match=repr(wrong)):
        flow_of(1).filter(wrong)
