"""aioreactive's operators on a flow: `pipe` and `as_observable`."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from typing import Any

import aioreactive as rx
import pytest

from flowws import (
    Flow,
    IllegalStateError,
    MutableSharedFlow,
    as_flow,
    coroutine_scope,
    flow,
    flow_of,
    from_observable,
)
from tests.flows.upstream import Upstream, settle

here = pytest.mark.asyncio_only("aioreactive runs on asyncio only")

ONE_TO_FIVE = as_flow(range(1, 6))
LETTERS = flow_of("a", "b", "c")


async def tenfold(n: int) -> int:
    await settle()
    return n * 10


def add(one: int, two: int) -> int:
    return one + two


def numbered(letter: str, index: int) -> str:
    return f"{letter}{index}"


async def is_odd(n: int) -> bool:
    return n % 2 == 1


def piped(source: Flow[Any], *operators: Callable[[Any], Any]) -> Flow[Any]:
    """`source.pipe(*operators)`; mypy loses its way in a lambda inside an operator inside an overloaded function."""
    return source.pipe(*operators)


# Operators on a flow: those that leave no task of their own on the loop, as debounce and distinct_until_changed do

OPERATORS: dict[str, tuple[Flow[Any], list[Any]]] = {
    "map": (piped(ONE_TO_FIVE, rx.map(lambda n: n * 10)), [10, 20, 30, 40, 50]),
    "map_async": (piped(ONE_TO_FIVE, rx.map_async(tenfold)), [10, 20, 30, 40, 50]),
    "mapi": (piped(LETTERS, rx.mapi(numbered)), ["a0", "b1", "c2"]),
    "starmap": (piped(flow_of((1, 2), (3, 4)), rx.starmap(add)), [3, 7]),
    "filter": (piped(ONE_TO_FIVE, rx.filter(lambda n: n > 3)), [4, 5]),
    "filter_async": (piped(ONE_TO_FIVE, rx.filter_async(is_odd)), [1, 3, 5]),
    "skip": (piped(ONE_TO_FIVE, rx.skip(3)), [4, 5]),
    "skip_last": (piped(ONE_TO_FIVE, rx.skip_last(3)), [1, 2]),
    "take": (piped(ONE_TO_FIVE, rx.take(2)), [1, 2]),
    "take_last": (piped(ONE_TO_FIVE, rx.take_last(2)), [4, 5]),
    "scan": (piped(ONE_TO_FIVE, rx.scan(lambda total, n: total + n, 0)), [1, 3, 6, 10, 15]),
    "reduce": (piped(ONE_TO_FIVE, rx.reduce(lambda total, n: total + n, 0)), [15]),
    "concat": (piped(LETTERS, rx.concat(flow_of("d").as_observable())), ["a", "b", "c", "d"]),
    "merge": (piped(LETTERS, rx.merge(flow_of("d").as_observable())), ["a", "b", "c", "d"]),
    "flat_map": (piped(flow_of(1, 2), rx.flat_map(lambda n: flow_of(n, -n).as_observable())), [-2, -1, 1, 2]),
    "retry": (piped(LETTERS, rx.retry(2)), ["a", "b", "c"]),
    "several": (piped(ONE_TO_FIVE, rx.skip(1), rx.filter(lambda n: n < 5), rx.map(lambda n: -n)), [-2, -3, -4]),
}


@here
@pytest.mark.parametrize("name", OPERATORS)
async def test_an_operator_of_aioreactive_takes_a_flow(name: str) -> None:
    chain, expected = OPERATORS[name]
    for _ in range(2):
        got = await chain.to_list()
        assert (sorted(got) if name in ("merge", "flat_map") else got) == expected


@here
async def test_the_source_waits_until_the_collector_asks() -> None:
    upstream = Upstream(1, 2, 3)
    chain = piped(upstream.flow(), rx.map(lambda n: n * 10))
    async for n in chain:
        upstream.story.append(f"got {n}")
        await settle()
    # One value is under way to a collector that is busy, no more.
    assert upstream.story == ["start", 1, 2, "got 10", "got 20", 3, "got 30", "completed"]


@here
async def test_a_collection_that_ends_early_disposes_and_the_source_is_cleaned_up() -> None:
    upstream = Upstream(1, 2, endless=True)
    assert await piped(upstream.flow(), rx.map(lambda n: n * 10)).take(2).to_list() == [10, 20]
    assert upstream.ends == ["cancelled"]
    async with coroutine_scope() as scope:
        job = piped(upstream.flow(), rx.map(lambda n: n)).launch_in(scope)
        await settle()
        job.cancel()
    assert upstream.ends == ["cancelled", "cancelled"]


@here
async def test_an_operator_that_has_enough_ends_an_endless_source() -> None:
    @flow
    async def naturals() -> AsyncIterator[int]:
        n = 0
        try:
            while True:
                n += 1
                yield n
        finally:
            ends.append("closed")

    ends: list[str] = []
    assert await naturals().pipe(rx.take(3)).to_list() == [1, 2, 3]
    assert ends == ["closed"]


@here
async def test_a_failure_of_the_source_or_of_an_operator_is_raised_as_itself() -> None:
    failure = ValueError("above")
    with pytest.raises(ValueError, match="above") as raised:
        await Upstream(1, failure=failure).flow().pipe(rx.map(str)).to_list()
    assert raised.value is failure
    upstream = Upstream(0)
    with pytest.raises(ZeroDivisionError):
        await piped(upstream.flow(), rx.map(lambda n: 1 / n)).to_list()
    assert upstream.ends == ["closed"]


async def test_building_runs_nothing_and_shows_the_operators() -> None:
    upstream = Upstream(1)
    chain = upstream.flow().pipe(rx.skip(1), rx.take(2))
    assert repr(chain) == "upstream().pipe(skip, take)"
    assert repr(chain.buffer(3).map(str)) == "upstream().pipe(skip, take).buffer(3).map(str)"
    assert repr(flow_of(1).as_observable()) == "flow_of(1).as_observable()"
    assert upstream.story == []


@here
async def test_a_pipe_of_nothing_is_the_flow() -> None:
    assert await flow_of(1, 2).pipe().to_list() == [1, 2]


@pytest.mark.parametrize("wrong", [3, "text"])
def test_pipe_refuses_what_is_no_operator(wrong: Any) -> None:
    with pytest.raises(TypeError, match=repr(wrong)):
        flow_of(1).pipe(wrong)
    with pytest.raises(TypeError, match=repr(wrong)):
        flow_of(1).pipe(lambda _: wrong)


# Both ways, and trio


async def test_on_trio_there_is_a_clear_error(anyio_backend_name: str) -> None:
    if anyio_backend_name == "asyncio":
        return
    for run in (flow_of(1).pipe(rx.map(str)).to_list, from_observable(rx.single(1)).first, flow_of(1).subscribe_async):
        with pytest.raises(IllegalStateError, match="asyncio only, and this is trio"):
            await run()


@here
async def test_a_flow_survives_the_journey_there_and_back() -> None:
    shared = MutableSharedFlow[int](replay=1)
    there_and_back = from_observable(shared.as_observable())
    async with coroutine_scope() as scope:
        got: list[int] = []
        job = there_and_back.take(3).on_each(got.append).launch_in(scope)
        for n in range(3):
            await settle()
            await shared.emit(n)
        await job.join()
    assert got == [0, 1, 2]
    assert shared.subscription_count.value == 0
