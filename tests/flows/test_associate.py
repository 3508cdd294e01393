"""`associate`, `associate_by` and `associate_with`."""

from __future__ import annotations

from collections import OrderedDict
from typing import Any

import pytest

from flowws import Flow, empty_flow, flow_of
from tests.flows.upstream import SPELLINGS, Upstream, spelled

WORDS: Flow[str] = flow_of("apple", "banana", "avocado")


def initial(word: str) -> str:
    return word[0]


@pytest.mark.parametrize("how", SPELLINGS)
async def test_a_dict_of_pairs_in_the_order_of_the_flow_where_the_last_wins(how: str) -> None:
    entries = await WORDS.associate(spelled(how, lambda word: (word[0], len(word))))
    assert list(entries.items()) == [("a", 7), ("b", 6)]


@pytest.mark.parametrize("how", SPELLINGS)
async def test_a_dict_by_key_where_the_last_wins(how: str) -> None:
    assert await WORDS.associate_by(spelled(how, initial)) == {"a": "avocado", "b": "banana"}
    assert await WORDS.associate_by(spelled(how, initial), value=len) == {"a": 7, "b": 6}
    assert await WORDS.associate_by(initial, value=spelled(how, len)) == {"a": 7, "b": 6}


@pytest.mark.parametrize("how", SPELLINGS)
async def test_a_dict_with_the_values_as_keys(how: str) -> None:
    entries = await flow_of("b", "aa", "b").associate_with(spelled(how, len))
    assert list(entries.items()) == [("b", 1), ("aa", 2)]


async def test_of_nothing_is_empty() -> None:
    assert await empty_flow().associate(lambda each: (each, each)) == {}
    assert await empty_flow().associate_by(lambda each: each) == {}
    assert await empty_flow().associate_with(lambda each: each) == {}


async def test_a_dict_that_is_given_is_filled_and_returned_also_an_empty_one() -> None:
    into: OrderedDict[str, int] = OrderedDict()
    assert await WORDS.associate(lambda word: (word, 1), into=into) is into
    assert await flow_of("apple").associate_with(len, into=into) is into
    assert await flow_of("cherry").associate_by(lambda word: word, value=len, into=into) is into
    assert into == {"apple": 5, "banana": 1, "avocado": 1, "cherry": 6}


async def test_none_may_be_a_key_and_a_value() -> None:
    assert await flow_of(None).associate_by(lambda each: each) == {None: None}


async def test_a_failure_leaves_what_came_before_it() -> None:
    into: dict[Any, Any] = {}
    failing = Upstream(1, failure=ValueError("above")).flow()
    with pytest.raises(ValueError, match="above"):
        await failing.associate_with(str, into=into)
    with pytest.raises(ValueError, match="above"):
        await failing.associate_by(str, into=into)
    with pytest.raises(ValueError, match="above"):
        await failing.associate(lambda n: (-n, n), into=into)
    assert into == {1: "1", "1": 1, -1: 1}


async def test_a_failing_function_is_raised_and_closes_what_is_above() -> None:
    upstream = Upstream(0)
    with pytest.raises(ZeroDivisionError):
        await upstream.flow().associate(lambda n: (1 / n, n))
    with pytest.raises(ZeroDivisionError):
        await upstream.flow().associate_by(lambda n: 1 / n)
    with pytest.raises(ZeroDivisionError):
        await upstream.flow().associate_by(str, value=lambda n: 1 / n)
    with pytest.raises(ZeroDivisionError):
        await upstream.flow().associate_with(lambda n: 1 / n)
    assert upstream.ends == ["closed"] * 4


async def test_what_is_no_pair_is_an_error_and_closes_what_is_above() -> None:
    upstream = Upstream(1)
    chain: Any = upstream.flow()
    with pytest.raises(ValueError, match="unpack"):
        await chain.associate(lambda n: (n,))
    assert upstream.ends == ["closed"]


@pytest.mark.parametrize("wrong", [3, "text"])
async def test_what_is_no_function_is_refused(wrong: Any) -> None:
    upstream = Upstream(1)
    source = upstream.flow()
    for terminal in (
        source.associate(wrong),
        source.associate_by(wrong),
        source.associate_by(str, value=wrong),
        source.associate_with(wrong),
    ):
        with pytest.raises(TypeError, match=repr(wrong)):
            await terminal
    assert upstream.story == []
