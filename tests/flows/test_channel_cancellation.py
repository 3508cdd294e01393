"""Flows with a channel in between, interrupted at every single step: nobody is left behind."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import anyio
import anyio.lowlevel
import pytest

from flowws import Channel, CoroutineContext, Flow, ProducerScope, channel_flow, coroutine_scope
from tests.flows.upstream import Upstream, settle

STEPS = range(25)


def through_channel_flow(upstream: Flow[int]) -> Flow[int]:
    @channel_flow
    async def built(producer: ProducerScope[int]) -> None:
        await upstream.collect(producer.send)

    return built()


BUILDERS: dict[str, Callable[[Flow[int]], Flow[int]]] = {
    "buffer": lambda upstream: upstream.buffer(2),
    "rendezvous": lambda upstream: upstream.buffer(0),
    "conflate": lambda upstream: upstream.conflate(),
    "conflate_by": lambda upstream: upstream.conflate_by(lambda n: n % 2),
    "flow_on": lambda upstream: upstream.flow_on(CoroutineContext(name="feed")),
    "channel_flow": through_channel_flow,
    "two of them": lambda upstream: upstream.buffer(1).map(lambda n: n).conflate(),
}


@pytest.fixture(params=BUILDERS)
def build(request: pytest.FixtureRequest) -> Any:
    return BUILDERS[request.param]


async def yielding(_: int) -> None:
    await anyio.lowlevel.checkpoint()


async def after(steps: int) -> None:
    for _ in range(steps):
        await anyio.lowlevel.checkpoint()


async def test_the_collecting_job_is_cancelled(build: Callable[[Flow[int]], Flow[int]]) -> None:
    for steps in STEPS:
        upstream = Upstream(*range(8), endless=True)
        async with coroutine_scope() as scope:
            job = build(upstream.flow()).on_each(yielding).launch_in(scope)
            await after(steps)
            job.cancel()
        assert upstream.starts == len(upstream.ends)


async def test_a_scope_around_the_collection_is_cancelled(build: Callable[[Flow[int]], Flow[int]]) -> None:
    async def collect(upstream: Upstream[int], deadline: anyio.CancelScope) -> None:
        with deadline:
            await build(upstream.flow()).collect(yielding)
        assert upstream.starts == len(upstream.ends)

    for steps in STEPS:
        deadline = anyio.CancelScope()
        async with coroutine_scope() as scope:
            scope.launch(collect, Upstream(*range(8), endless=True), deadline)
            await after(steps)
            deadline.cancel()


@pytest.mark.asyncio_only("the cancellation of a task without a scope")
async def test_the_task_is_cancelled_natively(build: Callable[[Flow[int]], Flow[int]]) -> None:
    for steps in STEPS:
        upstream = Upstream(*range(8), endless=True)
        task = asyncio.create_task(build(upstream.flow()).collect(yielding))
        await after(steps)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert upstream.starts == len(upstream.ends)


@pytest.mark.parametrize("taken", range(4))
async def test_the_loop_is_left_after_some_values(build: Callable[[Flow[int]], Flow[int]], taken: int) -> None:
    upstream = Upstream(*range(8), endless=True)
    values: Any = aiter(build(upstream.flow()))
    for _ in range(min(taken, 2)):  # so many come of a conflated flow, too
        await anext(values)
    if taken == 3:
        del values  # dropped in the middle
        await settle()
    else:
        await values.aclose()
    assert upstream.starts == len(upstream.ends)


async def test_the_scope_of_a_produced_channel_is_cancelled(build: Callable[[Flow[int]], Flow[int]]) -> None:
    for steps in STEPS:
        upstream = Upstream(*range(8), endless=True)
        async with coroutine_scope() as scope:
            channel = build(upstream.flow()).produce_in(scope)
            job = scope.launch(channel.consume_each, yielding)
            await after(steps)
            scope.cancel()
        assert job.is_completed
        assert isinstance(channel, Channel)
        assert channel.is_closed_for_send
        assert upstream.starts == len(upstream.ends)


async def test_what_is_no_exception_comes_through_as_itself() -> None:
    class StopItAllError(BaseException):
        """As KeyboardInterrupt, which the loops treat in ways of their own."""

    def stop(_: int) -> None:
        raise StopItAllError

    for build in BUILDERS.values():
        upstream = Upstream(1, 2, 3)
        with pytest.raises(StopItAllError):
            await build(upstream.flow().on_each(stop)).collect()
        assert upstream.starts == len(upstream.ends) == 1
