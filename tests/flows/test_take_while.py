"""`take_while`."""

from __future__ import annotations

from typing import Any

import pytest

from flowws import as_flow, flow_of
from tests.flows.upstream import SPELLINGS, Upstream, spelled


@pytest.mark.parametrize("how", SPELLINGS)
async def test_gives_the_values_before_the_first_that_fails_and_closes_what_is_above(how: str) -> None:
    """K180"""
    upstream = Upstream(1, 2, 3, 1)
    assert await upstream.flow().take_while(spelled(how, lambda n: n < 3)).to_list() == [1, 2]
    assert upstream.story == ["start", 1, 2, 3, "closed"]


async def test_gives_everything_when_nothing_fails() -> None:
    upstream = Upstream(1, 2)
    assert await upstream.flow().take_while(lambda _: True).to_list() == [1, 2]
    assert upstream.ends == ["completed"]


async def test_gives_nothing_when_the_first_fails() -> None:
    assert await flow_of(1, 2).take_while(lambda _: False).to_list() == []


async def test_starts_anew_for_every_collection() -> None:
    chain = as_flow(range(5)).take_while(lambda n: n < 2)
    assert await chain.to_list() == await chain.to_list() == [0, 1]


async def test_a_failing_test_is_raised() -> None:
    with pytest.raises(ZeroDivisionError):
        await flow_of(0).take_while(lambda n: 1 / n).collect()


@pytest.mark.parametrize("wrong", [None, 3])
def test_refuses_what_is_no_function(wrong: Any) -> None:
    with pytest.raises(TypeError, match=repr(wrong)):
        flow_of(1).take_while(wrong)
