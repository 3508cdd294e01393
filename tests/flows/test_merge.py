"""`merge`."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextvars import ContextVar, copy_context
from typing import Any

import pytest

from flowws import CancellationError, MutableSharedFlow, as_flow, coroutine_scope, flow, flow_of, merge
from flowws.testing import TestScope
from tests.flows.timed import at, stamped
from tests.flows.upstream import Upstream, settle


async def test_gives_the_values_of_all_flows_as_they_come(test_scope: TestScope) -> None:
    came = await stamped(test_scope, merge(at((3, "3a"), (6, "3b")), at((2, "2a"), (4, "2b"))))
    assert came == [(2, "2a"), (3, "3a"), (4, "2b"), (6, "3b")]


async def test_the_flows_begin_in_the_given_order() -> None:
    """K231"""
    assert await merge(*(flow_of(n, -n) for n in range(20))).to_list() == [m for n in range(20) for m in (n, -n)]


async def test_there_is_no_limit() -> None:
    flows = [Upstream(n, endless=True) for n in range(100)]
    assert await merge(*(each.flow() for each in flows)).take(100).to_list() == list(range(100))
    assert all(each.ends == ["cancelled"] for each in flows)


async def test_of_nothing_is_nothing() -> None:
    assert await merge().to_list() == []


async def test_takes_any_async_iterable() -> None:
    async def numbers() -> AsyncIterator[int]:
        yield 1

    assert await merge(numbers(), flow_of(2)).to_list() == [1, 2]


async def test_ends_when_all_have_ended() -> None:
    endless = Upstream(1, endless=True)
    got: list[int] = []
    async with coroutine_scope() as scope:
        job = merge(flow_of(0), endless.flow()).on_each(got.append).launch_in(scope)
        await settle()
        assert job.is_active
        assert got == [0, 1]
        job.cancel()


async def test_a_failure_of_one_ends_the_others_after_what_came_before() -> None:
    failure = ValueError("one")
    other = Upstream(1, endless=True)
    got: list[int] = []
    with pytest.raises(ValueError, match="one") as raised:
        await merge(other.flow(), Upstream(2, failure=failure).flow()).to_list(got)
    assert raised.value is failure
    assert got == [1, 2]
    assert other.ends == ["cancelled"]


async def test_one_that_ends_with_a_cancellation_error_just_drops_out() -> None:
    """K228"""
    gone = Upstream(1, failure=CancellationError("gone")).flow()
    assert await merge(gone, flow_of(2)).to_list() == [1, 2]


async def test_hot_flows_are_subscribed_to_when_the_collection_begins() -> None:
    one, two = MutableSharedFlow[int](extra_buffer_capacity=1), MutableSharedFlow[int](extra_buffer_capacity=1)
    got: list[int] = []
    async with coroutine_scope() as scope:
        job = merge(one, two).on_each(got.append).launch_in(scope)
        assert one.try_emit(1)
        assert two.try_emit(2)
        await settle()
        job.cancel()
    assert got == [1, 2]


async def test_a_flow_on_below_is_for_those_that_have_none_of_their_own() -> None:
    """K231"""
    who: ContextVar[str] = ContextVar("who", default="nobody")

    @flow
    async def asks() -> AsyncIterator[str]:
        yield who.get()

    def context_of(name: str) -> Any:
        context = copy_context()
        context.run(who.set, name)
        return context

    chain = merge(asks().flow_on(context_of("mine")), asks()).flow_on(context_of("theirs"))
    assert sorted(await chain.to_list()) == ["mine", "theirs"]


def test_shows_itself() -> None:
    assert repr(merge(flow_of(1), flow_of(2))) == "merge(flow_of(1), flow_of(2))"


@pytest.mark.parametrize("wrong", [3, "text", None])
def test_refuses_what_is_no_flow(wrong: Any) -> None:
    with pytest.raises(TypeError, match=repr(wrong)):
        merge(flow_of(1), wrong)


async def test_a_hot_flow_behind_one_that_fails_at_once_is_left() -> None:
    """Also while somebody holds the failure, and with it the frames that it came through."""
    shared = MutableSharedFlow[int]()
    failing = as_flow(lambda: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        await merge(failing, shared).to_list()
    assert shared.subscription_count.value == 0
