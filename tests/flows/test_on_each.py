"""`on_each`."""

from __future__ import annotations

from typing import Any

import pytest

from flowws import flow_of
from tests.flows.upstream import SPELLINGS, Upstream, spelled


@pytest.mark.parametrize("how", SPELLINGS)
async def test_runs_before_the_value_goes_on_and_changes_nothing(how: str) -> None:
    story: list[str] = []

    def tell(n: int) -> str:
        story.append(f"each {n}")
        return "ignored"

    await flow_of(1, 2).on_each(spelled(how, tell)).collect(lambda n: story.append(f"got {n}"))
    assert story == ["each 1", "got 1", "each 2", "got 2"]


async def test_a_catch_below_sees_its_failure_and_one_above_does_not() -> None:
    """K149"""
    seen: list[str] = []

    def fail(n: int) -> None:
        if n == 2:
            raise ValueError("no")

    chain = (
        flow_of(1, 2)
        .catch(lambda _: seen.append("above"))
        .on_each(fail)
        .catch(lambda failure: seen.append(f"below: {failure}"))
    )
    assert await chain.to_list() == [1]
    assert seen == ["below: no"]


async def test_its_failure_closes_what_is_above() -> None:
    upstream = Upstream(1, 2)
    with pytest.raises(ZeroDivisionError):
        await upstream.flow().on_each(lambda n: n / 0).collect()
    assert upstream.ends == ["closed"]


@pytest.mark.parametrize("wrong", [None, 3])
def test_refuses_what_is_no_function(wrong: Any) -> None:
    with pytest.raises(TypeError, match=repr(wrong)):
        flow_of(1).on_each(wrong)
