"""`conflate_by`: only the newest value of each key waits."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import aclosing
from typing import Any, cast

import anyio
import pytest

from flowws import as_flow, coroutine_scope, delay, flow, flow_of
from flowws.testing import TestScope
from tests.flows.upstream import SPELLINGS, Upstream, settle, spelled


def stock(price: tuple[str, int]) -> str:
    return price[0]


@pytest.mark.parametrize("how", SPELLINGS)
async def test_gives_the_newest_value_of_every_key(how: str) -> None:
    prices = flow_of(("A", 1), ("B", 1), ("A", 2), ("C", 1), ("B", 2))
    got = await prices.conflate_by(spelled(how, stock)).to_list()
    assert dict(got) == {"A": 2, "B": 2, "C": 1}
    assert got[-2:] == [("B", 2), ("C", 1)] or how != "plain"


async def test_a_slow_collector_sees_every_key_at_its_newest(test_scope: TestScope) -> None:
    @flow
    async def prices() -> AsyncIterator[tuple[str, int]]:
        for n in range(6):
            for name in ("A", "B") if n % 2 == 0 else ("B", "A"):
                yield name, n
            await delay(1)

    got: list[tuple[str, int]] = []

    async def slowly(price: tuple[str, int]) -> None:
        got.append(price)
        await delay(2.3)

    await prices().conflate_by(stock).collect(slowly)
    assert got == [("A", 0), ("B", 2), ("A", 4), ("B", 5), ("A", 5)]


async def test_a_key_keeps_its_place_in_the_queue() -> None:
    """Else one that changes all the time would push in front, or never have its turn."""
    prices = flow_of(("first", 0), ("A", 1), ("B", 1), ("C", 1), ("A", 2), ("B", 2), ("A", 3))
    got: list[tuple[str, int]] = []
    gate = anyio.Event()

    async def busy(price: tuple[str, int]) -> None:
        got.append(price)
        await gate.wait()

    async with coroutine_scope() as scope:
        prices.on_completion(lambda _: gate.set()).conflate_by(stock).on_each(busy).launch_in(scope)
    assert got == [("first", 0), ("A", 3), ("B", 2), ("C", 1)]


async def test_a_collector_that_keeps_up_misses_nothing(test_scope: TestScope) -> None:
    @flow
    async def source() -> AsyncIterator[int]:
        for n in range(5):
            await delay(1)
            yield n

    assert await source().conflate_by(lambda _: "same").to_list() == list(range(5))
    assert test_scope.current_time == 5


async def test_with_one_key_it_is_conflate() -> None:
    assert await as_flow(range(50)).conflate_by(lambda _: None).to_list() == [49]


@pytest.mark.parametrize("where", ["source", "key"])
async def test_a_failure_above_comes_after_the_values_before_it(where: str) -> None:
    def key(n: int) -> int:
        if n == 3:
            raise ValueError("key")
        return n % 2

    values = Upstream(1, 2, 3, 4).flow() if where == "key" else Upstream(1, 2, failure=ValueError("source")).flow()
    got: list[int] = []
    with pytest.raises(ValueError, match=where):
        await values.conflate_by(key).to_list(got)
    assert got == [1, 2]


async def test_a_key_that_cannot_be_one_fails_the_flow() -> None:
    unhashable: Any = lambda n: [n]  # noqa: E731  # no checker would let it in
    with pytest.raises(TypeError, match="unhashable"):
        await flow_of(1).conflate_by(unhashable).to_list()


@pytest.mark.parametrize("end", ["take", "failure", "break", "cancel", "unstarted"])
async def test_ending_early_ends_the_source(end: str) -> None:
    upstream = Upstream(1, 2, endless=True)
    values = upstream.flow().conflate_by(lambda n: n)
    match end:
        case "take":
            assert await values.take(1).to_list() == [1]
        case "failure":
            with pytest.raises(ZeroDivisionError):
                await values.collect(lambda n: n // 0)
        case "break":
            async with aclosing(cast("Any", aiter(values))) as iterator:
                await anext(iterator)
        case "cancel":
            async with coroutine_scope() as scope:
                job = values.launch_in(scope)
                await settle()
                job.cancel()
        case _:
            aiter(values)
    assert upstream.ends == ([] if end == "unstarted" else ["cancelled"])


@pytest.mark.parametrize("wrong", [None, "key"])
def test_refuses_what_is_no_function(wrong: Any) -> None:
    with pytest.raises(TypeError, match=repr(wrong)):
        flow_of(1).conflate_by(wrong)
