"""`flat_map_latest`."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import aclosing
from typing import Any, cast

import anyio
import anyio.lowlevel
import pytest

from flowws import (
    CancellationError,
    Flow,
    MutableSharedFlow,
    MutableStateFlow,
    as_flow,
    coroutine_scope,
    current_job,
    delay,
    flow,
    flow_of,
)
from flowws.testing import TestScope
from tests.flows.timed import at
from tests.flows.upstream import SPELLINGS, Upstream, settle, spelled


async def test_gives_the_values_of_the_flow_for_the_newest_value() -> None:
    assert await flow_of(1, 2).flat_map_latest(lambda n: flow_of(n, n * 10)).to_list() == [1, 10, 2, 20]


@pytest.mark.parametrize("how", SPELLINGS)
async def test_takes_any_function(test_scope: TestScope, how: str) -> None:
    chain = at((0, 1), (1, 2)).flat_map_latest(spelled(how, lambda n: flow_of(n, n * 10)))
    assert await chain.to_list() == [1, 10, 2, 20]


async def test_a_transform_that_waits_is_interrupted_too(test_scope: TestScope) -> None:
    """K219"""

    async def transform(n: int) -> Flow[int]:
        await delay(5)
        return flow_of(n, n * 10)

    assert await at((0, 1), (1, 2)).flat_map_latest(transform).to_list() == [2, 20]


async def test_flows_that_never_wait_are_never_interrupted() -> None:
    """K220"""
    chain = flow_of(1, 2, 3).flat_map_latest(lambda n: flow_of(n, n + 1))
    assert await chain.to_list() == [1, 2, 2, 3, 3, 4]


async def test_a_new_value_cancels_the_old_flow_and_awaits_its_cleanup_first() -> None:
    """K219"""
    story: list[str] = []

    @flow
    async def inner(n: int) -> AsyncIterator[int]:
        story.append(f"begin {n}")
        try:
            yield n
            if n < 3:
                await anyio.Event().wait()
        finally:
            with anyio.CancelScope(shield=True):
                await settle()
            story.append(f"end {n}")

    assert await flow_of(1, 2, 3).flat_map_latest(inner).to_list() == [1, 2, 3]
    assert story == ["begin 1", "end 1", "begin 2", "end 2", "begin 3", "end 3"]


async def test_what_was_handed_over_is_delivered_and_only_the_last_flow_goes_on() -> None:
    """K221"""

    @flow
    async def inner(n: int) -> AsyncIterator[int]:
        yield n
        await settle()
        yield n * 10

    assert await as_flow(range(1, 6)).flat_map_latest(inner).to_list() == [1, 2, 3, 4, 5, 50]


async def test_the_old_flow_is_cancelled_even_when_the_collector_is_busy() -> None:
    wanted = MutableStateFlow("a")
    inners = {"a": Upstream(1, endless=True), "b": Upstream(2, endless=True)}
    got: list[int] = []
    gate = anyio.Event()

    async def busy(n: int) -> None:
        got.append(n)
        await gate.wait()

    async with coroutine_scope() as scope:
        job = wanted.flat_map_latest(lambda name: inners[name].flow()).on_each(busy).launch_in(scope)
        await settle()
        wanted.value = "b"
        await settle()
        assert inners["a"].ends == ["cancelled"]
        assert got == [1]
        gate.set()
        await settle()
        job.cancel()
    assert got == [1, 2]
    assert inners["b"].ends == ["cancelled"]


async def test_switching_a_filter_takes_effect_for_the_next_value() -> None:
    """The main job: a filter that the client switches, over a feed that is shared."""
    feed = MutableSharedFlow[int](extra_buffer_capacity=16)
    wanted = MutableStateFlow(0)
    got: list[int] = []
    async with coroutine_scope() as scope:
        job = (
            wanted.flat_map_latest(lambda rest: feed.filter(lambda n: n % 2 == rest))
            .on_each(got.append)
            .launch_in(scope)
        )
        await settle()
        for n in (1, 2):
            await feed.emit(n)
        await settle()
        wanted.value = 1
        await settle()
        for n in (3, 4):
            await feed.emit(n)
        await settle()
        assert feed.subscription_count.value == 1
        job.cancel()
    assert got == [2, 3]
    assert feed.subscription_count.value == 0
    assert wanted.subscription_count.value == 0


async def test_the_flow_ends_with_the_last_inner_flow() -> None:
    gate = anyio.Event()

    @flow
    async def inner(_: int) -> AsyncIterator[str]:
        await gate.wait()
        yield "late"

    got: list[str] = []
    async with coroutine_scope() as scope:
        job = flow_of(1).flat_map_latest(inner).on_each(got.append).launch_in(scope)
        await settle()
        assert job.is_active
        gate.set()
    assert got == ["late"]


async def test_of_nothing_is_nothing() -> None:
    nothing: Flow[int] = flow_of()
    assert await nothing.flat_map_latest(flow_of).to_list() == []


@pytest.mark.parametrize("where", ["inner", "upstream", "transform", "below"])
async def test_a_failure_anywhere_is_raised_as_itself_and_ends_the_rest(where: str) -> None:
    """K224"""
    failure = ValueError(where)
    gate = anyio.Event()
    upstream = Upstream(1, endless=True)
    inner = Upstream("a", endless=True)

    @flow
    async def source() -> AsyncIterator[int]:
        async with aclosing(cast("Any", aiter(upstream.flow()))) as values:
            yield await anext(values)
            if where == "upstream":
                await gate.wait()
                raise failure
            if where == "transform":
                await gate.wait()
                yield 2
            await anext(values)

    @flow
    async def inner_flow() -> AsyncIterator[str]:
        async with aclosing(cast("Any", aiter(inner.flow()))) as values:
            yield await anext(values)
            if where == "inner":
                await gate.wait()
                raise failure
            await anext(values)

    def transform(n: int) -> Flow[str]:
        if n == 2:
            raise failure
        return inner_flow()

    async def below(_: str) -> None:
        if where == "below":
            await gate.wait()
            raise failure

    async def collect() -> None:
        with pytest.raises(ValueError, match=where) as raised:
            await source().flat_map_latest(transform).collect(below)
        assert raised.value is failure

    async with coroutine_scope() as scope:
        job = scope.launch(collect)
        await settle()
        gate.set()
        await job.join()
    assert upstream.ends in (["cancelled"], ["closed"])
    assert inner.ends in (["cancelled"], ["closed"])


async def test_values_before_a_failure_are_delivered() -> None:
    got: list[int] = []
    with pytest.raises(ValueError, match="inner"):
        await flow_of(1).flat_map_latest(lambda n: Upstream(n, n, failure=ValueError("inner")).flow()).to_list(got)
    assert got == [1, 1]


async def test_a_failure_can_be_caught_below() -> None:
    chain = flow_of(1).flat_map_latest(lambda _: Upstream[int](failure=ValueError("inner")).flow())
    assert await chain.catch(lambda failure: flow_of(str(failure))).to_list() == ["inner"]


@pytest.mark.parametrize("end", ["take", "first", "break", "timeout", "cancel", "unstarted"])
async def test_ending_early_ends_upstream_and_inner(end: str) -> None:
    upstream, inner = Upstream(1, endless=True), Upstream("a", endless=True)
    chain = upstream.flow().flat_map_latest(lambda _: inner.flow())
    match end:
        case "take":
            assert await chain.take(1).to_list() == ["a"]
        case "first":
            assert await chain.first() == "a"
        case "break":
            async with aclosing(cast("Any", aiter(chain))) as values:
                async for _ in values:
                    break
        case "timeout":
            with anyio.move_on_after(0) as scope:
                await chain.collect()
            assert scope.cancelled_caught
        case "cancel":
            async with coroutine_scope() as jobs:
                job = chain.launch_in(jobs)
                await settle()
                job.cancel()
        case _:
            aiter(chain)
    if end in ("take", "first", "break", "cancel"):
        assert upstream.ends == ["cancelled"]
        assert inner.ends == ["cancelled"]
    assert upstream.starts == len(upstream.ends)
    assert inner.starts == len(inner.ends)


async def test_a_catch_below_does_not_see_the_cancellation_of_the_collector() -> None:
    """K151"""
    seen: list[Exception] = []
    async with coroutine_scope() as scope:

        def cancel_me(_: int) -> None:
            job.cancel()

        chain = flow_of(1, 2).flat_map_latest(lambda n: Upstream(n, endless=True).flow())
        job = chain.catch(seen.append).on_each(cancel_me).launch_in(scope)
    assert seen == []
    assert job.is_cancelled


async def test_nor_does_it_when_its_own_jobs_end_before_it_has_noticed() -> None:
    """K151"""
    seen: list[Exception] = []
    async with coroutine_scope() as scope:

        async def cancel_me(_: int) -> None:
            job.cancel()
            with anyio.CancelScope(shield=True):
                await settle()

        chain = flow_of(1).flat_map_latest(lambda n: Upstream(n, endless=True).flow())
        job = chain.catch(seen.append).on_each(cancel_me).launch_in(scope)
    assert seen == []
    assert job.is_cancelled


async def test_cancelling_the_children_of_the_collecting_job_does_not_leave_it_waiting() -> None:
    """K285: the collector stays active, and is told"""
    raised: list[Exception] = []

    async def collect() -> None:
        try:
            await flow_of(1).flat_map_latest(lambda n: Upstream(n, endless=True).flow()).collect(cancel_children)
        except CancellationError as error:
            raised.append(error)

    def cancel_children(_: int) -> None:
        job = current_job()
        assert job is not None
        job.cancel_children()

    async with coroutine_scope() as scope:
        job = scope.launch(collect)
    assert len(raised) == 1
    assert not job.is_cancelled


async def test_an_inner_flow_that_ends_with_a_cancellation_error_just_ends() -> None:
    """K282, as a child job"""
    chain = flow_of(1, 2).flat_map_latest(
        lambda n: Upstream(n, failure=CancellationError("gone") if n == 1 else None).flow()
    )
    assert await chain.to_list() == [1, 2]


async def test_a_cancellation_error_of_the_upstream_fails_the_flow() -> None:
    with pytest.raises(CancellationError, match="gone"):
        await Upstream(1, failure=CancellationError("gone")).flow().flat_map_latest(flow_of).to_list()


async def test_nested() -> None:
    """A flow of this operator waits for its own jobs, so the one for the first value is interrupted, as in Kotlin."""
    chain = flow_of(1, 2).flat_map_latest(lambda n: flow_of(n, n * 10).flat_map_latest(lambda m: flow_of(m, m + 1)))
    assert await chain.to_list() == [2, 3, 20, 21]


async def test_two_collections_do_not_know_of_each_other() -> None:
    chain = as_flow(range(100)).flat_map_latest(flow_of)
    got: tuple[list[int], list[int]] = ([], [])
    async with coroutine_scope() as scope:
        for into in got:
            chain.on_each(into.append).launch_in(scope)
    assert got == (list(range(100)), list(range(100)))


async def test_works_outside_of_any_job() -> None:
    assert current_job() is None
    assert await flow_of(1).flat_map_latest(flow_of).to_list() == [1]


async def test_the_inner_flows_see_the_context_variables_of_the_collector() -> None:
    """K205, for the jobs of an operator"""
    from contextvars import ContextVar

    who: ContextVar[str] = ContextVar("who", default="nobody")

    @flow
    async def inner(_: int) -> AsyncIterator[str]:
        yield who.get()

    who.set("me")
    assert await flow_of(1).flat_map_latest(inner).to_list() == ["me"]


@pytest.mark.parametrize("wrong", [None, 3])
def test_refuses_what_is_no_function(wrong: Any) -> None:
    with pytest.raises(TypeError, match=repr(wrong)):
        flow_of(1).flat_map_latest(wrong)
