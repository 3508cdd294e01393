"""A flow of ticks: `interval`."""

from __future__ import annotations

from collections.abc import AsyncIterator
from math import ceil

from flowws._core import Duration, delay

from ._builders import flow
from ._durations import require_not_negative, require_positive
from ._flow import Flow


def interval(period: Duration, initial_delay: Duration = 0) -> Flow[int]:
    """0, 1, 2, ... without end: the first after `initial_delay`, the others at whole periods after it.

    The times are fixed when a collection begins, so that delays do not add up. A tick whose time passes while the
    collector is busy is left out, not counted, and not made up for. Every collection has a clock of its own.

    Raises `ValueError` unless `period` is greater than zero, and when `initial_delay` is negative.

    >>> run(interval(0.01).take(3).to_list)
    [0, 1, 2]

    Kotlin: `ticker`, as a flow.
    """
    ticks, delayed = flow(_ticks), require_not_negative(initial_delay, "initial_delay")
    seconds = require_positive(period, "period")
    return ticks(seconds, delayed) if delayed else ticks(seconds)  # it is shown as it was written


async def _ticks(period: float, initial_delay: float = 0) -> AsyncIterator[int]:
    from anyio import current_time

    due = current_time() + initial_delay
    count = 0
    while True:
        await delay(due - current_time())
        yield count
        count += 1
        due += period
        late = current_time() - due
        if late > 0:
            due += period * ceil(late / period)


_ticks.__name__ = interval.__name__  # the word by which its flow introduces itself
