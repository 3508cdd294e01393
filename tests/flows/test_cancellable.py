"""`cancellable`."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable

import pytest

from flowws import Flow, as_flow, coroutine_scope, flow, flow_of


@flow
async def counted(until: int) -> AsyncIterator[int]:
    for n in range(until):
        yield n


async def seen_after_a_cancel(chain: Callable[[Flow[int]], Flow[int]], source: Flow[int]) -> list[int]:
    """What a collector gets that cancels its own job with the third value."""
    seen: list[int] = []

    def look(n: int) -> None:
        seen.append(n)
        if len(seen) == 3:
            job.cancel()

    async with coroutine_scope() as scope:
        job = scope.launch(chain(source).collect, look)
    return seen


@pytest.mark.parametrize("source", [as_flow(range(1000)), counted(1000)], ids=["an iterable", "a generator"])
async def test_a_cancelled_collector_gets_nothing_more(source: Flow[int]) -> None:
    """K145"""
    assert await seen_after_a_cancel(lambda each: each.cancellable(), source) == [0, 1, 2]
    assert await seen_after_a_cancel(lambda each: each.cancellable().map(lambda n: n * 2), source) == [0, 2, 4]


@pytest.mark.parametrize("source", [as_flow(range(1000)), counted(1000)], ids=["an iterable", "a generator"])
async def test_without_it_the_cancellation_is_noticed_some_values_later(source: Flow[int]) -> None:
    """K145: unlike Kotlin's, a flow that never waits does notice it, within 256 values"""
    seen = await seen_after_a_cancel(lambda each: each.map(lambda n: n), source)
    assert seen == list(range(len(seen)))
    assert 3 < len(seen) <= 259


async def test_gives_the_same_values() -> None:
    assert await flow_of(1, 2).cancellable().to_list() == [1, 2]
    assert await counted(300).cancellable().count() == 300


def test_a_second_one_changes_nothing() -> None:
    """K146: where it would change nothing, it is the same flow; on a flow of `@flow` it would change something here"""
    chain = flow_of(1).cancellable()
    assert chain.cancellable() is chain
    assert repr(chain) == "flow_of(1).cancellable()"
