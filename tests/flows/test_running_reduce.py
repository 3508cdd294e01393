"""`running_reduce`."""

from __future__ import annotations

from typing import Any

import pytest

from flowws import flow_of
from tests.flows.upstream import SPELLINGS, Upstream, spelled


@pytest.mark.parametrize("how", SPELLINGS)
async def test_gives_the_first_value_and_every_step(how: str) -> None:
    assert await flow_of(1, 2, 3).running_reduce(spelled(how, lambda total, n: total + n)).to_list() == [1, 3, 6]


async def test_of_nothing_is_nothing() -> None:
    """K189"""
    assert await Upstream[int]().flow().running_reduce(lambda total, n: total + n).to_list() == []


async def test_the_operation_is_not_called_for_the_first_value() -> None:
    calls: list[tuple[int, int]] = []

    def told(total: int, n: int) -> int:
        calls.append((total, n))
        return total + n

    assert await flow_of(1).running_reduce(told).to_list() == [1]
    assert calls == []
    assert await flow_of(1, 2, 3).running_reduce(told).to_list() == [1, 3, 6]
    assert calls == [(1, 2), (3, 3)]


async def test_none_is_a_value_and_a_result() -> None:
    """K186, for running_reduce"""
    nothing: list[int | None] = [None, 1, None]
    calls: list[tuple[int | None, int | None]] = []
    chain = flow_of(*nothing).running_reduce(lambda total, n: calls.append((total, n)))
    assert await chain.to_list() == [None, None, None]
    assert calls == [(None, 1), (None, None)]


async def test_starts_anew_for_every_collection() -> None:
    chain = flow_of(1, 2).running_reduce(lambda total, n: total + n)
    assert await chain.to_list() == await chain.to_list() == [1, 3]


async def test_a_failing_operation_closes_what_is_above() -> None:
    upstream = Upstream(1, 0)
    with pytest.raises(ZeroDivisionError):
        await upstream.flow().running_reduce(lambda total, n: total // n).collect()
    assert upstream.ends == ["closed"]


@pytest.mark.parametrize("wrong", [None, 3])
def test_refuses_what_is_no_function(wrong: Any) -> None:
    with pytest.raises(TypeError, match=repr(wrong)):
        flow_of(1).running_reduce(wrong)
