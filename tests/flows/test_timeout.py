"""`timeout`."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import timedelta
from math import inf, nan
from typing import Any

import anyio
import pytest

from flowws import (
    FlowTimeoutError,
    MutableSharedFlow,
    await_cancellation,
    delay,
    empty_flow,
    flow,
    flow_of,
)
from flowws.testing import TestScope
from tests.flows.timed import at, stamped
from tests.flows.upstream import Upstream


@pytest.mark.parametrize("duration", [1, 1.0, timedelta(seconds=1)])
async def test_fails_when_the_next_value_takes_too_long(test_scope: TestScope, duration: float | timedelta) -> None:
    """K250: each value starts the clock anew"""
    got: list[int] = []
    with pytest.raises(FlowTimeoutError, match="not done within 1 s") as raised:
        await at((0.9, 1), (1.8, 2), (5, 3)).timeout(duration).to_list(got)
    assert got == [1, 2]
    assert raised.value.seconds == 1
    assert raised.value.job == "body"
    assert test_scope.current_time == pytest.approx(2.8)


async def test_fails_when_the_end_takes_too_long(test_scope: TestScope) -> None:
    with pytest.raises(FlowTimeoutError):
        await at((0.5, 1), end=60).timeout(1).collect()
    assert test_scope.current_time == 1.5


async def test_the_time_of_the_collector_does_not_count(test_scope: TestScope) -> None:
    """K250"""
    values = at((0, 1), (0.5, 2), (1, 3), end=1)
    assert await stamped(test_scope, values.timeout(1), busy=10) == [(0, 1), (10, 2), (20, 3)]


async def test_the_clock_starts_when_the_collector_asks_again(test_scope: TestScope) -> None:
    """K250: whatever time it took for the value before"""

    @flow
    async def slow() -> AsyncIterator[int]:
        yield 1
        await delay(5)
        yield 2

    assert await stamped(test_scope, slow().timeout(1), busy=4.5) == [(0, 1), (5, 2)]


@pytest.mark.parametrize("duration", [0, -1, timedelta(), timedelta(seconds=-1)])
async def test_without_time_every_collection_fails(duration: float | timedelta) -> None:
    """K251: also that of an empty flow; and not before it is collected"""
    upstream = Upstream(1)
    for chain in (upstream.flow().timeout(duration), empty_flow().timeout(duration)):
        with pytest.raises(FlowTimeoutError):
            await chain.to_list()
    assert upstream.starts == 0


async def test_a_flow_that_ends_in_time_just_ends(test_scope: TestScope) -> None:
    """K251"""
    assert await at((0.5, 1), (1, 2), end=1.5).timeout(1).to_list() == [1, 2]
    assert await flow_of(1, 2).timeout(inf).to_list() == [1, 2]
    assert await empty_flow().timeout(1).to_list() == []
    assert test_scope.current_time == 1.5


async def test_can_be_caught_and_tried_again_below(test_scope: TestScope) -> None:
    """K252, K152"""
    stalls = at((0, "a"), (60, "b")).timeout(1)
    assert await stalls.catch(lambda failure: flow_of(type(failure).__name__)).to_list() == ["a", "FlowTimeoutError"]
    assert await stalls.retry(2).catch(lambda _: None).to_list() == ["a", "a", "a"]
    assert test_scope.current_time == 4


async def test_what_is_above_is_cancelled_and_cleaned_up_first(test_scope: TestScope) -> None:
    upstream = Upstream(1, endless=True)
    with pytest.raises(FlowTimeoutError):
        await upstream.flow().timeout(1).collect()
    assert upstream.story == ["start", 1, "cancelled"]


async def test_a_failure_of_that_cleanup_goes_before(test_scope: TestScope) -> None:
    """K252"""

    @flow
    async def fails_on_the_way_out() -> AsyncIterator[int]:
        yield 1
        try:
            await await_cancellation()
        finally:
            raise ValueError("cleanup")

    with pytest.raises(ValueError, match="cleanup") as raised:
        await fails_on_the_way_out().timeout(1).collect()
    assert isinstance(raised.value.__context__, (FlowTimeoutError, anyio.get_cancelled_exc_class()))


async def test_a_shared_flow_times_out(test_scope: TestScope) -> None:
    """K253"""
    feed = MutableSharedFlow[int]()
    came = test_scope.async_(feed.timeout(1).catch(lambda _: flow_of(-1)).to_list)
    await test_scope.run_current()
    for n in range(3):
        await delay(0.9)
        await feed.emit(n)
    assert await came == [0, 1, 2, -1]
    assert feed.subscription_count.value == 0
    assert test_scope.current_time == pytest.approx(3.7)


async def test_a_subscriber_that_is_cancelled_first_does_not_time_out(test_scope: TestScope) -> None:
    """K253"""
    seen: list[Exception] = []
    feed = MutableSharedFlow[int]()
    job = feed.timeout(1).catch(seen.append).launch_in(test_scope)
    await delay(0.5)
    await job.cancel_and_join()
    await delay(5)
    assert seen == []


async def test_none_is_a_value(test_scope: TestScope) -> None:
    """K254"""
    assert await at((0.5, None), (1, None)).timeout(1).to_list() == [None, None]


async def test_a_source_that_holds_a_cancel_scope_across_its_yields_is_no_trouble(test_scope: TestScope) -> None:
    """It runs in a task of its own, from its beginning to its end."""

    @flow
    async def unwise() -> AsyncIterator[int]:
        async with anyio.create_task_group() as group:
            group.start_soon(anyio.sleep_forever)
            yield 1
            yield 2
            group.cancel_scope.cancel()

    assert await unwise().timeout(1).to_list() == [1, 2]


@pytest.mark.parametrize("wrong", [None, "1", True])
def test_what_is_no_time_is_refused(wrong: Any) -> None:
    with pytest.raises(TypeError, match="duration must be seconds or a timedelta"):
        flow_of(1).timeout(wrong)
    with pytest.raises(ValueError, match="duration must be a number"):
        flow_of(1).timeout(nan)
