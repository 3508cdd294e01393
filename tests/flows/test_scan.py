"""`scan`."""

from __future__ import annotations

from typing import Any

import pytest

from flowws import flow_of
from tests.flows.upstream import SPELLINGS, Upstream, spelled


@pytest.mark.parametrize("how", SPELLINGS)
async def test_gives_the_initial_value_and_every_step(how: str) -> None:
    """K189"""
    assert await flow_of(1, 2, 3).scan(0, spelled(how, lambda total, n: total + n)).to_list() == [0, 1, 3, 6]


async def test_of_nothing_is_the_initial_value() -> None:
    """K189"""
    assert await flow_of().scan("seed", lambda total, _: total).to_list() == ["seed"]


async def test_the_initial_value_is_given_before_anything_above_starts() -> None:
    upstream = Upstream(1)
    assert await upstream.flow().scan(0, lambda total, n: total + n).first() == 0
    assert upstream.story == []


async def test_works_with_none() -> None:
    assert await flow_of(1, 2).scan(None, lambda *_: None).to_list() == [None, None, None]


async def test_starts_anew_for_every_collection() -> None:
    nothing: tuple[int, ...] = ()
    chain = flow_of(1, 2).scan(nothing, lambda seen, n: (*seen, n))
    assert await chain.to_list() == [(), (1,), (1, 2)]
    assert await chain.to_list() == [(), (1,), (1, 2)]


async def test_a_failing_operation_closes_what_is_above() -> None:
    upstream = Upstream(1, 2)
    with pytest.raises(ZeroDivisionError):
        await upstream.flow().scan(0.0, lambda total, _: total / 0).collect()
    assert upstream.ends == ["closed"]


async def test_being_cut_short_closes_what_is_above() -> None:
    upstream = Upstream(1, 2)
    assert await upstream.flow().scan(0, lambda total, n: total + n).take(2).to_list() == [0, 1]
    assert upstream.ends == ["closed"]


@pytest.mark.parametrize("wrong", [None, 3])
def test_refuses_what_is_no_function(wrong: Any) -> None:
    with pytest.raises(TypeError, match=repr(wrong)):
        flow_of(1).scan(0, wrong)
