"""`distinct_until_changed`."""

from __future__ import annotations

import pytest

from flowws import MutableStateFlow, flow_of


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
