"""Chains of operators beside what one writes by hand, and beside the operators of other libraries.

- ``map.filter.map``: one loop by hand, a generator per operator, aiostream, reactivex, aioreactive.
  Once put into a list, as most flows end in a terminal, which is fused like an operator; once by ``async for``.
- Ten operators: the same ten lines in one loop by hand.
- Async functions: the loop by hand that awaits them.
- A pipeline of three operators, begun and finished over a single element: a generator per operator.
"""

from __future__ import annotations

import time
from collections.abc import AsyncIterable, AsyncIterator, Awaitable, Callable
from typing import Any

import aioreactive
import anyio
import reactivex
import reactivex.operators as rx
from _rounds import compare
from aiostream import pipe, stream

from flowws import Flow, as_flow, flow, flow_of

COUNT = 300_000


def add(n: int) -> int:
    return n + 1


def is_even(n: int) -> bool:
    return n % 2 == 0


async def later(n: int) -> int:
    return n + 1


# ------------------------------------------------------------------------------------------------------ map.filter.map


async def one_loop() -> AsyncIterator[int]:
    for n in range(COUNT):
        added = add(n)
        if is_even(added):
            yield add(added)


async def source(until: int = COUNT) -> AsyncIterator[int]:
    for n in range(until):
        yield n


async def mapped(values: AsyncIterator[int]) -> AsyncIterator[int]:
    async for value in values:
        yield add(value)


async def filtered(values: AsyncIterator[int]) -> AsyncIterator[int]:
    async for value in values:
        if is_even(value):
            yield value


async def one_loop_over_a_generator() -> AsyncIterator[int]:
    async for n in source():
        added = add(n)
        if is_even(added):
            yield add(added)


def of_reactivex() -> float:
    start = time.process_time()
    reactivex.range(0, COUNT).pipe(rx.map(add), rx.filter(is_even), rx.map(add)).subscribe(lambda _: None)
    return COUNT / (time.process_time() - start)


def of_aiostream() -> AsyncIterable[int]:
    numbers: Any = stream.range(COUNT)
    return numbers | pipe.map(add) | pipe.filter(is_even) | pipe.map(add)


async def of_aioreactive() -> float:
    few = COUNT // 10  # of the slowest, a tenth
    chain = aioreactive.pipe(
        aioreactive.from_iterable(range(few)), aioreactive.map(add), aioreactive.filter(is_even), aioreactive.map(add)
    )
    ended = anyio.Event()

    async def end() -> None:
        ended.set()

    async def ignore(_: object) -> None:
        pass

    start = time.process_time()
    await chain.subscribe_async(aioreactive.AsyncAnonymousObserver(ignore, aclose=end))
    await ended.wait()
    return few / (time.process_time() - start)


# -------------------------------------------------------------------------------------------------------- ten operators


def ten_operators(numbers: Flow[int]) -> Flow[int]:
    return (
        numbers.map(add)
        .filter(lambda n: n > 1)
        .map(add)
        .on_each(lambda n: n * 2)
        .filter(lambda n: n % 3 != 0)
        .map(add)
        .distinct_until_changed()
        .drop(5)
        .take_while(lambda n: n >= 0)
        .map(add)
    )


async def ten_lines() -> AsyncIterator[int]:
    above_one, double, no_third, positive = _TESTS
    last, left = object(), 5
    for n in range(COUNT):
        value = add(n)
        if above_one(value):
            value = add(value)
            double(value)
            if no_third(value):
                value = add(value)
                if last is value or last == value:
                    continue
                last = value
                if left:
                    left -= 1
                    continue
                if not positive(value):
                    return
                yield add(value)


_TESTS: tuple[Callable[[int], Any], ...] = (
    lambda n: n > 1,
    lambda n: n * 2,
    lambda n: n % 3 != 0,
    lambda n: n >= 0,
)


# ------------------------------------------------------------------------------------------------------ async functions


async def awaiting_loop() -> AsyncIterator[int]:
    for n in range(COUNT):
        value = await later(n)
        if is_even(value):
            yield await later(value)


# ---------------------------------------------------------------------------------------- functions that end in calls


# A call may give a coroutine: what comes of these is asked for its type.
def text(n: int) -> str:
    return str(n)


def ends_with_two(text: str) -> bool:
    return text.endswith("2")


def louder(text: str) -> str:
    return text.upper()


async def text_loop() -> AsyncIterator[str]:
    for n in range(COUNT):
        value = text(n)
        if ends_with_two(value):
            yield louder(value)


# ------------------------------------------------------------------------------------------------------------ measuring


async def run(values: AsyncIterable[Any]) -> None:
    async for _ in values:
        pass


async def listed(values: AsyncIterable[Any]) -> list[Any]:
    return await values.to_list() if isinstance(values, Flow) else [value async for value in values]


def rate(
    make: Callable[[], AsyncIterable[Any]], consume: Callable[[AsyncIterable[Any]], Awaitable[object]] = listed
) -> Callable[[], float]:
    async def timed() -> float:
        start = time.process_time()
        await consume(make())
        return COUNT / (time.process_time() - start)

    return lambda: anyio.run(timed)


@flow
async def numbers() -> AsyncIterator[int]:
    for n in range(COUNT):
        yield n


def runs(
    make: Callable[[], AsyncIterable[Any]], consume: Callable[[AsyncIterable[Any]], Awaitable[object]] = listed
) -> Callable[[], float]:
    async def timed() -> float:
        times = 3_000
        start = time.process_time()
        for _ in range(times):
            await consume(make())
        return times / (time.process_time() - start)

    return lambda: anyio.run(timed)


def main() -> None:
    fused = as_flow(range(COUNT)).map(add).filter(is_even).map(add)
    over_generator = numbers().map(add).filter(is_even).map(add)
    compare(
        "map.filter.map over an iterable, into a list: values",
        {
            "flowws": rate(lambda: fused),
            "one loop by hand": rate(one_loop),
            "a generator per operator": rate(lambda: mapped(filtered(mapped(source())))),
            "aiostream": rate(of_aiostream),
            "reactivex": of_reactivex,
            "aioreactive": lambda: anyio.run(of_aioreactive),
        },
    )
    compare(
        "map.filter.map over an iterable, by `async for`: values",
        {
            "flowws": rate(lambda: fused, run),
            "one loop by hand": rate(one_loop, run),
            "a generator per operator": rate(lambda: mapped(filtered(mapped(source()))), run),
        },
    )
    compare(
        "map.filter.map over an async generator, into a list: values",
        {
            "flowws": rate(lambda: over_generator),
            "one loop by hand": rate(one_loop_over_a_generator),
            "a generator per operator": rate(lambda: mapped(filtered(mapped(source())))),
        },
    )
    ten = ten_operators(as_flow(range(COUNT)))
    compare("ten operators, into a list: values", {"flowws": rate(lambda: ten), "ten lines by hand": rate(ten_lines)})
    awaiting = as_flow(range(COUNT)).map(later).filter(is_even).map(later)
    compare("async functions, into a list: values", {"flowws": rate(lambda: awaiting), "by hand": rate(awaiting_loop)})
    calls = as_flow(range(COUNT)).map(text).filter(ends_with_two).map(louder)
    compare("functions that end in calls: values", {"flowws": rate(lambda: calls), "by hand": rate(text_loop)})
    compare("no operator, into a list: values", {"flowws": rate(numbers), "the bare generator": rate(source)})
    short = flow_of(1).map(add).filter(is_even).map(add)
    for consume, how in ((run, "by `async for`"), (listed, "into a list")):
        compare(
            f"one element through map.filter.map, from begin to end, {how}: runs",
            {
                "flowws": runs(lambda: short, consume),
                "flowws, built each time": runs(lambda: flow_of(1).map(add).filter(is_even).map(add), consume),
                "a generator per operator": runs(lambda: mapped(filtered(mapped(source(1)))), consume),
            },
        )


if __name__ == "__main__":
    main()
