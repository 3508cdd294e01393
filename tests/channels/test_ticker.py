"""`ticker`, on virtual time. Facts K72 and K73."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import timedelta

import pytest

from flowws import CancellationError, ReceiveChannel, TickerMode, current_job, delay, ticker
from flowws._core import Duration
from flowws.testing import TestScope, run_test

PERIOD, DELAY = TickerMode.FIXED_PERIOD, TickerMode.FIXED_DELAY

Body = Callable[[TestScope], Awaitable[object]]


@pytest.fixture(params=["asyncio", "trio"])
def on_virtual_time(request: pytest.FixtureRequest) -> Callable[[Body], object]:
    return lambda body: run_test(body, backend=request.param)


async def times(scope: TestScope, ticks: ReceiveChannel[None], count: int) -> list[float]:
    """When the next ticks come, in milliseconds."""
    when: list[float] = []
    for _ in range(count):
        await ticks.receive()
        when.append(round(scope.current_time * 1000))
    return when


@pytest.mark.parametrize("mode", [PERIOD, DELAY])
@pytest.mark.parametrize(("initial", "expected"), [(None, [100, 200, 300]), (0, [0, 100, 200]), (0.03, [30, 130, 230])])
def test_k72_the_first_tick_comes_after_the_initial_delay(
    on_virtual_time: Callable[[Body], object], mode: TickerMode, initial: float | None, expected: list[float]
) -> None:
    async def body(scope: TestScope) -> None:
        with ticker(0.1, initial, mode).consume() as ticks:
            assert await times(scope, ticks, 3) == expected

    on_virtual_time(body)


@pytest.mark.parametrize(("mode", "expected"), [(PERIOD, [350, 400, 500]), (DELAY, [350, 450, 550])])
def test_k72_a_tick_that_nobody_takes_holds_back_the_next_ones(
    on_virtual_time: Callable[[Body], object], mode: TickerMode, expected: list[float]
) -> None:
    """FIXED_PERIOD goes back to the original grid, FIXED_DELAY waits a full period after each tick that was taken."""

    async def body(scope: TestScope) -> None:
        with ticker(0.1, mode=mode).consume() as ticks:
            await delay(0.35)
            assert ticks.try_receive().is_success
            assert ticks.try_receive().is_failure
            assert [round(scope.current_time * 1000), *await times(scope, ticks, 2)] == expected

    on_virtual_time(body)


def test_k72_a_period_of_zero_ticks_as_fast_as_it_is_taken(on_virtual_time: Callable[[Body], object]) -> None:
    async def body(scope: TestScope) -> None:
        for mode in (PERIOD, DELAY):
            with ticker(0, mode=mode).consume() as ticks:
                assert await times(scope, ticks, 5) == [0] * 5

    on_virtual_time(body)


def test_a_timedelta_is_a_duration(on_virtual_time: Callable[[Body], object]) -> None:
    async def body(scope: TestScope) -> None:
        with ticker(timedelta(hours=1), timedelta(minutes=1)).consume() as ticks:
            assert await times(scope, ticks, 2) == [60_000, 3_660_000]

    on_virtual_time(body)


@pytest.mark.parametrize(("period", "initial"), [(-1, None), (1, -0.5), (timedelta(seconds=-1), None)])
async def test_k72_negative_times_are_refused(period: Duration, initial: Duration | None) -> None:
    with pytest.raises(ValueError, match="must not be negative, not"):
        ticker(period, initial)


async def test_a_mode_that_is_none_is_refused() -> None:
    with pytest.raises(TypeError, match="TickerMode, not 'often'"):
        ticker(1, mode="often")  # type: ignore[arg-type]  # the mistake under test
    assert repr(PERIOD) == "TickerMode.FIXED_PERIOD"


def test_k73_a_ticker_belongs_to_no_scope_and_ends_when_its_channel_is_cancelled(
    on_virtual_time: Callable[[Body], object],
) -> None:
    made: list[ReceiveChannel[None]] = []

    async def body(scope: TestScope) -> None:
        async def make() -> None:
            made.append(ticker(1))
            job = current_job()
            assert job is not None
            assert list(job.children) == []

        await scope.launch(make).join()
        ticks = made[0]
        await ticks.receive()
        ticks.cancel()
        with pytest.raises(CancellationError):
            await ticks.receive()

    on_virtual_time(body)
