"""A loop in which nothing waits breathes after 256 values, and never reads ahead."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterator
from itertools import pairwise
from typing import Any

import anyio
import anyio.lowlevel
import pytest

from flowws import Flow, as_flow, flow, flow_of
from tests.flows.upstream import settle


class Counter:
    """An endless source that knows how many values were asked for."""

    def __init__(self) -> None:
        self.asked = 0

    def __iter__(self) -> Iterator[int]:
        while True:
            self.asked += 1
            yield self.asked

    async def __aiter__(self) -> AsyncIterator[int]:
        for n in self:
            yield n


SOURCES: dict[str, Callable[[Counter], Flow[int]]] = {
    "an iterable": lambda counter: as_flow(iter(counter)),
    "an async iterable": lambda counter: as_flow(aiter(counter)),
    "a flow": lambda counter: flow(counter.__aiter__)(),
    "inside a transform": lambda counter: flow_of(1).transform(lambda _: counter.__aiter__()),
}
CONSUMERS: dict[str, Callable[[Flow[int]], Any]] = {
    "collect": lambda values: values.collect(),
    "to_list": lambda values: values.to_list(),
    "count": lambda values: values.count(lambda n: n < 0),
    "all dropped": lambda values: values.filter(lambda n: n < 0).collect(),
    "through a stage": lambda values: values.catch(lambda _: None).collect(),
}


@pytest.mark.parametrize("source", SOURCES)
@pytest.mark.parametrize("consumer", CONSUMERS)
async def test_others_get_a_turn_after_256_values(source: str, consumer: str) -> None:
    """K145"""
    counter = Counter()
    turns: list[int] = []

    async def neighbour(scope: anyio.CancelScope) -> None:
        for _ in range(5):
            turns.append(counter.asked)
            await anyio.lowlevel.checkpoint()
        scope.cancel()

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(neighbour, tasks.cancel_scope)
        await CONSUMERS[consumer](SOURCES[source](counter).map(lambda n: n))
    assert max(after - before for before, after in pairwise(turns)) <= 2 * 257


@pytest.mark.parametrize("source", SOURCES)
@pytest.mark.parametrize("amount", [1, 255, 256, 257, 512, 513, 600])
async def test_no_value_is_asked_for_too_early_or_lost_between_two_breaths(source: str, amount: int) -> None:
    counter = Counter()
    assert await SOURCES[source](counter).map(lambda n: n).take(amount).to_list() == list(range(1, amount + 1))
    assert counter.asked == amount


@pytest.mark.parametrize("amount", [0, 1, 255, 256, 257, 511, 512, 513, 1000])
async def test_a_source_of_any_length_comes_through(amount: int) -> None:
    assert await as_flow(range(amount)).to_list() == list(range(amount))
    assert [n async for n in as_flow(range(amount)).map(lambda n: n)] == list(range(amount))
    assert await as_flow(range(amount)).count() == amount


async def test_a_list_may_grow_while_it_is_collected() -> None:
    numbers = list(range(200))

    def grow(n: int) -> None:
        if n < 100:
            numbers.append(200 + n)

    assert await as_flow(numbers).on_each(grow).to_list() == list(range(300))


async def test_a_short_flow_takes_no_turn_of_the_loop() -> None:
    turns = 0

    async def neighbour() -> None:
        nonlocal turns
        while True:
            turns += 1
            await anyio.lowlevel.checkpoint()

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(neighbour)
        await settle()
        before = turns
        assert await as_flow(range(100)).map(lambda n: n).count() == 100
        assert turns == before
        tasks.cancel_scope.cancel()
