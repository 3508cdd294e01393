"""A collection that is dropped half-way, by `break` or by the garbage collector, is closed promptly and silently."""

from __future__ import annotations

import gc
import logging
import threading
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable
from contextlib import aclosing
from contextvars import ContextVar
from typing import Any

import anyio
import anyio.lowlevel
import pytest

from flowws import CancellationError, Flow, flow, flow_of
from tests.flows.upstream import Upstream, settle

CHAINS: dict[str, Callable[[Flow[int]], Flow[Any]]] = {
    "itself": lambda source: source,
    "fused": lambda source: source.map(lambda n: n).filter(bool),
    "a stage": lambda source: source.catch(lambda _: None),
    "a stage in between": lambda source: source.map(lambda n: n).catch(lambda _: None).map(lambda n: n),
    "inside a transform": lambda source: flow_of(1).transform(lambda _: source),
    "two generators": lambda source: source.on_start(lambda: None).on_completion(lambda _: None),
}


@pytest.mark.parametrize("chain", CHAINS)
async def test_break_closes_what_is_above_at_once(chain: str) -> None:
    """Warnings are errors here: there is none."""
    upstream = Upstream(1, 2, 3)
    async for _ in CHAINS[chain](upstream.flow()):
        break
    await settle()
    assert upstream.ends == ["closed"]


@pytest.mark.asyncio_only("trio itself warns of generators that only the cycle collector finds, and closes them")
async def test_the_garbage_collector_finds_a_collection_in_a_cycle() -> None:
    upstream = Upstream(1, 2, 3)

    class Owner:
        def __init__(self) -> None:
            self.itself = self
            self.values: Any = aiter(upstream.flow().map(lambda n: n))

    owner = Owner()
    assert await anext(owner.values) == 1
    del owner
    gc.collect()
    await settle()
    assert upstream.ends == ["closed"]


async def test_the_cleanup_may_wait() -> None:
    story: list[str] = []

    @flow
    async def source() -> AsyncIterator[int]:
        try:
            yield 1
            yield 2
        finally:
            story.append("begun")
            await anyio.lowlevel.checkpoint()
            story.append("done")

    async for _ in source().map(lambda n: n):
        break
    await settle()
    assert story == ["begun", "done"]


async def test_the_cleanup_runs_in_the_context_of_the_collector() -> None:
    who: ContextVar[str] = ContextVar("who", default="nobody")
    seen: list[str] = []

    @flow
    async def source() -> AsyncIterator[int]:
        try:
            yield 1
            yield 2
        finally:
            seen.append(who.get())

    who.set("the collector")
    async for _ in source().map(lambda n: n):
        break
    await settle()
    assert seen == ["the collector"]


async def test_on_completion_hears_of_it() -> None:
    """K167"""
    causes: list[BaseException | None] = []
    async for _ in Upstream(1, 2).flow().on_completion(causes.append):
        break
    await settle()
    (cause,) = causes
    assert isinstance(cause, CancellationError)


async def test_dropped_in_a_thread_it_is_closed_on_its_loop() -> None:
    upstream = Upstream(1, 2)
    held: list[Any] = [aiter(upstream.flow().map(lambda n: n))]
    assert await anext(held[0]) == 1
    thread = threading.Thread(target=held.clear)
    thread.start()
    thread.join()
    await settle()
    assert upstream.ends == ["closed"]


async def test_an_iterator_that_only_its_next_step_holds_is_not_closed_under_it() -> None:
    ends: list[str] = []

    @flow
    async def source() -> AsyncIterator[int]:
        try:
            await settle()
            yield 1
            yield 2
        finally:
            ends.append("closed")

    assert await anext(aiter(source().map(lambda n: n))) == 1
    await settle()
    assert ends == ["closed"]


async def test_dropped_before_the_first_value_nothing_has_to_be_closed() -> None:
    upstream = Upstream(1, 2)
    aiter(upstream.flow().map(lambda n: n))
    await settle()
    assert upstream.story == []


async def test_dropped_after_its_end_nothing_has_to_be_closed() -> None:
    upstream = Upstream(1)
    values = aiter(upstream.flow().map(lambda n: n))
    assert [n async for n in values] == [1]
    del values
    await settle()
    assert upstream.ends == ["completed"]


async def test_an_iterator_is_an_async_generator_in_every_respect() -> None:
    upstream = Upstream(1, 2, 3)
    values = aiter(upstream.flow().map(lambda n: n))
    assert isinstance(values, AsyncGenerator)
    async with aclosing(values):
        assert await anext(values) == 1
        assert await values.asend(None) == 2
        with pytest.raises(ValueError, match="thrown"):
            await values.athrow(ValueError("thrown"))
    assert upstream.ends == ["closed"]


def run_elsewhere(main: Callable[[], Awaitable[None]], backend: str) -> None:
    """In a loop of its own, in a thread: the test's own loop belongs to the test runner."""
    thread = threading.Thread(target=lambda: anyio.run(main, backend=backend))
    thread.start()
    thread.join()


async def test_the_end_of_the_loop_closes_what_is_still_open(anyio_backend_name: str) -> None:
    upstream = Upstream(1, 2)
    left: list[Any] = []

    async def main() -> None:
        values: Any = aiter(upstream.flow().map(lambda n: n))
        await anext(values)
        left.append(values)

    run_elsewhere(main, anyio_backend_name)
    assert upstream.ends == ["closed"]
    left.clear()


async def test_what_outlives_its_loop_is_let_go(anyio_backend_name: str) -> None:
    left: list[Any] = []

    async def main() -> None:
        left.append(aiter(flow_of(1, 2).map(lambda n: n)))
        await anext(left[0])

    run_elsewhere(main, anyio_backend_name)
    left.clear()


async def test_a_cleanup_that_fails_is_reported(anyio_backend_name: str, caplog: pytest.LogCaptureFixture) -> None:
    @flow
    async def source() -> AsyncIterator[int]:
        try:
            yield 1
        finally:
            raise ValueError("in the cleanup")

    async def main() -> None:
        async for _ in source().map(lambda n: n):
            break
        await settle()

    with caplog.at_level(logging.ERROR):
        run_elsewhere(main, anyio_backend_name)
    (record,) = caplog.records
    assert record.exc_info is not None
    assert str(record.exc_info[1]) == "in the cleanup"


def test_dropped_as_the_last_thing_of_a_run_it_is_closed_by_that() -> None:
    """trio runs what was posted in an order drawn by lot: hence many runs."""
    closed: list[int] = []

    @flow
    async def endless() -> AsyncIterator[int]:
        try:
            while True:
                yield 1
        finally:
            closed.append(1)

    async def main() -> None:
        async for _ in endless():
            break

    for _ in range(30):
        anyio.run(main, backend="trio")
    assert len(closed) == 30
