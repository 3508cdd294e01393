"""`fold`, `reduce` and `count`."""

from __future__ import annotations

from typing import Any

import pytest

from flowws import NoSuchElementError, as_flow, empty_flow, flow_of
from tests.flows.upstream import SPELLINGS, Upstream, spelled


def show(before: Any, value: Any) -> str:
    return f"({before} {value})"


@pytest.mark.parametrize("how", SPELLINGS)
async def test_fold_goes_from_the_seed_over_every_value(how: str) -> None:
    assert await flow_of(1, 2).fold("seed", spelled(how, show)) == "((seed 1) 2)"


@pytest.mark.parametrize("how", SPELLINGS)
async def test_reduce_goes_from_the_first_value_over_the_rest(how: str) -> None:
    chain: Any = flow_of(1, 2, 3)
    assert await chain.reduce(spelled(how, show)) == "((1 2) 3)"


async def test_fold_of_nothing_is_the_seed() -> None:
    """K186"""
    seed = object()
    assert await empty_flow().fold(seed, lambda _, value: value) is seed


async def test_reduce_of_nothing_is_an_error_and_of_one_value_that_value() -> None:
    """K186"""
    with pytest.raises(NoSuchElementError, match=r"empty_flow\(\)"):
        await empty_flow().reduce(show)
    assert await flow_of(7).reduce(lambda _, __: 0) == 7


async def test_none_may_be_accumulated() -> None:
    """K186"""
    calls: list[tuple[Any, Any]] = []

    def forget(before: Any, value: Any) -> None:
        calls.append((before, value))

    assert await flow_of(None, 1, 2).reduce(forget) is None
    assert await flow_of(1).fold(None, forget) is None
    assert calls == [(None, 1), (None, 2), (None, 1)]


@pytest.mark.parametrize("how", SPELLINGS)
async def test_a_failing_operation_is_raised_and_closes_what_is_above(how: str) -> None:
    upstream = Upstream(1, 0, 3)
    with pytest.raises(ZeroDivisionError):
        await upstream.flow().fold(6, spelled(how, lambda before, n: before // n))
    with pytest.raises(ZeroDivisionError):
        await upstream.flow().reduce(spelled(how, lambda before, n: before // n))
    assert upstream.ends == ["closed", "closed"]


async def test_a_failure_above_is_raised() -> None:
    with pytest.raises(ValueError, match="above"):
        await Upstream(1, failure=ValueError("above")).flow().reduce(max)


async def test_counts_all_values_or_those_that_pass() -> None:
    assert await flow_of(1, None, 2).count() == 3
    assert await empty_flow().count() == 0
    assert await as_flow(range(300)).count(lambda n: n % 3 == 0) == 100


@pytest.mark.parametrize("how", SPELLINGS)
async def test_counts_by_a_test_of_any_kind(how: str) -> None:
    assert await flow_of(1, 2, 3).count(spelled(how, lambda n: n > 1)) == 2


@pytest.mark.parametrize("wrong", [3, "text"])
async def test_what_is_no_function_is_refused(wrong: Any) -> None:
    upstream = Upstream(1)
    for terminal in (upstream.flow().fold(0, wrong), upstream.flow().reduce(wrong), upstream.flow().count(wrong)):
        with pytest.raises(TypeError, match=repr(wrong)):
            await terminal
    assert upstream.story == []
