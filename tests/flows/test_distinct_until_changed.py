"""`distinct_until_changed`."""

from __future__ import annotations

from typing import Any

import pytest

from flowws import MutableStateFlow, flow_of
from tests.flows.upstream import SPELLINGS, Upstream, spelled


async def test_drops_repetitions_only_of_the_value_before() -> None:
    """K191"""
    assert await flow_of(1, 1, 2, 2, 1, 3).distinct_until_changed().to_list() == [1, 2, 1, 3]
    assert await flow_of().distinct_until_changed().to_list() == []


async def test_none_is_a_value() -> None:
    """K191, K14"""
    assert await flow_of(None, None, 1, None).distinct_until_changed().to_list() == [None, 1, None]


async def test_a_single_value_is_not_compared() -> None:
    """K191, K14"""

    class Prickly:
        def __eq__(self, other: object) -> bool:
            raise AssertionError("compared")

        __hash__ = None  # type: ignore[assignment]  # as any class with an __eq__ of its own

    value = Prickly()
    assert len(await flow_of(value).distinct_until_changed().to_list()) == 1
    assert len(await flow_of(value, value).distinct_until_changed().to_list()) == 1


async def test_compares_with_the_last_value_that_was_let_through() -> None:
    """K191"""

    class Near:
        def __init__(self, at: float) -> None:
            self.at = at

        def __eq__(self, other: object) -> bool:
            return isinstance(other, Near) and abs(self.at - other.at) < 1

        __hash__ = None  # type: ignore[assignment]  # as any class with an __eq__ of its own

    values = [Near(0), Near(0.6), Near(1.2), Near(1.8), Near(2.4)]
    assert [each.at for each in await flow_of(*values).distinct_until_changed().to_list()] == [0, 1.2, 2.4]


async def test_identity_comes_first_and_equality_without_a_truth_is_none() -> None:
    """K112"""
    nan = float("nan")
    assert len(await flow_of(nan, nan).distinct_until_changed().to_list()) == 1
    assert len(await flow_of(nan, float("nan")).distinct_until_changed().to_list()) == 2

    class Array:
        def __eq__(self, other: object) -> Array:  # type: ignore[override]  # as arrays do
            return self

        def __bool__(self) -> bool:
            raise ValueError("ambiguous")

        __hash__ = None  # type: ignore[assignment]  # as any class with an __eq__ of its own

    one, two = Array(), Array()
    assert len(await flow_of(one, one, two).distinct_until_changed().to_list()) == 2


async def test_a_failing_comparison_is_raised() -> None:
    class Broken:
        def __eq__(self, other: object) -> bool:
            raise ZeroDivisionError

        __hash__ = None  # type: ignore[assignment]  # as any class with an __eq__ of its own

    with pytest.raises(ZeroDivisionError):
        await flow_of(Broken(), Broken()).distinct_until_changed().collect()


def test_applied_again_gives_the_same_flow() -> None:
    """K191, K110"""
    once = flow_of(1).distinct_until_changed()
    assert once.distinct_until_changed() is once
    assert once.map(lambda n: n).distinct_until_changed() is not once
    state = MutableStateFlow(1)
    assert state.distinct_until_changed() is state


async def test_two_in_one_chain_have_each_its_own_memory() -> None:
    chain = flow_of(1, 2, 11, 12).distinct_until_changed().map(lambda n: n // 10).distinct_until_changed()
    assert await chain.to_list() == [0, 1]
    assert await chain.to_list() == [0, 1]


# With a function that compares


@pytest.mark.parametrize("how", SPELLINGS)
async def test_a_function_says_what_is_equivalent_to_the_last_that_was_let_through(how: str) -> None:
    """K191"""
    near = spelled(how, lambda old, new: abs(new - old) < 2)
    assert await flow_of(1, 2, 3, 4, 9).distinct_until_changed(near).to_list() == [1, 3, 9]
    assert await flow_of(0, 1).distinct_until_changed(spelled(how, lambda *_: True)).to_list() == [0]
    assert await flow_of(0, 0).distinct_until_changed(spelled(how, lambda *_: False)).to_list() == [0, 0]


async def test_the_function_is_not_called_for_the_first_value_and_sees_none() -> None:
    """K191"""
    calls: list[tuple[int | None, int | None]] = []

    def told(old: int | None, new: int | None) -> bool:
        calls.append((old, new))
        return old is new

    assert await flow_of(7).distinct_until_changed(told).to_list() == [7]
    assert calls == []
    values: list[int | None] = [None, None, 1]
    assert await flow_of(*values).distinct_until_changed(told).to_list() == [None, 1]
    assert calls == [(None, None), (None, 1)]


def test_the_same_function_again_gives_the_same_flow() -> None:
    """K191, K110"""

    def near(old: int, new: int) -> bool:
        return old == new

    once = flow_of(1).distinct_until_changed(near)
    assert once.distinct_until_changed(near) is once
    assert once.distinct_until_changed() is not once
    assert once.distinct_until_changed(lambda *_: True) is not once
    state = MutableStateFlow(1)
    assert state.distinct_until_changed(near) is not state
    assert repr(once) == "flow_of(1).distinct_until_changed(near)"


async def test_a_failing_function_closes_what_is_above() -> None:
    upstream = Upstream(1, 2)
    with pytest.raises(ZeroDivisionError):
        await upstream.flow().distinct_until_changed(lambda old, _: old / 0).collect()
    assert upstream.ends == ["closed"]


@pytest.mark.parametrize("wrong", [3, "text"])
def test_refuses_what_is_no_function(wrong: Any) -> None:
    with pytest.raises(TypeError, match=repr(wrong)):
        flow_of(1).distinct_until_changed(wrong)
