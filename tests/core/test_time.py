"""`delay`, `yield_now`, durations. Facts of section N by number."""

from __future__ import annotations

from datetime import timedelta
from math import inf, nan

import anyio
import pytest
import trio.testing

from flowws import await_cancellation, coroutine_scope, delay, yield_now
from flowws._core import to_seconds


@pytest.mark.parametrize("duration", [0, 0.0, -1, -inf, timedelta(0), timedelta(seconds=-3)])
async def test_k310_a_delay_of_zero_or_less_returns_at_once(duration: float | timedelta) -> None:
    ran: list[str] = []

    async def other() -> None:
        ran.append("other")

    async with coroutine_scope() as scope:
        scope.launch(other)
        await delay(duration)
        assert ran == []


@pytest.mark.parametrize("duration", [inf, timedelta.max])
async def test_k310_an_infinite_delay_waits_for_cancellation(duration: float | timedelta) -> None:
    with anyio.move_on_after(0) as timeout:
        await delay(duration)
    assert timeout.cancelled_caught


def test_k310_a_delay_takes_its_time() -> None:
    times: list[float] = []

    async def main() -> None:
        start = anyio.current_time()
        await delay(60)
        await delay(timedelta(hours=1))
        times.append(anyio.current_time() - start)

    trio.run(main, clock=trio.testing.MockClock(autojump_threshold=0))
    assert times == [pytest.approx(3660)]


async def test_k311_yield_lets_others_run_and_checks_cancellation() -> None:
    ran: list[str] = []

    async def other() -> None:
        ran.append("other")

    async with coroutine_scope() as scope:
        scope.launch(other)
        await yield_now()
        await yield_now()  # trio may step the caller first once
        assert ran == ["other"]
    passed = False
    with anyio.CancelScope() as cancelled:
        cancelled.cancel()
        await yield_now()
        passed = True
    assert not passed


async def test_await_cancellation_waits_until_the_task_is_cancelled() -> None:
    async with coroutine_scope() as scope:
        job = scope.launch(await_cancellation)
        for _ in range(12):
            await yield_now()
        assert job.is_active
        job.cancel()
        await job.join()
        assert job.is_cancelled


@pytest.mark.parametrize(
    ("duration", "seconds"), [(1, 1.0), (0.25, 0.25), (timedelta(milliseconds=5), 0.005), (inf, inf)]
)
def test_durations_are_seconds_or_timedeltas(duration: float | timedelta, seconds: float) -> None:
    got = to_seconds(duration, "timeout")
    assert got == seconds
    assert type(got) is float


@pytest.mark.parametrize("wrong", ["1", None, True, [1]])
async def test_anything_else_is_refused_by_name_and_value(wrong: object) -> None:
    with pytest.raises(TypeError, match="duration must be seconds or a timedelta") as refused:
        await delay(wrong)  # type: ignore[arg-type]  # the mistake under test
    assert repr(wrong) in str(refused.value)


def test_not_a_number_is_refused() -> None:
    with pytest.raises(ValueError, match="timeout must be a number of seconds, not nan"):
        to_seconds(nan, "timeout")
