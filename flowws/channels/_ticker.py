"""`ticker`: a channel that ticks."""

from __future__ import annotations

from enum import Enum
from functools import partial

from flowws._core import CoroutineScope, Duration, delay, to_seconds

from ._produce import produce
from ._producer_scope import ProducerScope
from ._receive_channel import ReceiveChannel


class TickerMode(Enum):
    """What a `ticker` does when its ticks are taken late. Kotlin: `TickerMode`."""

    FIXED_PERIOD = "fixed_period"
    """Keeps to the times of its original schedule, and leaves out those that have passed."""
    FIXED_DELAY = "fixed_delay"
    """Waits the whole period after each tick that was taken."""

    def __repr__(self) -> str:
        return f"TickerMode.{self.name}"


def ticker(
    period: Duration, initial_delay: Duration | None = None, mode: TickerMode = TickerMode.FIXED_PERIOD
) -> ReceiveChannel[None]:
    """A channel that gives None after `initial_delay` (one `period`, if it is left out) and then once per `period`.

    A tick that nobody takes holds back those after it. The ticker belongs to no scope: it ticks until its channel is
    cancelled, so ``with ticker(1).consume() as ticks`` is how to use it.

    Raises `ValueError` for negative times.

    >>> async def main():
    ...     with ticker(0.001).consume() as ticks:
    ...         return await ticks.receive()
    >>> run(main)

    Kotlin: `ticker`.
    """
    seconds = _not_negative(period, "period")
    first = seconds if initial_delay is None else _not_negative(initial_delay, "initial_delay")
    if not isinstance(mode, TickerMode):  # pyright: ignore[reportUnnecessaryIsInstance]  # untyped callers
        raise TypeError(f"mode must be a TickerMode, not {mode!r}")
    tick = _at_fixed_period if mode is TickerMode.FIXED_PERIOD else _with_fixed_delay
    return produce(CoroutineScope("ticker"), partial(tick, period=seconds, first=first), name="ticker")


async def _with_fixed_delay(producer: ProducerScope[None], *, period: float, first: float) -> None:
    await delay(first)
    while True:
        await producer.send(None)
        await delay(period)


async def _at_fixed_period(producer: ProducerScope[None], *, period: float, first: float) -> None:
    from anyio import current_time

    due = current_time() + first
    await delay(first)
    while True:
        due += period
        await producer.send(None)
        now = current_time()
        if due <= now and period > 0:  # taken so late that the next one, or more, should have come already
            due = now + period - (now - due) % period
        await delay(due - now)


def _not_negative(duration: Duration, name: str) -> float:
    seconds = to_seconds(duration, name)
    if seconds < 0:
        raise ValueError(f"{name} must not be negative, not {duration!r}")
    return seconds
