"""`flow_on`: what is above runs in another context."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import aclosing
from contextvars import Context, ContextVar, copy_context
from typing import Any, cast

import anyio
import pytest

from flowws import (
    Channel,
    CompletableJob,
    CoroutineContext,
    Flow,
    ProducerScope,
    as_flow,
    channel_flow,
    coroutine_scope,
    current_context,
    current_job,
    flow,
    flow_of,
    merge,
)
from tests.flows.upstream import Upstream, settle

FEED, NEWS = CoroutineContext(name="feed"), CoroutineContext(name="news")

who: ContextVar[str] = ContextVar("who", default="nobody")
where: ContextVar[str] = ContextVar("where", default="nowhere")


def variables(**values: str) -> Context:
    """A context in which the variables of that name have these values."""
    context = Context()
    for variable in (who, where):
        if variable.name in values:
            context.run(variable.set, values[variable.name])
    return context


def name() -> str | None:
    return current_context().name


@flow
async def names() -> AsyncIterator[str | None]:
    yield name()


@flow
async def circumstances() -> AsyncIterator[tuple[str, str]]:
    yield who.get(), where.get()


async def test_what_is_above_runs_in_a_job_of_that_name() -> None:
    async with coroutine_scope() as scope:

        async def collect() -> list[Any]:
            return await names().flow_on(FEED).map(lambda above: (above, name())).to_list()

        assert await scope.async_(collect, name="collector") == [("feed", "collector")]


async def test_what_is_above_sees_these_context_variables() -> None:
    who.set("collector")
    values = circumstances().flow_on(variables(who="source")).map(lambda above: (above, who.get()))
    assert await values.to_list() == [(("source", "nowhere"), "collector")]


async def test_what_is_set_above_stays_above() -> None:
    """K200: the context never leaks downstream, nor into the object that was given"""

    @flow
    async def source() -> AsyncIterator[int]:
        who.set("source")
        yield 1

    given = variables(who="given")
    who.set("collector")
    assert await source().flow_on(given).map(lambda _: who.get()).to_list() == ["collector"]
    assert given.run(who.get) == "given"


async def test_what_is_set_later_in_the_given_context_is_not_seen() -> None:
    given = variables(who="given")
    values = circumstances().flow_on(given)
    given.run(who.set, "changed")
    for _ in range(2):
        assert await values.to_list() == [("given", "nowhere")]


async def test_a_context_from_before_the_loop_will_do() -> None:
    before: list[Context] = []
    await anyio.to_thread.run_sync(lambda: before.append(copy_context()))
    values = as_flow(range(3)).on_each(lambda _: anyio.lowlevel.checkpoint()).flow_on(before[0])
    assert await values.flow_on(Context()).to_list() == [0, 1, 2]


@pytest.mark.parametrize("between", ["nothing", "a buffer", "a map"])
async def test_of_several_the_one_nearest_to_the_source_counts(between: str) -> None:
    """K200"""
    near: Flow[Any] = names().flow_on(FEED)
    match between:
        case "a buffer":
            near = near.buffer(3)
        case "a map":
            near = near.map(lambda above: above)
    assert await near.flow_on(NEWS).to_list() == ["feed"]


async def test_the_others_add_what_is_missing() -> None:
    """K200"""
    near, far = variables(who="near"), variables(who="far", where="far")
    assert await circumstances().flow_on(near).flow_on(far).to_list() == [("near", "far")]
    both = names().transform(lambda name: circumstances().map(lambda both: (name, both))).flow_on(FEED).flow_on(far)
    assert await both.to_list() == [("feed", ("far", "far"))]


async def test_each_part_runs_in_its_own_context() -> None:
    """K156, K200"""
    seen: list[Any] = []

    async def look(step: str, value: int) -> int:
        seen.append((step, name()))
        return value

    async with coroutine_scope() as scope:
        values = (
            flow_of(1)
            .map(lambda n: look("top", n))
            .flow_on(FEED)
            .map(lambda n: look("middle", n))
            .flow_on(NEWS)
            .map(lambda n: look("bottom", n))
        )
        scope.launch(values.collect, None, name="collector")
    assert seen == [("top", "feed"), ("middle", "news"), ("bottom", "collector")]


async def test_each_catch_runs_in_the_context_of_its_place() -> None:
    """K156"""
    seen: list[Any] = []

    def note(failure: Exception) -> None:
        seen.append((str(failure), who.get()))
        raise ValueError("second")

    who.set("collector")
    above = Upstream[int](failure=ValueError("first")).flow().catch(note).flow_on(variables(who="source"))
    with pytest.raises(ValueError, match="second"):
        await above.catch(note).to_list()
    assert seen == [("first", "source"), ("second", "collector")]


async def test_uses_a_buffer_of_64() -> None:
    """K199, for every context: there is no dispatcher that a Python context could leave as it is"""
    sent: list[int] = []
    async with aclosing(cast("Any", aiter(as_flow(range(100)).on_each(sent.append).flow_on(FEED)))) as values:
        await anext(values)
        await settle()
        assert len(sent) == 66


@pytest.mark.parametrize("order", ["before", "after"])
async def test_unless_a_neighbouring_buffer_says_otherwise(order: str) -> None:
    """K199"""
    sent: list[int] = []
    source = as_flow(range(100)).on_each(sent.append)
    chain = source.buffer(3).flow_on(FEED) if order == "before" else source.flow_on(FEED).buffer(3)
    async with aclosing(cast("Any", aiter(chain))) as values:
        await anext(values)
        await settle()
        assert len(sent) == 5


async def test_behind_a_flow_with_a_channel_it_is_for_the_job_of_that() -> None:
    """K206"""

    @channel_flow
    async def source(producer: ProducerScope[Any]) -> None:
        await producer.send((name(), who.get()))

    assert await source().flow_on(FEED).flow_on(variables(who="source")).to_list() == [("feed", "source")]
    assert await merge(names(), names()).flow_on(NEWS).to_list() == ["merge", "merge"]


async def test_an_empty_context_changes_nothing() -> None:
    values = flow_of(1)
    assert values.flow_on(CoroutineContext()) is values


async def test_the_context_holds_for_the_jobs_of_an_operator_above() -> None:
    inner = flow_of(1).flat_map_latest(lambda _: circumstances())
    assert await inner.flow_on(variables(who="above")).to_list() == [("above", "nowhere")]


async def test_cancelling_the_collector_runs_what_is_above_to_its_completion() -> None:
    """K202"""
    causes: list[BaseException | None] = []
    upstream = Upstream(1, endless=True)
    async with coroutine_scope() as scope:
        job = upstream.flow().on_completion(causes.append).flow_on(FEED).launch_in(scope)
        await settle()
        job.cancel()
    assert len(causes) == 1
    assert upstream.ends == ["cancelled"]


async def test_even_if_that_part_has_not_begun_yet() -> None:
    """K202"""
    causes: list[BaseException | None] = []
    with anyio.CancelScope() as deadline:
        deadline.cancel()
        await Upstream[int](endless=True).flow().on_completion(causes.append).flow_on(FEED).collect()
    assert len(causes) == 1


async def test_a_take_below_ends_what_is_above() -> None:
    """K203"""
    upstream = Upstream(*range(100), endless=True)
    assert await upstream.flow().flow_on(FEED).take(1).to_list() == [0]
    assert upstream.ends == ["closed"]


async def test_a_failure_above_arrives_as_itself() -> None:
    failure = ValueError("above")
    with pytest.raises(ValueError, match="above") as raised:
        await Upstream[int](failure=failure).flow().flow_on(FEED).to_list()
    assert raised.value is failure


def test_reading_it() -> None:
    assert repr(flow_of(1).flow_on(FEED)) == "flow_of(1).flow_on(CoroutineContext(name='feed'))"
    assert repr(flow_of(1).buffer(3).flow_on(FEED)) == "flow_of(1).buffer(3).flow_on(CoroutineContext(name='feed'))"
    assert repr(flow_of(1).flow_on(variables(who="me"))).startswith("flow_of(1).flow_on(<")


async def test_refuses_a_context_with_a_job() -> None:
    """K201"""
    job = CompletableJob()
    with pytest.raises(ValueError, match="CompletableJob"):
        flow_of(1).flow_on(CoroutineContext(job=job))
    async with coroutine_scope() as scope:
        with pytest.raises(ValueError, match="another job"):
            flow_of(1).flow_on(scope.context)
    job.complete()
    assert current_job() is None


@pytest.mark.parametrize("wrong", [None, "feed", Channel.BUFFERED])
def test_refuses_what_is_no_context(wrong: Any) -> None:
    with pytest.raises(TypeError, match=repr(wrong)):
        flow_of(1).flow_on(wrong)
