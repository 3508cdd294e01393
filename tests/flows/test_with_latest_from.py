"""`with_latest_from`."""

from __future__ import annotations

from typing import Any

import pytest

from flowws import MutableStateFlow, as_flow, coroutine_scope, empty_flow, flow_of
from flowws.testing import TestScope
from tests.flows.timed import at, stamped
from tests.flows.upstream import SPELLINGS, Upstream, settle, spelled


async def test_each_value_comes_with_the_newest_of_the_other(test_scope: TestScope) -> None:
    chain = at((1, "a"), (2, "b"), (5, "c"), (6, "d")).with_latest_from(at((1.5, 1), (3, 2), (4, 3)))
    assert await stamped(test_scope, chain) == [(2, ("b", 1)), (5, ("c", 3)), (6, ("d", 3))]


@pytest.mark.parametrize("how", SPELLINGS)
async def test_takes_any_function(how: str) -> None:
    chain = flow_of("a", "b").with_latest_from(flow_of(1), spelled(how, lambda mine, theirs: f"{mine}{theirs}"))
    assert await chain.to_list() == ["a1", "b1"]


async def test_the_other_has_the_first_turn() -> None:
    assert await flow_of("a").with_latest_from(flow_of(1, None)).to_list() == [("a", None)]
    state = MutableStateFlow(1)
    assert await flow_of("a").with_latest_from(state).to_list() == [("a", 1)]
    assert state.subscription_count.value == 0


async def test_without_a_value_of_the_other_nothing_comes() -> None:
    assert await flow_of(1, 2).with_latest_from(empty_flow()).to_list() == []


async def test_the_end_of_this_flow_ends_the_other() -> None:
    other = Upstream("x", endless=True)
    assert await flow_of(1).with_latest_from(other.flow()).to_list() == [(1, "x")]
    assert other.ends == ["cancelled"]


@pytest.mark.parametrize("where", ["mine", "theirs", "transform"])
async def test_a_failure_anywhere_is_raised_as_itself_and_ends_the_rest(where: str) -> None:
    failure = ValueError(where)
    mine = Upstream(1, failure=failure if where == "mine" else None, endless=True)
    theirs = Upstream(2, failure=failure if where == "theirs" else None, endless=True)

    def transform(*_: int) -> None:
        if where == "transform":
            raise failure

    with pytest.raises(ValueError, match=where) as raised:
        await mine.flow().with_latest_from(theirs.flow(), transform).collect()
    assert raised.value is failure
    assert mine.starts == len(mine.ends)
    assert len(theirs.ends) == 1


async def test_a_state_that_filters_a_feed() -> None:
    limit, got = MutableStateFlow(10), list[int]()
    feed = MutableStateFlow(5)
    async with coroutine_scope() as scope:
        chain = feed.with_latest_from(limit).filter(lambda pair: pair[0] < pair[1]).map(lambda pair: pair[0])
        job = chain.on_each(got.append).launch_in(scope)
        await settle()
        limit.value = 3
        await settle()
        feed.value = 7
        await settle()
        feed.value = 2
        await settle()
        job.cancel()
    assert got == [5, 2]


def test_shows_itself() -> None:
    assert repr(flow_of(1).with_latest_from(flow_of(2))) == "flow_of(1).with_latest_from(flow_of(2))"


@pytest.mark.parametrize("wrong", [None, 3])
def test_refuses_what_is_no_flow(wrong: Any) -> None:
    with pytest.raises(TypeError, match=repr(wrong)):
        flow_of(1).with_latest_from(wrong)


def test_refuses_what_is_no_function() -> None:
    wrong: Any = 3
    with pytest.raises(TypeError, match="3"):
        flow_of(1).with_latest_from(flow_of(2), wrong)


class Outcome(BaseException):
    """Such as those of pytest are."""


async def test_what_is_no_exception_is_a_failure_of_the_other_too() -> None:
    def fail() -> int:
        raise Outcome

    other = as_flow(fail)
    with pytest.raises(Outcome):
        await flow_of(1).with_latest_from(other).to_list()
