"""What every chain keeps to: failures, endings and cleanups go where they belong, whatever the operators."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from typing import Any

import anyio.lowlevel
import pytest

from flowws import CancellationError, Flow, as_flow, coroutine_scope, current_job, flow, flow_of
from tests.flows.upstream import Upstream, settle


def with_a_job(story: list[str]) -> Flow[int]:
    """Values that a job of its own gets from `transform`, whose cleanup takes a while."""

    async def told(n: int) -> AsyncIterator[int]:
        try:
            yield n
            await anyio.Event().wait()
        finally:
            with anyio.CancelScope(shield=True):
                await settle()
            story.append("cleaned up")

    return flow_of(1).flat_map_latest(lambda n: flow_of(n).transform(told))


CHAINS: dict[str, Callable[[Flow[int]], Flow[Any]]] = {
    "fused": lambda source: source.map(lambda n: n).filter(bool).with_index(),
    "at both edges": lambda source: source.scan(0, lambda _, n: n).drop(1).chunked(1),
    "transform": lambda source: source.transform(flow_of).transform_while(flow_of),
    "flattened": lambda source: source.flat_map_concat(flow_of).map(flow_of).flatten_concat(),
    "told": lambda source: source.materialize().dematerialize(),
    "stages": lambda source: source.on_start(lambda: None).on_completion(lambda _: None).catch(lambda _: None),
    "empty": lambda source: source.on_empty(lambda: None).cancellable(),
}


@pytest.mark.parametrize("chain", CHAINS)
async def test_a_failure_below_is_raised_when_the_jobs_above_have_been_cleaned_up(chain: str) -> None:
    """K173"""
    story: list[str] = []
    try:
        await CHAINS[chain](with_a_job(story)).collect(lambda _: 1 / 0)
    except ZeroDivisionError:
        story.append("failed")
    assert story == ["cleaned up", "failed"]


@pytest.mark.parametrize("chain", CHAINS)
async def test_a_take_below_waits_until_the_jobs_above_have_been_cleaned_up(chain: str) -> None:
    """K174"""
    story: list[str] = []
    assert len(await CHAINS[chain](with_a_job(story)).take(1).to_list()) == 1
    assert story == ["cleaned up"]


@pytest.mark.parametrize("chain", CHAINS)
async def test_every_collection_runs_anew_and_building_runs_nothing(chain: str) -> None:
    """K139, K148"""
    upstream = Upstream(1, 2)
    described = CHAINS[chain](upstream.flow())
    assert upstream.story == []
    assert await described.to_list() == await described.to_list()
    assert upstream.story == ["start", 1, 2, "completed"] * 2


@pytest.mark.parametrize("chain", CHAINS)
async def test_each_value_is_dealt_with_below_before_the_next_is_asked_for(chain: str) -> None:
    """K140"""
    upstream = Upstream(1, 2)
    await CHAINS[chain](upstream.flow()).collect(lambda _: upstream.story.append("got"))
    assert upstream.story == ["start", 1, "got", 2, "got", "completed"]


@pytest.mark.parametrize("chain", CHAINS)
async def test_a_failure_above_is_raised_as_itself(chain: str) -> None:
    failure = ValueError("above")
    described = CHAINS[chain](Upstream(1, failure=failure).flow())
    if chain == "stages":
        await described.collect()
        return
    with pytest.raises(ValueError, match="above") as raised:
        await described.collect()
    assert raised.value is failure


@pytest.mark.parametrize("chain", CHAINS)
async def test_the_cancellation_of_the_collector_passes(chain: str) -> None:
    """K151"""
    upstream = Upstream(1, endless=True)
    async with coroutine_scope() as scope:
        job = CHAINS[chain](upstream.flow()).launch_in(scope)
        await settle()
        assert job.is_active
        job.cancel()
    assert upstream.ends == ["cancelled"]


@pytest.mark.parametrize("chain", CHAINS)
async def test_what_is_cut_short_below_is_told_why_above(chain: str) -> None:
    """K163, K176"""
    causes: list[BaseException | None] = []
    described = CHAINS[chain](flow_of(1, 2).on_completion(causes.append))
    await described.first()
    with pytest.raises(ZeroDivisionError):
        await described.map(lambda _: 1 / 0).collect()
    assert [type(cause) for cause in causes] == [CancellationError, ZeroDivisionError]


@pytest.mark.parametrize("chain", CHAINS)
@pytest.mark.parametrize("source", ["a generator", "an iterable"])
async def test_a_flow_that_never_waits_lets_others_run(chain: str, source: str) -> None:
    """K145, as flowws has it: 256 values at most between two turns of the loop"""
    upstream = Upstream(*range(1, 2000)).flow() if source == "a generator" else as_flow(range(1, 2000))
    turns = 0

    async def neighbour() -> None:
        nonlocal turns
        while True:
            turns += 1
            await anyio.lowlevel.checkpoint()

    async with coroutine_scope() as scope:
        job = scope.launch(neighbour)
        await CHAINS[chain](upstream).collect()
        assert turns > 5  # of about 7: trio may let the one run twice before the other
        job.cancel()


async def test_a_generator_that_goes_on_after_it_was_closed_is_an_error() -> None:
    """K144: where Kotlin refuses to emit, Python refuses to yield"""

    @flow
    async def stubborn() -> AsyncIterator[int]:
        try:
            yield 1
        except GeneratorExit:
            yield 2

    with pytest.raises(RuntimeError, match="ignored GeneratorExit"):
        await stubborn().first()
    with pytest.raises(RuntimeError, match="ignored GeneratorExit"):
        await stubborn().map(lambda n: n).take(1).to_list()


@pytest.mark.parametrize("signal", [StopIteration, StopAsyncIteration])
@pytest.mark.parametrize("operator", ["map", "filter", "on_each", "take_while", "distinct_until_changed_by"])
async def test_no_signal_of_pythons_ends_a_flow_from_inside_a_function(operator: str, signal: type[Exception]) -> None:
    """K177: the signal is nobody's here, and surfaces as an error"""
    upstream = Upstream(1, 2)

    def stop(_: int) -> int:
        raise signal

    chain = getattr(upstream.flow(), operator)(stop)
    with pytest.raises((RuntimeError, StopAsyncIteration)):  # Python itself refuses to pass them through a generator
        await chain.collect()
    with pytest.raises(RuntimeError, match=f"raised {signal.__name__}"):
        await chain.on_completion(lambda _: None).first()
    assert upstream.ends == ["closed", "closed"]


async def test_a_value_is_yielded_in_the_job_and_the_context_of_the_collector() -> None:
    """K141, K142 cannot go wrong here: a generator runs wherever its collector runs"""
    async with coroutine_scope() as scope:

        @scope.launch
        async def collector() -> None:
            mine = current_job()
            jobs: list[object] = []
            chain = flow_of(1).transform(flow_of).on_start(lambda: jobs.append(current_job()))
            await chain.on_completion(lambda _: jobs.append(current_job())).collect(
                lambda _: jobs.append(current_job())
            )
            assert jobs == [mine] * 3
