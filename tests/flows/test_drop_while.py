"""`drop_while`."""

from __future__ import annotations

from typing import Any

import pytest

from flowws import flow_of
from tests.flows.upstream import SPELLINGS, Upstream, spelled


@pytest.mark.parametrize("how", SPELLINGS)
async def test_gives_everything_from_the_first_that_fails(how: str) -> None:
    """K182"""
    assert await flow_of(1, 2, 3, 1).drop_while(spelled(how, lambda n: n < 3)).to_list() == [3, 1]


@pytest.mark.parametrize("how", ["plain", "async def"])
async def test_the_test_is_not_asked_again(how: str) -> None:
    """K182"""
    asked: list[int] = []

    def test(n: int) -> bool:
        asked.append(n)
        return n < 2

    assert await Upstream(1, 2, 3, 1).flow().drop_while(spelled(how, test)).to_list() == [2, 3, 1]
    assert asked == [1, 2]


async def test_gives_nothing_when_nothing_fails_and_all_when_the_first_does() -> None:
    assert await flow_of(1, 2).drop_while(lambda _: True).to_list() == []
    assert await flow_of(1, 2).drop_while(lambda _: False).to_list() == [1, 2]


async def test_asks_anew_in_every_collection() -> None:
    chain = flow_of(1, 2, 1).drop_while(lambda n: n < 2)
    assert await chain.to_list() == await chain.to_list() == [2, 1]


async def test_a_failing_test_closes_what_is_above() -> None:
    upstream = Upstream(0, 1)
    with pytest.raises(ZeroDivisionError):
        await upstream.flow().drop_while(lambda n: 1 / n > 0).collect()
    assert upstream.ends == ["closed"]


@pytest.mark.parametrize("wrong", [None, 3])
def test_refuses_what_is_no_function(wrong: Any) -> None:
    with pytest.raises(TypeError, match=repr(wrong)):
        flow_of(1).drop_while(wrong)
