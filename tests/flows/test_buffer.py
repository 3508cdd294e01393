"""`buffer`: what is above runs in a job of its own, ahead of the collector."""

from __future__ import annotations

import gc
import weakref
from collections.abc import AsyncIterator
from contextlib import aclosing
from contextvars import ContextVar
from typing import Any, cast

import anyio
import pytest

from flowws import (
    BufferOverflow,
    CancellationError,
    Channel,
    as_flow,
    coroutine_scope,
    current_job,
    flow,
    flow_of,
    non_cancellable,
)
from tests.flows.upstream import Upstream, settle

DROP_OLDEST, DROP_LATEST = BufferOverflow.DROP_OLDEST, BufferOverflow.DROP_LATEST


async def batches(size: int, count: int) -> list[int]:
    """How many values are sent in a row, and then collected in a row, with ``buffer(size)``."""
    story: list[str] = []
    values = as_flow(range(count)).on_each(lambda _: story.append("sent"))
    await values.buffer(size).collect(lambda _: story.append("collected"))
    runs: list[list[str]] = []
    for each in story:
        if not runs or runs[-1][0] != each:
            runs.append([])
        runs[-1].append(each)
    assert [run[0] for run in runs] == ["sent", "collected"] * (len(runs) // 2)
    return [len(run) for run in runs]


async def test_gives_the_same_values() -> None:
    assert await as_flow(range(1000)).buffer().to_list() == list(range(1000))


async def test_without_a_buffer_the_two_sides_take_turns() -> None:
    """K193"""
    story: list[str] = []
    await flow_of(1, 2, 3).on_each(lambda n: story.append(f"+{n}")).collect(lambda n: story.append(f"-{n}"))
    assert story == ["+1", "-1", "+2", "-2", "+3", "-3"]


@pytest.mark.parametrize("size", [0, 1, 2, 5, 10])
async def test_with_a_buffer_they_take_turns_in_batches(size: int) -> None:
    """K193: what the buffer holds, the value that was handed over, and the one that waits to be sent"""
    assert await batches(size, 4 * (size + 2)) == [size + 2] * 8


async def test_the_default_is_a_buffer_of_64() -> None:
    """K194"""
    assert await batches(Channel.BUFFERED, 100) == [66, 66, 34, 34]


async def test_an_unlimited_buffer_never_holds_the_source_up() -> None:
    assert await batches(Channel.UNLIMITED, 120) == [120, 120]


@pytest.mark.parametrize("size", [1, 3, 10])
async def test_drop_oldest_keeps_the_first_value_and_the_last_ones(size: int) -> None:
    """K196: the first one was handed to the collector, who waited already"""
    assert await as_flow(range(100)).buffer(size, DROP_OLDEST).to_list() == [0, *range(100 - size, 100)]


@pytest.mark.parametrize("size", [1, 3, 10])
async def test_drop_latest_keeps_the_first_ones(size: int) -> None:
    """K196"""
    assert await as_flow(range(100)).buffer(size, DROP_LATEST).to_list() == list(range(size + 1))


@pytest.mark.parametrize("overflow", [DROP_OLDEST, DROP_LATEST])
@pytest.mark.parametrize("size", [Channel.RENDEZVOUS, Channel.BUFFERED])
async def test_a_policy_that_drops_needs_room_for_one(size: int, overflow: BufferOverflow) -> None:
    kept = [0, 9] if overflow is DROP_OLDEST else [0, 1]
    assert await as_flow(range(10)).buffer(size, overflow).to_list() == kept


async def test_the_source_runs_as_a_child_with_the_context_variables_of_the_collector() -> None:
    """K205"""
    who: ContextVar[str] = ContextVar("who", default="nobody")
    seen: list[Any] = []

    @flow
    async def source() -> AsyncIterator[str]:
        seen.append(current_job())
        yield who.get()
        who.set("the source")
        yield who.get()

    async def collect() -> list[tuple[str, str]]:
        who.set("the collector")
        return await source().buffer().map(lambda value: (value, who.get())).to_list()

    async with coroutine_scope() as scope:
        deferred = scope.async_(collect)
        assert await deferred == [("the collector", "the collector"), ("the source", "the collector")]
    assert seen[0] is not deferred
    assert seen[0].name == "buffer"


# Failures


async def test_a_failure_comes_as_itself_after_the_values_before_it() -> None:
    """K157, stronger: it overtakes nothing"""
    failure = ValueError("above")
    got: list[int] = []
    with pytest.raises(ValueError, match="above") as raised:
        await Upstream(1, 2, 3, failure=failure).flow().buffer().to_list(got)
    assert raised.value is failure
    assert got == [1, 2, 3]


async def test_a_catch_below_sees_a_failure_above() -> None:
    upstream = Upstream(1, failure=ValueError("above")).flow()
    assert await upstream.buffer().catch(lambda failure: flow_of(str(failure))).to_list() == [1, "above"]


async def test_a_failure_of_the_collector_cancels_the_source_and_waits_for_it() -> None:
    """K204"""
    story: list[str] = []

    @flow
    async def source() -> AsyncIterator[int]:
        try:
            yield 1
            await anyio.Event().wait()
        finally:
            with non_cancellable():
                await settle()
            story.append("cleaned up")

    with pytest.raises(ZeroDivisionError):
        await source().buffer().collect(lambda n: n // 0)
    assert story == ["cleaned up"]


async def test_a_source_that_failed_further_on_does_not_disturb_a_take() -> None:
    """What the collector has not come to is dropped with the buffer, a failure like a value."""
    assert await Upstream(1, 2, failure=ValueError("later")).flow().buffer().take(1).to_list() == [1]


@pytest.mark.parametrize("end", ["take", "failure", "aclose"])
async def test_a_cleanup_above_that_fails_is_heard_as_if_there_were_no_buffer(end: str) -> None:
    """K153"""

    @flow
    async def source() -> AsyncIterator[int]:
        try:
            yield 1
            await anyio.Event().wait()
        finally:
            raise ValueError("cleanup")

    async def collect() -> None:
        values = source().buffer()
        match end:
            case "take":
                await values.take(1).to_list()
            case "failure":
                await values.collect(lambda n: n // 0)
            case _:
                async with aclosing(cast("Any", aiter(values))) as iterator:
                    await anext(iterator)

    with pytest.raises(ValueError, match="cleanup"):
        await collect()


async def test_a_cleanup_above_that_raises_a_cancellation_error_does_not_outrank_the_failure() -> None:
    """K154"""

    @flow
    async def source() -> AsyncIterator[int]:
        try:
            yield 1
            await anyio.Event().wait()
        finally:
            raise CancellationError("cleanup")

    with pytest.raises(ZeroDivisionError):
        await source().buffer().collect(lambda n: n // 0)


async def test_a_cancellation_error_of_the_source_fails_the_flow() -> None:
    got: list[int] = []
    with pytest.raises(CancellationError, match="gone"):
        await Upstream(1, failure=CancellationError("gone")).flow().buffer().to_list(got)
    assert got == [1]


# Ending early


@pytest.mark.parametrize("end", ["take", "first", "break", "timeout", "cancel", "unstarted"])
async def test_ending_early_ends_the_source(end: str) -> None:
    upstream = Upstream(*range(100))
    values = upstream.flow().buffer(3)
    match end:
        case "take":
            assert await values.take(1).to_list() == [0]
        case "first":
            assert await values.first() == 0
        case "break":
            async with aclosing(cast("Any", aiter(values))) as iterator:
                async for _ in iterator:
                    break
        case "timeout":
            with anyio.move_on_after(0) as deadline:
                await values.collect()
            assert deadline.cancelled_caught
        case "cancel":
            async with coroutine_scope() as scope:
                job = values.launch_in(scope)
                await settle()
                job.cancel()
        case _:
            aiter(values)
    assert upstream.ends == ([] if end == "unstarted" else ["closed"])  # by its job, whose send was cancelled


@pytest.mark.parametrize("left", ["by break", "in the middle"])
async def test_a_loop_that_is_left_without_a_word_ends_the_source_soon(left: str) -> None:
    upstream = Upstream(*range(100))
    values: Any = aiter(upstream.flow().buffer(3).map(lambda n: n))
    if left == "by break":
        async for _ in values:
            break
    else:
        await anext(values)
    del values
    await settle()
    assert upstream.ends == ["closed"]


async def test_a_take_below_a_rendezvous_stops_the_source_at_its_next_send() -> None:
    """K203: it may be one value ahead"""
    upstream = Upstream(1, 2, 3, 4)
    assert await upstream.flow().buffer(0).take(2).to_list() == [1, 2]
    assert upstream.story == ["start", 1, 2, 3, "closed"]


async def test_on_completion_above_hears_that_the_collection_was_cut_short() -> None:
    causes: list[BaseException | None] = []
    await Upstream(1, 2, endless=True).flow().on_completion(causes.append).buffer().take(1).collect()
    assert [type(cause) for cause in causes] == [CancellationError]


async def test_a_catch_below_does_not_see_the_cancellation_of_the_collector() -> None:
    """K151"""
    seen: list[Exception] = []
    async with coroutine_scope() as scope:
        job = Upstream(1, endless=True).flow().buffer().catch(seen.append).launch_in(scope)
        await settle()
        job.cancel()
    assert seen == []


async def test_a_job_that_is_cancelled_already_meets_its_cancellation() -> None:
    async with coroutine_scope() as scope:

        async def collect() -> None:
            job.cancel()
            await flow_of(1).buffer().collect()

        job = scope.launch(collect)
    assert job.is_cancelled


async def test_it_works_where_a_cancelled_job_cleans_up() -> None:
    got: list[int] = []
    async with coroutine_scope() as scope:

        async def collect() -> None:
            try:
                await anyio.Event().wait()
            finally:
                with non_cancellable():
                    await flow_of(1, 2).buffer().to_list(got)

        job = scope.launch(collect)
        await settle()
        job.cancel()
    assert got == [1, 2]


async def test_works_outside_of_any_job_and_in_two_collections_at_once() -> None:
    values = as_flow(range(100)).buffer(3)
    assert current_job() is None
    assert await values.zip(values, lambda one, other: one - other).to_list() == [0] * 100


async def test_a_collection_that_is_over_keeps_nothing() -> None:
    class Value:
        pass

    kept: list[weakref.ref[Any]] = []

    def note(value: Any) -> Any:
        kept.append(weakref.ref(value))
        return value

    values = as_flow(range(20)).map(lambda _: note(Value())).buffer(3)
    assert len(await values.to_list()) == 20
    await values.take(2).collect()
    with pytest.raises(ZeroDivisionError):
        await values.collect(lambda _: 1 // 0)
    await settle()
    gc.collect()
    assert [reference() for reference in kept if reference() is not None] == []


# Arguments


def test_reading_it() -> None:
    values = flow_of(1)
    assert repr(values.buffer()) == "flow_of(1).buffer()"
    assert repr(values.buffer(3)) == "flow_of(1).buffer(3)"
    assert repr(values.buffer(3, DROP_LATEST)) == "flow_of(1).buffer(3, BufferOverflow.DROP_LATEST)"
    assert repr(values.buffer(Channel.CONFLATED)) == "flow_of(1).conflate()"
    assert repr(values.buffer(Channel.UNLIMITED)) == "flow_of(1).buffer(Channel.UNLIMITED)"


@pytest.mark.parametrize("wrong", [-3, -100])
def test_refuses_a_size_that_is_none(wrong: int) -> None:
    """K198"""
    with pytest.raises(ValueError, match=str(wrong)):
        flow_of(1).buffer(wrong)


@pytest.mark.parametrize("overflow", [DROP_OLDEST, DROP_LATEST])
def test_refuses_to_conflate_in_another_way(overflow: BufferOverflow) -> None:
    """K198"""
    with pytest.raises(ValueError, match=repr(overflow)):
        flow_of(1).buffer(Channel.CONFLATED, overflow)


@pytest.mark.parametrize("wrong", [None, "3", 1.5, True])
def test_refuses_what_is_no_size_and_no_policy(wrong: Any) -> None:
    with pytest.raises(TypeError, match=repr(wrong)):
        flow_of(1).buffer(wrong)
    with pytest.raises(TypeError, match=repr(wrong)):
        flow_of(1).buffer(1, wrong)
