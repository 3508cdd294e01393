"""`zip`."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import anyio
import pytest

from flowws import CancellationError, MutableSharedFlow, coroutine_scope, current_job, empty_flow, flow, flow_of
from flowws.testing import TestScope
from tests.flows.timed import at, stamped
from tests.flows.upstream import SPELLINGS, Upstream, settle, spelled


async def test_pairs_by_position() -> None:
    """K237"""
    assert await flow_of(1, 2).zip(flow_of("a", "b")).to_list() == [(1, "a"), (2, "b")]


@pytest.mark.parametrize("how", SPELLINGS)
async def test_takes_any_function(how: str) -> None:
    chain = flow_of("a", "b").zip(flow_of(1, 2), spelled(how, lambda mine, theirs: f"{mine}{theirs}"))
    assert await chain.to_list() == ["a1", "b2"]


async def test_waits_for_the_slower_one_each_time(test_scope: TestScope) -> None:
    """K237"""
    chain = at((1, "a"), (2, "b"), (3, "c")).zip(at((2, 1), (3, 2), (3, 3)))
    assert await stamped(test_scope, chain) == [(2, ("a", 1)), (3, ("b", 2)), (4, ("c", 3))]


@pytest.mark.parametrize("count", [0, 1, 2, 3])
async def test_ends_with_the_shorter_one(count: int) -> None:
    """K237"""
    mine, theirs = Upstream(1, 2), Upstream(*"abc"[:count])
    assert await mine.flow().zip(theirs.flow()).to_list() == [(1, "a"), (2, "b")][:count]
    assert len(mine.ends) == 1
    assert theirs.starts == len(theirs.ends)


async def test_the_second_flow_is_cancelled_at_its_next_value() -> None:
    """K237"""
    theirs = Upstream("a", "b", "c", "d")
    assert await flow_of(1, 2).zip(theirs.flow()).to_list() == [(1, "a"), (2, "b")]
    assert theirs.story == ["start", "a", "b", "c", "closed"]


async def test_the_first_flow_is_closed_at_its_next_value() -> None:
    """K237"""
    mine = Upstream(1, 2, 3, 4)
    assert await mine.flow().zip(flow_of("a", "b")).to_list() == [(1, "a"), (2, "b")]
    assert mine.story in (["start", 1, 2, 3, "closed"], ["start", 1, 2, "closed"])


async def test_ends_at_once_when_the_second_ends_while_the_first_waits(test_scope: TestScope) -> None:
    """K238"""
    mine = Upstream(1, endless=True)
    chain = mine.flow().zip(at((0, "a"), end=5))
    assert await stamped(test_scope, chain) == [(0, (1, "a"))]
    assert test_scope.current_time == 5
    assert mine.ends == ["cancelled"]


async def test_transform_runs_in_the_task_of_the_collector() -> None:
    """K239"""
    tasks: list[object] = []

    def transform(mine: int, theirs: str) -> None:
        tasks.append((anyio.get_current_task(), current_job()))

    await flow_of(1).zip(flow_of("a"), transform).collect()
    assert tasks == [(anyio.get_current_task(), current_job())]


@pytest.mark.parametrize("where", ["mine", "theirs", "transform", "below"])
async def test_a_failure_anywhere_is_raised_as_itself_and_ends_the_rest(test_scope: TestScope, where: str) -> None:
    """K239"""
    failure = ValueError(where)

    def upstream(whose: str) -> Upstream[int]:
        return Upstream(1, failure=failure if where == whose else None, endless=True)

    mine, theirs = upstream("mine"), upstream("theirs")

    def fail_if(whose: str) -> None:
        if where == whose:
            raise failure

    with pytest.raises(ValueError, match=where) as raised:
        await mine.flow().zip(theirs.flow(), lambda *_: fail_if("transform")).collect(lambda _: fail_if("below"))
    assert raised.value is failure
    assert len(mine.ends) == len(theirs.ends) == 1


@pytest.mark.parametrize("whose", ["mine", "theirs"])
async def test_a_cancellation_error_of_either_fails_the_flow(whose: str) -> None:
    """K240, for this operator"""
    gone, other = Upstream(1, failure=CancellationError("gone")).flow(), Upstream(2, endless=True)
    chain = gone.zip(other.flow()) if whose == "mine" else other.flow().zip(gone)
    with pytest.raises(CancellationError, match="gone"):
        await chain.collect()
    assert len(other.ends) == 1


async def test_a_failing_cleanup_of_the_second_flow_is_raised() -> None:
    """K153, for this operator"""

    @flow
    async def dirty() -> AsyncIterator[str]:
        try:
            yield "a"
            await anyio.Event().wait()
        finally:
            raise ValueError("cleanup")

    with pytest.raises(ValueError, match="cleanup"):
        await Upstream(1, endless=True).flow().zip(dirty()).first()


async def test_within_take_and_around_it() -> None:
    """K176"""
    chain = flow_of(1, 2, 3).take(2).zip(Upstream(*"abc", endless=True).flow())
    assert await chain.take(3).to_list() == [(1, "a"), (2, "b")]
    assert await chain.take(1).to_list() == [(1, "a")]


async def test_with_an_empty_one_is_empty() -> None:
    endless = Upstream(1, endless=True)
    assert await endless.flow().zip(empty_flow()).to_list() == []
    assert await empty_flow().zip(endless.flow()).to_list() == []
    assert endless.starts == len(endless.ends)


async def test_with_itself() -> None:
    assert await flow_of(1, 2).zip(flow_of(1, 2).zip(flow_of(1, 2))).to_list() == [(1, (1, 1)), (2, (2, 2))]


async def test_hot_flows_are_subscribed_to_when_the_collection_begins() -> None:
    one, two = MutableSharedFlow[int](extra_buffer_capacity=1), MutableSharedFlow[int](extra_buffer_capacity=1)
    got: list[tuple[int, int]] = []
    async with coroutine_scope() as scope:
        job = one.zip(two).on_each(got.append).launch_in(scope)
        assert one.try_emit(1)
        assert two.try_emit(2)
        await settle()
        job.cancel()
    assert got == [(1, 2)]


def test_shows_itself() -> None:
    assert repr(flow_of(1).zip(flow_of(2))) == "flow_of(1).zip(flow_of(2))"
    assert repr(flow_of(1).zip(flow_of(2), max)) == "flow_of(1).zip(flow_of(2), max)"


async def test_a_failure_of_transform_says_where_it_was() -> None:
    def divide(a: int, b: int) -> float:
        return a / b

    with pytest.raises(ZeroDivisionError) as raised:
        await flow_of(1).map(int).zip(flow_of(0), divide).collect()
    place = "in zip(flow_of(0), divide), step 3 of flow_of(1).map(int).zip(flow_of(0), divide)"
    assert raised.value.__notes__ == [place]


@pytest.mark.parametrize("wrong", [None, 3])
def test_refuses_what_is_no_flow(wrong: Any) -> None:
    with pytest.raises(TypeError, match=repr(wrong)):
        flow_of(1).zip(wrong)


def test_refuses_what_is_no_function() -> None:
    wrong: Any = 3
    with pytest.raises(TypeError, match="3"):
        flow_of(1).zip(flow_of(2), wrong)
