"""`conflate`: only the newest value waits."""

from __future__ import annotations

from collections.abc import AsyncIterator

import anyio
import pytest

from flowws import BufferOverflow, Channel, as_flow, coroutine_scope, delay, flow, flow_of
from flowws.testing import TestScope
from tests.flows.upstream import Upstream, settle


async def test_a_collector_that_is_not_there_yet_gets_the_first_value_and_the_last() -> None:
    """K196"""
    assert await as_flow(range(100)).conflate().to_list() == [0, 99]


async def test_a_slow_collector_gets_the_newest_value_each_time(test_scope: TestScope) -> None:
    """K197"""

    @flow
    async def source() -> AsyncIterator[int]:
        for n in range(1, 31):
            await delay(0.1)
            yield n

    got: list[tuple[float, int]] = []

    async def slowly(n: int) -> None:
        got.append((round(test_scope.current_time, 3), n))
        await delay(0.97)

    await source().conflate().collect(slowly)
    assert [n for _, n in got] == [1, 10, 20, 30]
    assert got[0][0] == 0.1


async def test_a_collector_that_keeps_up_misses_nothing(test_scope: TestScope) -> None:
    @flow
    async def source() -> AsyncIterator[int]:
        for n in range(5):
            await delay(1)
            yield n

    assert await source().conflate().to_list() == list(range(5))
    assert test_scope.current_time == 5


async def test_is_a_buffer_of_one_that_drops_the_oldest() -> None:
    for values in (
        as_flow(range(10)).buffer(Channel.CONFLATED),
        as_flow(range(10)).buffer(1, BufferOverflow.DROP_OLDEST),
        as_flow(range(10)).buffer(0, BufferOverflow.DROP_OLDEST),
        as_flow(range(10)).buffer(Channel.BUFFERED, BufferOverflow.DROP_OLDEST),
    ):
        assert await values.to_list() == [0, 9]


async def test_a_following_buffer_keeps_that_many() -> None:
    """K195"""
    assert await as_flow(range(100)).conflate().buffer(10).to_list() == [0, *range(90, 100)]


async def test_forgets_a_buffer_before_it() -> None:
    """K195"""
    assert await as_flow(range(100)).buffer(42).conflate().to_list() == [0, 99]


async def test_a_failure_comes_after_the_newest_value() -> None:
    got: list[int] = []
    with pytest.raises(ValueError, match="above"):
        await Upstream(1, 2, 3, failure=ValueError("above")).flow().conflate().to_list(got)
    assert got == [1, 3]


async def test_ending_early_ends_the_source() -> None:
    upstream = Upstream(1, 2, 3, endless=True)
    assert await upstream.flow().conflate().take(2).to_list() == [1, 3]
    assert upstream.ends == ["cancelled"]


async def test_the_source_is_not_held_up_by_a_busy_collector() -> None:
    upstream = Upstream(1, 2, 3)
    busy = anyio.Event()
    async with coroutine_scope() as scope:
        upstream.flow().conflate().on_each(lambda _: busy.wait()).launch_in(scope)
        await settle()
        assert upstream.ends == ["completed"]
        busy.set()


def test_reading_it() -> None:
    assert repr(flow_of(1).conflate().map(str)) == "flow_of(1).conflate().map(str)"
