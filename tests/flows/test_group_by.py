"""`group_by`."""

from __future__ import annotations

from typing import Any

import pytest

from flowws import Flow, empty_flow, flow_of
from tests.flows.upstream import SPELLINGS, Upstream, spelled

WORDS: Flow[str] = flow_of("apple", "banana", "avocado")


def initial(word: str) -> str:
    return word[0]


@pytest.mark.parametrize("how", SPELLINGS)
async def test_groups_the_values_or_what_is_made_of_them(how: str) -> None:
    assert await WORDS.group_by(spelled(how, initial)) == {"a": ["apple", "avocado"], "b": ["banana"]}
    assert await WORDS.group_by(spelled(how, initial), value=len) == {"a": [5, 7], "b": [6]}
    assert await WORDS.group_by(initial, value=spelled(how, len)) == {"a": [5, 7], "b": [6]}


async def test_groups_and_their_values_keep_the_order_of_the_flow() -> None:
    groups = await flow_of(3, 1, 2, 4).group_by(lambda n: n % 2)
    assert list(groups.items()) == [(1, [3, 1]), (0, [2, 4])]
    assert await empty_flow().group_by(lambda n: n) == {}


async def test_a_dict_that_is_given_is_filled_and_returned_also_an_empty_one() -> None:
    into: dict[int, list[int]] = {}
    assert await flow_of(1, 2).group_by(lambda n: n % 2, into=into) is into
    assert await flow_of(3).group_by(lambda n: n % 2, into=into) is into
    assert into == {1: [1, 3], 0: [2]}


async def test_a_failure_leaves_what_came_before_it() -> None:
    into: dict[int, list[int]] = {}
    with pytest.raises(ValueError, match="above"):
        await Upstream(1, failure=ValueError("above")).flow().group_by(lambda n: n, into=into)
    assert into == {1: [1]}


async def test_a_failing_function_is_raised_and_closes_what_is_above() -> None:
    upstream = Upstream(0)
    with pytest.raises(ZeroDivisionError):
        await upstream.flow().group_by(lambda n: 1 / n)
    with pytest.raises(ZeroDivisionError):
        await upstream.flow().group_by(str, value=lambda n: 1 / n)
    assert upstream.ends == ["closed"] * 2


@pytest.mark.parametrize("wrong", [3, "text"])
async def test_what_is_no_function_is_refused(wrong: Any) -> None:
    upstream = Upstream(1)
    for terminal in (upstream.flow().group_by(wrong), upstream.flow().group_by(str, value=wrong)):
        with pytest.raises(TypeError, match=repr(wrong)):
            await terminal
    assert upstream.story == []
