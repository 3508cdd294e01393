"""The fixtures of the pytest plugin, used as a reader of docs/testing.md would."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator

import anyio
import pytest

from flowws import Channel, delay, yield_now
from flowws.testing import Order, TestScope


async def test_an_hour_takes_no_time(test_scope: TestScope) -> None:
    began = time.monotonic()
    await delay(3600)
    assert test_scope.current_time == 3600
    assert time.monotonic() - began < 5


@pytest.fixture
async def ticks(test_scope: TestScope) -> AsyncIterator[Channel[float]]:
    channel = Channel[float]()

    async def tick() -> None:
        while True:
            await anyio.sleep(10)
            await channel.send(test_scope.current_time)

    test_scope.background_scope.launch(tick)
    await delay(1)  # a fixture lives on virtual time, too
    yield channel
    assert channel.is_closed_for_send


async def test_async_fixtures_share_the_loop_and_its_time(ticks: Channel[float], test_scope: TestScope) -> None:
    assert [await ticks.receive(), await ticks.receive()] == [10, 20]
    ticks.close()


async def test_a_test_without_test_scope_has_real_time(anyio_backend: object) -> None:
    with pytest.raises(RuntimeError, match="time is real on this loop"):
        TestScope()


async def test_the_order_fixture(order: Order, test_scope: TestScope) -> None:
    @test_scope.launch
    async def _() -> None:
        order.expect(2)
        await delay(1)
        order.finish(3)

    order.expect(1)
    await yield_now()


@pytest.mark.test_scope(timeout=5, real_io=0.01)
async def test_options_come_from_the_marker(test_scope: TestScope) -> None:
    assert "5" in repr(test_scope._timeout)
    assert test_scope._clock.quiet == 0.01
