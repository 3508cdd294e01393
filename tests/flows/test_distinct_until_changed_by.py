"""`distinct_until_changed_by`."""

from __future__ import annotations

from typing import Any

import pytest

from flowws import flow_of
from tests.flows.upstream import SPELLINGS, Upstream, spelled


@pytest.mark.parametrize("how", SPELLINGS)
async def test_drops_values_with_the_key_of_the_last_that_was_let_through(how: str) -> None:
    """K191"""
    by_tens = spelled(how, lambda n: n // 10)
    assert await flow_of(1, 2, 11, 12, 3).distinct_until_changed_by(by_tens).to_list() == [1, 11, 3]
    assert await flow_of(1, 2).distinct_until_changed_by(spelled(how, lambda _: None)).to_list() == [1]


async def test_asks_for_each_key_once_and_compares_no_single_one() -> None:
    """K191"""

    class Prickly:
        def __eq__(self, other: object) -> bool:
            raise AssertionError("compared")

        __hash__ = None  # type: ignore[assignment]  # as any class with an __eq__ of its own

    keys = [Prickly(), Prickly()]
    assert await flow_of(0).distinct_until_changed_by(keys.__getitem__).to_list() == [0]
    asked: list[int] = []
    await flow_of(1, 2, 2).distinct_until_changed_by(asked.append).collect()
    assert asked == [1, 2, 2]


async def test_keys_are_compared_by_identity_first() -> None:
    """K112"""
    nan = float("nan")
    assert await flow_of(1, 2).distinct_until_changed_by(lambda _: nan).to_list() == [1]
    assert await flow_of(1, 2).distinct_until_changed_by(lambda _: float("nan")).to_list() == [1, 2]


def test_the_same_function_again_gives_the_same_flow() -> None:
    """K191, K110"""
    once = flow_of(1).distinct_until_changed_by(str)
    assert once.distinct_until_changed_by(str) is once
    assert once.distinct_until_changed_by(int) is not once
    assert once.distinct_until_changed() is not once


async def test_a_failing_function_closes_what_is_above() -> None:
    upstream = Upstream(0, 1)
    with pytest.raises(ZeroDivisionError):
        await upstream.flow().distinct_until_changed_by(lambda n: 1 / n).collect()
    assert upstream.ends == ["closed"]


@pytest.mark.parametrize("wrong", [None, 3])
def test_refuses_what_is_no_function(wrong: Any) -> None:
    with pytest.raises(TypeError, match=repr(wrong)):
        flow_of(1).distinct_until_changed_by(wrong)
