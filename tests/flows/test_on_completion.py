"""`on_completion`."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import aclosing
from typing import Any, cast

import anyio
import anyio.lowlevel
import pytest

from flowws import CancellationError, coroutine_scope, flow, flow_of
from tests.flows.upstream import SPELLINGS, Upstream, settle, spelled

Causes = list["BaseException | None"]


@pytest.mark.parametrize("how", SPELLINGS)
async def test_none_after_the_natural_end_and_after_what_is_above_has_returned(how: str) -> None:
    """K163, K165, K170"""
    upstream = Upstream(1, 2)
    chain = upstream.flow().on_completion(spelled(how, upstream.story.append))
    assert await chain.to_list() == [1, 2]
    assert upstream.story == ["start", 1, 2, "completed", None]


@pytest.mark.parametrize("how", SPELLINGS)
async def test_a_failure_above_is_the_cause_and_goes_on(how: str) -> None:
    """K163, K165"""
    failure, causes = ValueError("above"), Causes()
    upstream = Upstream(1, failure=failure)
    with pytest.raises(ValueError, match="above") as raised:
        await upstream.flow().on_completion(spelled(how, causes.append)).collect()
    assert raised.value is failure
    assert causes == [failure]


async def test_a_failing_collector_is_the_cause() -> None:
    """K163"""
    failure, causes = ValueError("below"), Causes()

    def fail(_: int) -> None:
        raise failure

    with pytest.raises(ValueError, match="below"):
        await flow_of(1, 2).on_completion(causes.append).collect(fail)
    assert causes == [failure]


@pytest.mark.parametrize("how", SPELLINGS)
@pytest.mark.parametrize("operator", ["map", "filter", "on_each", "take_while", "scan", "transform"])
async def test_a_failing_operator_below_is_the_cause(operator: str, how: str) -> None:
    """K163, also when the operator below shares a generator with others"""
    failure, causes = ValueError("below"), Causes()

    def fail(*_: object) -> None:
        raise failure

    async def failing_generator(_: int) -> AsyncIterator[int]:
        yield 1
        fail()

    above = flow_of(1, 2).on_completion(causes.append).map(lambda n: n)
    match operator:
        case "scan":
            chain = above.scan(0, spelled(how, fail))
        case "transform":
            chain = above.transform(failing_generator)
        case _:
            chain = getattr(above, operator)(spelled(how, fail))
    with pytest.raises(ValueError, match="below"):
        await chain.filter(lambda _: True).collect()
    assert causes == [failure]


async def test_a_failure_below_is_the_cause_for_an_inner_flow_too() -> None:
    failure, causes = ValueError("below"), Causes()

    def fail(_: int) -> None:
        raise failure

    with pytest.raises(ValueError, match="below"):
        await flow_of(1).transform(lambda n: flow_of(n).on_completion(causes.append)).map(fail).collect()
    assert causes == [failure]


async def test_truncation_below_gives_a_cause_and_truncation_above_none() -> None:
    """K163, K164"""
    above, below = Causes(), Causes()
    chain = flow_of(1, 2, 3).on_completion(above.append).take(2).on_completion(below.append)
    assert await chain.to_list() == [1, 2]
    assert [type(cause) for cause in above] == [CancellationError]
    assert below == [None]


@pytest.mark.parametrize("end", ["first", "take of all", "take_while", "break"])
async def test_being_cut_short_gives_a_cancellation_error(end: str) -> None:
    """K163"""
    causes = Causes()
    chain = flow_of(1, 2).on_completion(causes.append)
    match end:
        case "first":
            await chain.first()
        case "take of all":
            await chain.take(2).collect()
        case "take_while":
            await chain.take_while(lambda n: n < 2).collect()
        case _:
            async with aclosing(cast("Any", aiter(chain))) as values:
                async for _value in values:
                    break
    assert [type(cause) for cause in causes] == [CancellationError]


async def test_cancellation_of_the_collector_gives_a_cancellation_error() -> None:
    """K163"""
    causes = Causes()
    async with coroutine_scope() as scope:
        job = Upstream(1, endless=True).flow().on_completion(causes.append).launch_in(scope)
        await settle()
        job.cancel()
    assert [type(cause) for cause in causes] == [CancellationError]


async def test_an_outer_timeout_gives_a_cancellation_error() -> None:
    causes = Causes()
    with anyio.move_on_after(0) as timeout:
        await Upstream(1, endless=True).flow().on_completion(causes.append).collect()
    assert timeout.cancelled_caught
    assert [type(cause) for cause in causes] == [CancellationError]


async def test_it_may_yield_after_the_natural_end() -> None:
    """K166"""

    async def end(cause: BaseException | None) -> AsyncIterator[str]:
        assert cause is None
        yield "a"
        yield "b"

    assert await flow_of(1).on_completion(end).to_list() == [1, "a", "b"]
    assert await flow_of(1).on_completion(lambda _: flow_of(2)).to_list() == [1, 2]


async def test_a_yield_after_a_failure_raises_that_very_failure() -> None:
    """K166"""
    failure, story = ValueError("above"), list[Any]()

    async def end(cause: BaseException | None) -> AsyncIterator[int]:
        try:
            yield 3
        except Exception as raised:
            story.append(raised)
            raise
        finally:
            await anyio.lowlevel.checkpoint()
            story.append("finally")

    got: list[int] = []
    with pytest.raises(ValueError, match="above") as raised:
        await Upstream(1, failure=failure).flow().on_completion(end).to_list(got)
    assert raised.value is failure
    assert story == [failure, "finally"]
    assert got == [1]


async def test_a_yield_that_is_refused_and_caught_swallows_nothing() -> None:
    """K165, K166"""

    async def end(_: BaseException | None) -> AsyncIterator[int]:
        try:
            yield 3
        except ValueError:
            yield 4

    got: list[int] = []
    with pytest.raises(ValueError, match="above"):
        await Upstream(1, failure=ValueError("above")).flow().on_completion(end).to_list(got)
    assert got == [1]


@pytest.mark.parametrize("inner", [Upstream[int](), Upstream[int](endless=True)], ids=["empty", "never ending"])
async def test_a_flow_returned_after_a_failure_fails_at_once(inner: Upstream[int]) -> None:
    """K167"""
    with pytest.raises(ValueError, match="above"):
        await Upstream(1, failure=ValueError("above")).flow().on_completion(lambda _: inner.flow()).collect()
    assert inner.story == []


async def test_a_yield_after_being_cut_short_changes_nothing_for_the_collector() -> None:
    """K178"""

    async def end(_: BaseException | None) -> AsyncIterator[int]:
        yield 4

    upstream = Upstream(1, 2, 3)
    assert await upstream.flow().take(100).on_completion(end).first() == 1
    assert upstream.ends == ["closed"]
    assert await flow_of(1, 2, 3).on_completion(end).take(2).to_list() == [1, 2]


async def test_its_own_failure_replaces_the_original_which_stays_attached() -> None:
    """K168"""
    original = ValueError("original")

    def fail(_: BaseException | None) -> None:
        raise KeyError("replacement")

    with pytest.raises(KeyError, match="replacement") as raised:
        await Upstream(failure=original).flow().on_completion(fail).collect()
    assert raised.value.__context__ is original


async def test_its_own_failure_after_the_natural_end_is_raised() -> None:
    def fail(_: BaseException | None) -> None:
        raise KeyError("end")

    with pytest.raises(KeyError, match="end"):
        await flow_of(1).on_completion(fail).collect()


@pytest.mark.parametrize("failing", [False, True])
async def test_several_run_from_above_to_below(failing: bool) -> None:
    """K169"""
    story: list[str] = []
    upstream = Upstream(1, failure=ValueError("above") if failing else None).flow()
    chain = upstream.on_completion(lambda _: story.append("first")).on_completion(lambda _: story.append("second"))
    await chain.catch(lambda _: None).collect()
    assert story == ["first", "second"]


async def test_a_catch_below_does_not_hide_the_failure_and_one_above_does() -> None:
    failure, above, below = ValueError("above"), Causes(), Causes()
    upstream = Upstream[int](failure=failure).flow()
    await upstream.on_completion(above.append).catch(lambda _: None).on_completion(below.append).collect()
    assert (above, below) == ([failure], [None])


async def test_runs_once_per_collection() -> None:
    """K165"""
    causes = Causes()
    chain = flow_of(1, 2).on_completion(causes.append)
    await chain.collect()
    await chain.first()
    assert [type(cause) for cause in causes] == [type(None), CancellationError]


async def test_a_collection_inside_the_action_has_an_end_of_its_own() -> None:
    """The cause is this collection's: a flow that the action runs, or a job that it launches, does not inherit it."""
    causes = Causes()

    async def collect_another(_: BaseException | None) -> None:
        await flow_of(1, 2).on_completion(causes.append).map(lambda n: n).take(1).collect()

    def fail(_: int) -> None:
        raise ValueError("below")

    with pytest.raises(ValueError, match="below"):
        await flow_of(1).on_completion(collect_another).collect(fail)
    assert [type(cause) for cause in causes] == [CancellationError]


async def test_waits_in_the_action_before_the_end_is_seen_below() -> None:
    story: list[str] = []

    @flow
    async def source() -> AsyncIterator[int]:
        try:
            yield 1
        finally:
            await anyio.lowlevel.checkpoint()
            story.append("above is cleaned up")

    async def slow(_: BaseException | None) -> None:
        await settle()
        story.append("action is done")

    await source().on_completion(slow).first()
    assert story == ["above is cleaned up", "action is done"]


@pytest.mark.parametrize("wrong", [None, 3])
def test_refuses_what_is_no_function(wrong: Any) -> None:
    with pytest.raises(TypeError, match=repr(wrong)):
        flow_of(1).on_completion(wrong)
