"""`chunked` by size; test_chunked_in_time.py has the other half."""

from __future__ import annotations

from typing import Any

import pytest

from flowws import as_flow, flow_of
from tests.flows.upstream import Upstream


@pytest.mark.parametrize(
    ("size", "expected"),
    [(1, [[1], [2], [3], [4]]), (2, [[1, 2], [3, 4]]), (3, [[1, 2, 3], [4]]), (4, [[1, 2, 3, 4]]), (9, [[1, 2, 3, 4]])],
)
async def test_gives_lists_of_the_size_and_what_is_left(size: int, expected: list[list[int]]) -> None:
    """K190"""
    assert await flow_of(1, 2, 3, 4).chunked(size).to_list() == expected
    assert await Upstream(1, 2, 3, 4).flow().chunked(size).to_list() == expected


async def test_of_nothing_is_nothing() -> None:
    """K190: never an empty list"""
    assert await flow_of().chunked(2).to_list() == []


async def test_every_list_is_a_new_one() -> None:
    """K190"""
    chain = flow_of(1, 2, 3).chunked(1).on_each(lambda chunk: chunk.append(0))
    one, two, three = await chain.to_list()
    assert (one, two, three) == ([1, 0], [2, 0], [3, 0])
    assert await chain.to_list() == [one, two, three]


async def test_a_full_list_is_given_before_the_next_value_is_asked_for() -> None:
    upstream = Upstream(1, 2, 3)
    await upstream.flow().chunked(2).collect(upstream.story.append)
    assert upstream.story == ["start", 1, 2, [1, 2], 3, "completed", [3]]


async def test_a_failure_above_comes_instead_of_the_list_that_had_been_begun() -> None:
    got: list[list[int]] = []
    with pytest.raises(ValueError, match="above"):
        await Upstream(1, 2, 3, failure=ValueError("above")).flow().chunked(2).to_list(got)
    assert got == [[1, 2]]


@pytest.mark.parametrize("count", [1, 2])
async def test_a_take_below_counts_lists_and_closes_what_is_above(count: int) -> None:
    upstream = Upstream(*range(9))
    assert await upstream.flow().chunked(2).take(count).to_list() == [[0, 1], [2, 3]][:count]
    assert upstream.ends == ["closed"]


@pytest.mark.parametrize("above", ["take", "take_while", "transform_while", "dematerialize", "inner take"])
async def test_what_is_left_is_given_too_when_the_flow_above_is_cut_short(above: str) -> None:
    """K175: for what is below, a flow that was cut short above has ended like any other"""
    upstream = Upstream(1, 2, 3, 4, 5)
    match above:
        case "take":
            chain = upstream.flow().take(3)
        case "take_while":
            chain = upstream.flow().take_while(lambda n: n < 4)
        case "transform_while":
            chain = upstream.flow().transform_while(lambda n: flow_of(n) if n < 4 else _stop())
        case "dematerialize":
            chain = upstream.flow().take(3).materialize().dematerialize()
        case _:
            chain = upstream.flow().transform(flow_of).map(lambda n: n).take(3)
    assert await chain.chunked(2).to_list() == [[1, 2], [3]]
    assert await chain.chunked(2).map(len).take(9).to_list() == [2, 1]
    assert upstream.ends == ["closed"] * 2


async def _stop() -> Any:
    from flowws import StopFlow

    if True:
        raise StopFlow
    yield  # what makes it a generator


async def test_chunks_of_chunks() -> None:
    assert await as_flow(range(5)).chunked(2).chunked(2).to_list() == [[[0, 1], [2, 3]], [[4]]]


async def test_the_last_list_runs_through_what_is_below() -> None:
    chain = as_flow(range(5)).chunked(2).map(sum).scan(0, lambda total, n: total + n).transform(lambda n: flow_of(n, n))
    assert await chain.distinct_until_changed().to_list() == [0, 1, 6, 10]


async def test_a_failure_below_the_last_list_is_raised() -> None:
    upstream = Upstream(1, 2, 3)
    with pytest.raises(ZeroDivisionError):
        await upstream.flow().chunked(2).map(lambda chunk: 1 / (len(chunk) - 1)).collect()
    assert upstream.ends == ["completed"]


@pytest.mark.parametrize("size", [0, -1])
def test_refuses_less_than_one(size: int) -> None:
    """K190"""
    with pytest.raises(ValueError, match=f"size must be 1 or more, not {size}"):
        flow_of(1).chunked(size)


@pytest.mark.parametrize("size", [1.5, "1", True])
def test_refuses_what_is_no_whole_number(size: Any) -> None:
    with pytest.raises(TypeError, match="whole number"):
        flow_of(1).chunked(size)


def test_refuses_to_do_without_both() -> None:
    with pytest.raises(TypeError, match="a size, a timeout, or both"):
        flow_of(1).chunked()


def test_is_shown() -> None:
    assert repr(flow_of(1).chunked(2)) == "flow_of(1).chunked(2)"
