"""`map_latest`."""

from __future__ import annotations

from typing import Any

import pytest

from flowws import as_flow, delay, flow_of
from flowws.testing import TestScope
from tests.flows.timed import at, stamped
from tests.flows.upstream import SPELLINGS, Upstream, spelled


@pytest.mark.parametrize("how", SPELLINGS)
async def test_takes_any_function(test_scope: TestScope, how: str) -> None:
    assert await at((0, 1), (1, 2)).map_latest(spelled(how, lambda n: n * 10)).to_list() == [10, 20]


async def test_a_new_value_cancels_the_call_for_the_one_before(test_scope: TestScope) -> None:
    """K219"""

    async def slowly(n: int) -> int:
        await delay(10)
        return n * 10

    assert await stamped(test_scope, at((0, 1), (5, 2), (20, 3)).map_latest(slowly)) == [(15, 20), (30, 30)]


async def test_a_call_that_never_waits_is_never_interrupted() -> None:
    """K220"""
    assert await as_flow(range(200)).map_latest(lambda n: -n).to_list() == [-n for n in range(200)]


async def test_none_is_a_value() -> None:
    assert await flow_of(1, None).map_latest(lambda value: value).to_list() == [1, None]


async def test_a_failure_of_the_call_ends_the_flow_and_closes_what_is_above() -> None:
    """K224"""
    upstream = Upstream(1, endless=True)
    with pytest.raises(ZeroDivisionError):
        await upstream.flow().map_latest(lambda n: n // 0).collect()
    assert upstream.ends == ["closed"]


@pytest.mark.parametrize("wrong", [None, 3])
def test_refuses_what_is_no_function(wrong: Any) -> None:
    with pytest.raises(TypeError, match=repr(wrong)):
        flow_of(1).map_latest(wrong)
