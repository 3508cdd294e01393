"""`windowed`."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from flowws import as_flow, flow_of
from tests.flows.upstream import Upstream


async def test_gives_every_window_as_a_tuple() -> None:
    assert await as_flow(range(5)).windowed(3).to_list() == [(0, 1, 2), (1, 2, 3), (2, 3, 4)]
    assert await Upstream(1, 2, 3).flow().windowed(2).to_list() == [(1, 2), (2, 3)]


async def test_steps_over_values_and_drops_what_the_end_leaves_unfinished() -> None:
    assert await as_flow(range(7)).windowed(2, 3).to_list() == [(0, 1), (3, 4)]
    assert await as_flow(range(7)).windowed(2, step=2).to_list() == [(0, 1), (2, 3), (4, 5)]


async def test_of_too_few_is_nothing() -> None:
    assert await flow_of(1, 2).windowed(3).to_list() == []
    assert await flow_of().windowed(1).to_list() == []


@settings(deadline=None)
@given(count=st.integers(0, 20), size=st.integers(1, 6), step=st.integers(1, 8))
async def test_the_windows_are_the_slices_of_a_list(count: int, size: int, step: int) -> None:
    values = list(range(count))
    expected = [tuple(values[start : start + size]) for start in range(0, count - size + 1, step)]
    assert await as_flow(values).windowed(size, step).to_list() == expected


async def test_a_window_is_given_before_the_next_value_is_asked_for() -> None:
    upstream = Upstream(1, 2, 3)
    await upstream.flow().windowed(2).collect(upstream.story.append)
    assert upstream.story == ["start", 1, 2, (1, 2), 3, (2, 3), "completed"]


async def test_starts_anew_for_every_collection() -> None:
    chain = as_flow(range(5)).windowed(2, 3)
    assert await chain.to_list() == await chain.to_list() == [(0, 1), (3, 4)]


@pytest.mark.parametrize(("size", "step", "name"), [(0, 1, "size"), (1, 0, "step"), (-2, 1, "size"), (1, -1, "step")])
def test_refuses_less_than_one(size: int, step: int, name: str) -> None:
    with pytest.raises(ValueError, match=f"{name} must be 1 or more"):
        flow_of(1).windowed(size, step)


@pytest.mark.parametrize("wrong", [1.5, None, True])
def test_refuses_what_is_no_whole_number(wrong: Any) -> None:
    with pytest.raises(TypeError, match="size must be a whole number"):
        flow_of(1).windowed(wrong)
    with pytest.raises(TypeError, match="step must be a whole number"):
        flow_of(1).windowed(1, wrong)
