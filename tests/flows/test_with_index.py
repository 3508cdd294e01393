"""`with_index`."""

from __future__ import annotations

from contextlib import aclosing
from typing import Any, cast

from flowws import IndexedValue, flow_of
from tests.flows.upstream import Upstream


async def test_counts_from_zero_in_every_collection() -> None:
    """K192"""
    chain = flow_of("a", "b").with_index()
    assert await chain.to_list() == [IndexedValue(0, "a"), IndexedValue(1, "b")]
    assert await chain.to_list() == [(0, "a"), (1, "b")]
    assert await Upstream("a").flow().with_index().to_list() == [(0, "a")]


async def test_two_collections_at_once_count_apart() -> None:
    chain = flow_of("a", "b").with_index().map(lambda each: each.index)
    async with aclosing(cast("Any", aiter(chain))) as one, aclosing(cast("Any", aiter(chain))) as two:
        assert [await anext(one), await anext(one), await anext(two)] == [0, 1, 0]


async def test_counts_what_reaches_it() -> None:
    chain = flow_of(5, 6, 7, 8).filter(lambda n: n % 2 == 0).with_index()
    assert await chain.map(lambda each: (each.index, each.value)).to_list() == [(0, 6), (1, 8)]


async def test_of_an_index_is_a_value_like_any_other() -> None:
    assert await flow_of("a").with_index().with_index().to_list() == [(0, (0, "a"))]


def test_can_be_taken_apart_and_is_shown() -> None:
    match IndexedValue(1, "b"):
        case IndexedValue(index, value):
            assert (index, value) == (1, "b")
    assert repr(IndexedValue(1, "b")) == "IndexedValue(index=1, value='b')"
    assert repr(flow_of("a").with_index()) == "flow_of('a').with_index()"
