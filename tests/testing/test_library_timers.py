"""K335: every timer of the library goes by the loop's clock, hence by the virtual one."""

from __future__ import annotations

from datetime import timedelta

import pytest

from flowws import (
    Channel,
    FlowTimeoutError,
    MutableSharedFlow,
    SharingStarted,
    delay,
    on_timeout,
    select,
    ticker,
    with_timeout,
    with_timeout_or_none,
)
from flowws.testing import TestScope


async def for_ever() -> None:
    await Channel[int]().receive()


async def test_with_timeout(test_scope: TestScope) -> None:
    with pytest.raises(FlowTimeoutError):
        await with_timeout(60, for_ever)
    assert await with_timeout_or_none(timedelta(hours=1), Channel[int]().receive) is None
    async with with_timeout(7201):
        await delay(7200)
    assert test_scope.current_time == 60 + 3600 + 7200


async def test_select_on_timeout(test_scope: TestScope) -> None:
    channel = Channel[str]()
    clauses = (channel.on_receive(lambda element: element), on_timeout(90, lambda: "nothing came"))
    assert await select(*clauses) == "nothing came"
    assert test_scope.current_time == 90


async def test_ticker(test_scope: TestScope) -> None:
    ticks = ticker(10, 5)
    times = list[float]()
    for _ in range(3):
        await ticks.receive()
        times.append(test_scope.current_time)
    ticks.cancel()
    assert times == [5, 15, 25]


async def test_while_subscribed(test_scope: TestScope) -> None:
    source = MutableSharedFlow[int]()
    state = source.state_in(test_scope.background_scope, SharingStarted.while_subscribed(30), 0)
    reader = state.launch_in(test_scope)
    await test_scope.run_current()
    assert source.subscription_count.value == 1
    await reader.cancel_and_join()
    await test_scope.advance_time_by(30)
    assert source.subscription_count.value == 1
    await test_scope.run_current()
    assert source.subscription_count.value == 0
