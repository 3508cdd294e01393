"""`single` and `single_or_none`."""

from __future__ import annotations

import pytest

from flowws import Flow, NoSuchElementError, empty_flow, flow_of
from tests.flows.upstream import Upstream


async def test_gives_the_one_value_once_the_flow_has_ended() -> None:
    upstream = Upstream(1)
    assert await upstream.flow().single() == 1
    assert await upstream.flow().single_or_none() == 1
    assert upstream.ends == ["completed", "completed"]


async def test_none_is_a_value() -> None:
    """K185"""
    nothing: Flow[int | None] = flow_of(None)
    assert await nothing.single() is None
    with pytest.raises(ValueError, match="more than one"):
        await flow_of(None, None).single()


async def test_of_nothing_is_an_error_or_none() -> None:
    """K183"""
    with pytest.raises(NoSuchElementError, match=r"empty_flow\(\)"):
        await empty_flow().single()
    assert await empty_flow().single_or_none() is None


async def test_a_second_value_is_an_error_or_none_and_more_are_not_waited_for() -> None:
    """K183"""
    upstream = Upstream(1, 2, 3, endless=True)
    with pytest.raises(ValueError, match="more than one value"):
        await upstream.flow().single()
    assert upstream.story == ["start", 1, 2, "closed"]
    assert await upstream.flow().single_or_none() is None
    assert upstream.story[4:] == ["start", 1, 2, "closed"]


async def test_a_failure_after_the_only_value_is_raised() -> None:
    """K184"""
    failing = Upstream(1, failure=ValueError("above")).flow()
    with pytest.raises(ValueError, match="above"):
        await failing.single()
    with pytest.raises(ValueError, match="above"):
        await failing.single_or_none()
