"""`flow`, `flow_of`, `as_flow`, `empty_flow`."""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator, Iterator
from contextlib import aclosing
from enum import Enum
from functools import partial
from typing import Any, cast

import anyio
import anyio.lowlevel
import pytest

from flowws import CompletableDeferred, Flow, as_flow, coroutine_scope, empty_flow, flow, flow_of
from tests.flows.upstream import Upstream


class Loud:
    """Tells whenever somebody wants to see it."""

    shown = 0

    def __repr__(self) -> str:
        Loud.shown += 1
        return "loud"


# flow


async def test_a_flow_runs_anew_for_every_collection() -> None:
    """K139"""
    upstream = Upstream(1, 2)
    chain = upstream.flow().map(lambda n: n)
    assert upstream.story == []
    assert await chain.to_list() == [1, 2]
    assert await chain.to_list() == [1, 2]
    assert upstream.starts == 2


async def test_arguments_are_those_of_the_function() -> None:
    @flow
    async def between(start: int, *, end: int) -> AsyncIterator[int]:
        """All of them."""
        for n in range(start, end):
            yield n

    assert await between(1, end=4).to_list() == [1, 2, 3]
    assert repr(between(1, end=4)) == "between(1, end=4)"
    assert between.__name__ == "between"
    assert between.__doc__ == "All of them."


async def test_a_method_may_be_a_flow() -> None:
    class Counter:
        def __init__(self, until: int) -> None:
            self.until = until

        @flow
        async def numbers(self) -> AsyncIterator[int]:
            for n in range(self.until):
                yield n

    assert await Counter(3).numbers().to_list() == [0, 1, 2]


async def test_a_partial_may_be_a_flow_and_be_launched() -> None:
    async def until(n: int) -> AsyncIterator[int]:
        for each in range(n):
            yield each

    numbers = flow(partial(until, 2))
    got: list[int] = []
    async with coroutine_scope() as scope:
        numbers().on_each(got.append).launch_in(scope)
    assert got == [0, 1]


async def test_two_iterations_at_once_are_independent() -> None:
    """K148"""
    chain = Upstream(1, 2).flow()
    async with aclosing(cast("Any", aiter(chain))) as one, aclosing(cast("Any", aiter(chain))) as two:
        assert [await anext(one), await anext(two), await anext(one), await anext(two)] == [1, 1, 2, 2]


async def test_it_is_iterated_natively() -> None:
    assert [n async for n in Upstream(1, 2).flow()] == [1, 2]
    assert [n async for n in flow_of(1, 2)] == [1, 2]


async def test_an_early_aclose_closes_the_generator() -> None:
    upstream = Upstream(1, 2)
    values: Any = aiter(upstream.flow())
    assert await anext(values) == 1
    await values.aclose()
    assert upstream.ends == ["closed"]


@pytest.mark.parametrize("wrong", [3, lambda: 1, anyio.sleep, len])
def test_flow_refuses_anything_but_an_async_generator_function(wrong: Any) -> None:
    with pytest.raises(TypeError, match="async generator function"):
        flow(wrong)


# flow_of and empty_flow


async def test_flow_of_gives_its_values() -> None:
    assert await flow_of(1, None, "a").to_list() == [1, None, "a"]
    assert await flow_of().to_list() == []


async def test_the_empty_flow_is_empty() -> None:
    """K147"""
    assert await empty_flow().to_list() == []
    assert repr(empty_flow()) == "empty_flow()"


async def test_building_runs_no_code_of_the_values() -> None:
    """K139: not even to show them"""
    Loud.shown = 0
    chain = flow_of(Loud(), Loud()).map(lambda each: each)
    also = as_flow([Loud()])
    assert Loud.shown == 0
    assert repr(chain) == "flow_of(loud, loud).map(<lambda>)"
    assert repr(also) == "as_flow([loud])"


async def test_a_long_flow_is_shown_briefly() -> None:
    assert repr(flow_of(1)) == "flow_of(1)"
    assert repr(flow_of()) == "flow_of()"
    assert len(repr(flow_of(*range(10_000)))) < 100
    assert len(repr(as_flow(list(range(10_000))))) < 100
    assert repr(as_flow(range(5))) == "as_flow(range(0, 5))"


# as_flow


async def test_an_iterable_is_iterated_anew_for_every_collection() -> None:
    """K139, K147"""
    numbers = [1, 2]
    chain = as_flow(numbers)
    assert await chain.to_list() == [1, 2]
    numbers.append(3)
    assert await chain.to_list() == [1, 2, 3]
    assert await as_flow(range(0)).to_list() == []
    assert await as_flow("ab").to_list() == ["a", "b"]
    assert await as_flow({1: "x"}).to_list() == [1]


async def test_of_an_iterator_a_later_collection_sees_what_is_left() -> None:
    chain = as_flow(iter([1, 2, 3]))
    assert await chain.take(2).to_list() == [1, 2]
    assert await chain.to_list() == [3]


async def test_an_iterable_that_fails_does_so_in_the_collector() -> None:
    class Failing:
        def __iter__(self) -> Iterator[int]:
            yield 1
            raise ValueError("above")

    got: list[int] = []
    with pytest.raises(ValueError, match="above"):
        await as_flow(Failing()).map(lambda n: n).to_list(got)
    assert got == [1]


async def test_an_async_iterable() -> None:
    class Numbers:
        async def __aiter__(self) -> AsyncIterator[int]:
            yield 1
            await anyio.lowlevel.checkpoint()
            yield 2

    class Iterable:
        def __aiter__(self) -> AsyncIterator[int]:
            return Numbers.__aiter__(Numbers())

    chain = as_flow(Iterable())
    assert await chain.to_list() == [1, 2]
    assert await chain.map(lambda n: n * 2).to_list() == [2, 4]


async def test_a_stream_is_not_closed_by_a_collection_that_ends_early() -> None:
    """Iterating a resource is not owning it."""
    send, receive = anyio.create_memory_object_stream[int](8)
    async with send, receive:
        for n in range(5):
            await send.send(n)
        assert await as_flow(receive).take(2).to_list() == [0, 1]
        assert await as_flow(receive).first() == 2
        assert await as_flow(receive).scan(0, lambda _, n: n).drop(1).first() == 3
        assert await receive.receive() == 4


@pytest.mark.parametrize("kind", ["plain", "async", "lambda", "deferred"])
async def test_a_function_is_called_for_every_collection_and_gives_one_value(kind: str) -> None:
    """K147"""
    calls: list[int] = []

    async def produce() -> int:
        await anyio.lowlevel.checkpoint()
        calls.append(1)
        return len(calls)

    def produce_now() -> int:
        calls.append(1)
        return len(calls)

    functions: dict[str, Any] = {
        "plain": produce_now,
        "async": produce,
        "lambda": lambda: produce(),  # noqa: PLW0108  # as people write it
        "deferred": lambda: CompletableDeferred.completed(produce_now()),
    }
    chain = as_flow(functions[kind])
    assert calls == []
    assert await chain.to_list() == [1]
    assert await chain.to_list() == [2]


async def test_an_enum_is_the_flow_of_its_members() -> None:
    class Colour(Enum):
        RED = 1
        BLUE = 2

    assert await as_flow(Colour).to_list() == [Colour.RED, Colour.BLUE]


def test_a_flow_is_a_flow_already() -> None:
    chain = flow_of(1)
    assert as_flow(chain) is chain


@pytest.mark.parametrize("wrong", [None, 3])
def test_as_flow_refuses_the_rest(wrong: Any) -> None:
    with pytest.raises(TypeError, match=repr(wrong)):
        as_flow(wrong)


# Flow


def test_a_flow_cannot_be_changed() -> None:
    """K148"""
    chain = flow_of(1)
    longer = chain.map(lambda n: n)
    assert longer is not chain
    with pytest.raises(AttributeError):
        chain.surprise = 1  # type: ignore[attr-defined]  # that is what is tested


async def test_a_flow_of_ones_own() -> None:
    class Countdown(Flow[int]):
        def __init__(self, start: int) -> None:
            self.start = start

        def __aiter__(self) -> AsyncGenerator[int, None]:
            return self._count()

        async def _count(self) -> AsyncGenerator[int, None]:
            for n in range(self.start, 0, -1):
                yield n

    assert await Countdown(3).map(lambda n: n * 2).take(2).to_list() == [6, 4]


def test_a_flow_without_an_iterator_cannot_be_made() -> None:
    with pytest.raises(TypeError, match="abstract"):
        Flow()  # type: ignore[abstract]  # that is what is tested
