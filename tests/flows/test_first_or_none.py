"""`first_or_none`."""

from __future__ import annotations

from typing import Any

import pytest

from flowws import empty_flow, flow_of
from tests.flows.upstream import SPELLINGS, Upstream, spelled


async def test_gives_the_first_value_and_closes_what_is_above() -> None:
    upstream = Upstream(1, 2)
    assert await upstream.flow().first_or_none() == 1
    assert upstream.story == ["start", 1, "closed"]


@pytest.mark.parametrize("how", SPELLINGS)
async def test_gives_the_first_value_that_passes(how: str) -> None:
    upstream = Upstream(1, 2, 3)
    assert await upstream.flow().first_or_none(spelled(how, lambda n: n > 1)) == 2
    assert upstream.story == ["start", 1, 2, "closed"]


async def test_of_nothing_is_none() -> None:
    """K185"""
    assert await empty_flow().first_or_none() is None
    assert await flow_of(1).first_or_none(lambda n: n > 1) is None


async def test_none_is_a_value() -> None:
    """K185"""
    upstream = Upstream[int | None](None, 1)
    assert await upstream.flow().first_or_none() is None
    assert upstream.story == ["start", None, "closed"]


async def test_a_failure_before_the_first_value_is_raised_and_one_after_it_is_not_met() -> None:
    with pytest.raises(ValueError, match="above"):
        await Upstream[int](failure=ValueError("above")).flow().first_or_none()
    assert await Upstream(1, failure=ValueError("above")).flow().first_or_none() == 1


async def test_a_failing_test_is_raised_and_closes_what_is_above() -> None:
    upstream = Upstream(0)
    with pytest.raises(ZeroDivisionError):
        await upstream.flow().first_or_none(lambda n: 1 / n)
    assert upstream.ends == ["closed"]


@pytest.mark.parametrize("wrong", [3, "text"])
async def test_refuses_what_is_no_function(wrong: Any) -> None:
    with pytest.raises(TypeError, match=repr(wrong)):
        await flow_of(1).first_or_none(wrong)
