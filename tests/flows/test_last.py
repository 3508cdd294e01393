"""`last` and `last_or_none`."""

from __future__ import annotations

import pytest

from flowws import NoSuchElementError, empty_flow, flow_of
from tests.flows.upstream import Upstream


async def test_gives_the_last_value_once_the_flow_has_ended() -> None:
    upstream = Upstream(1, 2)
    assert await upstream.flow().last() == 2
    assert await upstream.flow().last_or_none() == 2
    assert upstream.ends == ["completed", "completed"]


async def test_none_is_a_value() -> None:
    """K185"""
    assert await flow_of(1, None).last() is None
    assert await flow_of(1, None).last_or_none() is None


async def test_of_nothing_is_an_error_or_none() -> None:
    with pytest.raises(NoSuchElementError, match=r"empty_flow\(\)"):
        await empty_flow().last()
    assert await empty_flow().last_or_none() is None


async def test_a_failure_after_the_last_value_is_raised() -> None:
    failing = Upstream(1, failure=ValueError("above")).flow()
    with pytest.raises(ValueError, match="above"):
        await failing.last()
    with pytest.raises(ValueError, match="above"):
        await failing.last_or_none()
