"""`race`."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import anyio
import pytest

from flowws import CancellationError, Flow, MutableSharedFlow, coroutine_scope, delay, empty_flow, flow, flow_of, race
from flowws.testing import TestScope
from tests.flows.timed import at, stamped
from tests.flows.upstream import Upstream, settle


async def test_the_first_to_give_a_value_wins(test_scope: TestScope) -> None:
    chain = race(at((3, "3a"), (6, "3b")), at((2, "2a"), (4, "2b")), at((9, "9a")))
    assert await stamped(test_scope, chain) == [(2, "2a"), (4, "2b")]


async def test_the_first_to_end_wins(test_scope: TestScope) -> None:
    assert await stamped(test_scope, race(at((3, "a")), at(end=1), at((2, "b")))) == []
    assert test_scope.current_time == 1


async def test_the_first_to_fail_wins(test_scope: TestScope) -> None:
    failure = ValueError("first")
    other = Upstream[int](endless=True)
    with pytest.raises(ValueError, match="first") as raised:
        await race(other.flow(), at(end=1, failure=failure)).collect()
    assert raised.value is failure
    assert other.ends == ["cancelled"]


async def test_one_that_ends_with_a_cancellation_error_drops_out(test_scope: TestScope) -> None:
    gone: Flow[str] = at(end=1, failure=CancellationError("gone"))
    assert await stamped(test_scope, race(gone, at((2, "a")))) == [(2, "a")]
    assert await race(gone, gone).to_list() == []


async def test_one_that_need_not_wait_has_won_before_those_after_it_begin() -> None:
    later = Upstream("later")
    assert await race(flow_of("now"), later.flow()).to_list() == ["now"]
    assert later.starts == 0
    assert await race(empty_flow(), later.flow()).to_list() == []


async def test_the_losers_have_cleaned_up_before_the_first_value_comes(test_scope: TestScope) -> None:
    story: list[str] = []

    @flow
    async def loser() -> AsyncIterator[str]:
        try:
            await delay(100)
            yield "late"
        finally:
            with anyio.CancelScope(shield=True):
                await delay(5)
            story.append("clean")

    chain = race(loser(), at((1, "quick"), (2, "and more"))).on_each(story.append)
    assert await stamped(test_scope, chain) == [(6, "quick"), (7, "and more")]
    assert story == ["clean", "quick", "and more"]


async def test_two_that_are_ready_at_the_same_moment_do_not_mix(test_scope: TestScope) -> None:
    came = await race(at((1, "a"), (2, "a")), at((1, "b"), (2, "b"))).to_list()
    assert came in (["a", "a"], ["b", "b"])


async def test_none_is_a_value() -> None:
    assert await race(flow_of(None, 1)).to_list() == [None, 1]


async def test_a_failure_of_the_winner_later_on_is_raised() -> None:
    got: list[int] = []
    with pytest.raises(ValueError, match="later"):
        await race(Upstream[int](endless=True).flow(), Upstream(1, failure=ValueError("later")).flow()).to_list(got)
    assert got == [1]


@pytest.mark.parametrize("winner", ["cold", "hot"])
async def test_hot_flows_are_subscribed_to_when_it_begins_and_left_when_they_lose(winner: str) -> None:
    hot = MutableSharedFlow[str](extra_buffer_capacity=1)
    got: list[str] = []
    async with coroutine_scope() as scope:
        others = [flow_of("cold")] if winner == "cold" else []
        job = race(*others, Upstream[str](endless=True).flow(), hot).on_each(got.append).launch_in(scope)
        assert hot.subscription_count.value == 1
        assert hot.try_emit("hot")
        await settle()
        assert got == [winner]
        assert hot.subscription_count.value == (1 if winner == "hot" else 0)
        job.cancel()
    assert hot.subscription_count.value == 0


def test_shows_itself() -> None:
    assert repr(race(flow_of(1), flow_of(2))) == "race(flow_of(1), flow_of(2))"


def test_refuses_to_race_nobody() -> None:
    with pytest.raises(ValueError, match="race"):
        race()


@pytest.mark.parametrize("wrong", [3, "text", None])
def test_refuses_what_is_no_flow(wrong: Any) -> None:
    with pytest.raises(TypeError, match=repr(wrong)):
        race(flow_of(1), wrong)
