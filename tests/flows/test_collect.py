"""`collect`."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import anyio
import anyio.lowlevel
import pytest

from flowws import as_flow, flow, flow_of
from tests.flows.upstream import SPELLINGS, Upstream, settle, spelled


@pytest.mark.parametrize("how", SPELLINGS)
async def test_calls_the_action_with_every_value(how: str) -> None:
    got: list[int] = []
    await flow_of(1, 2, 3).collect(spelled(how, got.append))
    assert got == [1, 2, 3]


async def test_without_an_action_just_runs_the_flow() -> None:
    upstream = Upstream(1, 2)
    await upstream.flow().collect()
    assert upstream.story == ["start", 1, 2, "completed"]


async def test_the_action_is_done_before_the_next_value_is_asked_for() -> None:
    """K140"""
    upstream = Upstream(1, 2)

    async def slow(n: int) -> None:
        upstream.story.append(f"begin {n}")
        await settle()
        upstream.story.append(f"end {n}")

    await upstream.flow().collect(slow)
    assert upstream.story == ["start", 1, "begin 1", "end 1", 2, "begin 2", "end 2", "completed"]


@pytest.mark.parametrize("how", SPELLINGS)
async def test_a_failing_action_is_raised_after_what_is_above_has_been_cleaned_up(how: str) -> None:
    story: list[str] = []
    failure = ValueError("below")

    @flow
    async def source() -> AsyncIterator[int]:
        try:
            yield 1
        finally:
            await anyio.lowlevel.checkpoint()
            story.append("cleaned up")

    def fail(_: int) -> None:
        raise failure

    with pytest.raises(ValueError, match="below") as raised:
        await source().collect(spelled(how, fail))
    assert raised.value is failure
    assert story == ["cleaned up"]


async def test_two_tasks_may_collect_one_flow_each_on_its_own() -> None:
    """K148"""
    chain = as_flow(range(4)).map(lambda n: n * 2)
    got: tuple[list[int], list[int]] = ([], [])

    async def collect_into(into: list[int]) -> None:
        async def slowly(n: int) -> None:
            await anyio.lowlevel.checkpoint()
            into.append(n)

        await chain.collect(slowly)

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(collect_into, got[0])
        tasks.start_soon(collect_into, got[1])
    assert got == ([0, 2, 4, 6], [0, 2, 4, 6])


@pytest.mark.parametrize("wrong", [3, "text"])
async def test_refuses_what_is_no_function_before_anything_starts(wrong: Any) -> None:
    upstream = Upstream(1)
    with pytest.raises(TypeError, match=repr(wrong)):
        await upstream.flow().collect(wrong)
    assert upstream.story == []


# Nothing in a loop over ready values waits; after 256 of them others get their turn, and a cancellation is noticed.


@flow
async def endless() -> AsyncIterator[int]:
    n = 0
    while True:
        n += 1
        yield n


class Naturals:
    """Somebody else's iterables that never wait."""

    def __iter__(self) -> Any:
        n = 0
        while True:
            n += 1
            yield n

    async def __aiter__(self) -> AsyncIterator[int]:
        for n in iter(self):
            yield n


class AsyncNaturals:
    def __aiter__(self) -> AsyncIterator[int]:
        return Naturals().__aiter__()


ENDLESS = {
    "an iterable": as_flow(Naturals()),
    "a generator": endless(),
    "an async iterable": as_flow(AsyncNaturals()),
    "a chain over a generator": endless().map(lambda n: n).filter(lambda _: False),
    "a stage over a generator": endless().scan(0, lambda _, n: n).filter(lambda _: False),
    "a transform": endless().transform(lambda n: endless().take(2).map(lambda m: n + m)),
    "inside a transform": flow_of(1).transform(lambda _: Naturals().__aiter__()).filter(lambda _: False),
}


@pytest.mark.parametrize("source", ENDLESS)
async def test_a_flow_that_never_waits_can_be_cancelled(source: str) -> None:
    """K145, with the budget: at most 256 values go by"""
    got: list[int] = []

    def at_most(n: int) -> None:
        got.append(n)
        assert len(got) <= 1200, "the cancellation was not noticed"

    with anyio.CancelScope() as scope:
        scope.cancel()
        await ENDLESS[source].collect(at_most)
    assert scope.cancelled_caught


async def test_a_tight_loop_does_not_starve_its_neighbours() -> None:
    turns: list[int] = []
    got: list[int] = []

    async def neighbour() -> None:
        for _ in range(3):
            turns.append(len(got))
            await anyio.lowlevel.checkpoint()

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(neighbour)
        await as_flow(range(2000)).collect(got.append)
    assert len(got) == 2000
    assert max(turns) < 2000
