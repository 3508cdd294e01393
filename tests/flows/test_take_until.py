"""`take_until`."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest

from flowws import CancellationError, MutableSharedFlow, as_flow, coroutine_scope, empty_flow, flow, flow_of
from flowws.testing import TestScope
from tests.flows.timed import at, stamped
from tests.flows.upstream import Upstream, settle


async def test_ends_with_the_first_value_of_the_other(test_scope: TestScope) -> None:
    signal = Upstream("stop", "never asked for")
    chain = at((1, "a"), (2, "b"), (9, "c")).take_until(at((5, 0)).flat_map_concat(lambda _: signal.flow()))
    assert await stamped(test_scope, chain) == [(1, "a"), (2, "b")]
    assert test_scope.current_time == 5
    assert signal.story == ["start", "stop", "closed"]


async def test_the_source_that_waits_is_cancelled(test_scope: TestScope) -> None:
    upstream = Upstream(1, endless=True)
    assert await upstream.flow().take_until(at((5, "stop"))).to_list() == [1]
    assert upstream.ends == ["cancelled"]
    assert test_scope.current_time == 5


async def test_a_source_that_never_waits_is_ended_too(test_scope: TestScope) -> None:
    counted = 0
    async for _ in as_flow(range(10**9)).take_until(at((0, "now"))):
        counted += 1
    assert counted < 1000


async def test_the_other_has_the_first_turn() -> None:
    upstream = Upstream(1)
    assert await upstream.flow().take_until(flow_of("stop")).to_list() == []
    assert upstream.story == []


async def test_an_end_of_the_other_without_a_value_changes_nothing() -> None:
    assert await flow_of(1, 2).take_until(empty_flow()).to_list() == [1, 2]


async def test_the_end_of_the_source_ends_the_other() -> None:
    other = Upstream[int](endless=True)
    assert await flow_of(1).take_until(other.flow()).to_list() == [1]
    assert other.ends == ["cancelled"]


@pytest.mark.parametrize("failure", [ValueError("gone"), CancellationError("gone")])
@pytest.mark.parametrize("whose", ["mine", "theirs"])
async def test_a_failure_of_either_ends_both(whose: str, failure: Exception) -> None:
    mine = Upstream(1, failure=failure if whose == "mine" else None, endless=True)
    theirs = Upstream[int](failure=failure if whose == "theirs" else None, endless=True)
    with pytest.raises(type(failure), match="gone") as raised:
        await mine.flow().take_until(theirs.flow()).collect()
    assert raised.value is failure
    assert mine.starts == len(mine.ends)
    assert len(theirs.ends) == 1


async def test_on_completion_below_sees_a_normal_end() -> None:
    """K164"""
    causes: list[BaseException | None] = []
    await Upstream(1, endless=True).flow().take_until(flow_of(0)).on_completion(causes.append).collect()
    assert causes == [None]


async def test_a_shared_flow_as_the_switch() -> None:
    stop = MutableSharedFlow[str]()
    upstream = Upstream(1, endless=True)
    async with coroutine_scope() as scope:
        job = upstream.flow().take_until(stop).launch_in(scope)
        assert stop.subscription_count.value == 1
        await settle()
        await stop.emit("stop")
    assert job.is_completed
    assert not job.is_cancelled
    assert stop.subscription_count.value == 0


def test_shows_itself() -> None:
    assert repr(flow_of(1).take_until(flow_of(2))) == "flow_of(1).take_until(flow_of(2))"


@pytest.mark.parametrize("wrong", [None, 3])
def test_refuses_what_is_no_flow(wrong: Any) -> None:
    with pytest.raises(TypeError, match=repr(wrong)):
        flow_of(1).take_until(wrong)


class Outcome(BaseException):
    """Such as those of pytest are."""


async def test_what_is_no_exception_is_a_failure_of_the_other_too() -> None:
    def fail() -> int:
        raise Outcome

    other = as_flow(fail)
    with pytest.raises(Outcome):
        await flow_of(1).take_until(other).to_list()


async def test_a_cleanup_of_the_other_that_fails_is_raised() -> None:
    @flow
    async def other() -> AsyncIterator[int]:
        try:
            yield 1
        finally:
            raise RuntimeError("cleanup")

    with pytest.raises(RuntimeError, match="cleanup"):
        await flow_of(1).take_until(other()).to_list()
