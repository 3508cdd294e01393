"""`any`, `all` and `none`."""

from __future__ import annotations

from typing import Any

import pytest

from flowws import empty_flow, flow_of
from tests.flows.upstream import SPELLINGS, Upstream, spelled


def is_big(n: int) -> bool:
    return n > 1


@pytest.mark.parametrize("how", SPELLINGS)
async def test_what_they_say(how: str) -> None:
    test = spelled(how, is_big)
    some, every, no = flow_of(1, 2), flow_of(2, 3), flow_of(0, 1)
    assert [await each.any(test) for each in (some, every, no)] == [True, True, False]
    assert [await each.all(test) for each in (some, every, no)] == [False, True, False]
    assert [await each.none(test) for each in (some, every, no)] == [False, False, True]


async def test_of_nothing() -> None:
    """K187"""
    assert not await empty_flow().any(is_big)
    assert await empty_flow().all(is_big)
    assert await empty_flow().none(is_big)


async def test_they_stop_at_the_value_that_decides() -> None:
    """K187: also on an endless flow"""
    upstream = Upstream(1, 2, 3, endless=True)
    assert await upstream.flow().any(is_big)
    assert not await upstream.flow().none(is_big)
    assert not await upstream.flow().all(lambda n: n < 2)
    assert upstream.story == ["start", 1, 2, "closed"] * 3


async def test_the_truth_of_what_the_test_says_counts() -> None:
    assert await flow_of(0, 2).any(lambda n: n)
    assert not await flow_of(0, 2).all(lambda n: n)
    assert await flow_of("", "").none(lambda text: text)


@pytest.mark.parametrize("name", ["any", "all", "none"])
async def test_a_failing_test_is_raised_and_closes_what_is_above(name: str) -> None:
    upstream = Upstream(0)
    with pytest.raises(ZeroDivisionError):
        await getattr(upstream.flow(), name)(lambda n: 1 / n)
    assert upstream.ends == ["closed"]


@pytest.mark.parametrize("name", ["any", "all", "none"])
@pytest.mark.parametrize("wrong", [None, 3])
async def test_what_is_no_function_is_refused(name: str, wrong: Any) -> None:
    with pytest.raises(TypeError, match=repr(wrong)):
        await getattr(flow_of(1), name)(wrong)
