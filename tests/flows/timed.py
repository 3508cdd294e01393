"""Sources and collectors with a timetable, for tests on virtual time."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import TypeVar

from flowws import Flow, delay, flow
from flowws.testing import TestScope

T = TypeVar("T")


@flow
async def at(
    *timetable: tuple[float, T], end: float | None = None, failure: Exception | None = None
) -> AsyncIterator[T]:
    """Each value at its second after the beginning of the collection; then the end, or the failure, at `end`."""
    passed = 0.0
    for second, value in timetable:
        await delay(second - passed)
        passed = second
        yield value
    if end is not None:
        await delay(end - passed)
    if failure is not None:
        raise failure


async def stamped(scope: TestScope, values: Flow[T], busy: float = 0) -> list[tuple[float, T]]:
    """The values with the second at which each came; the collector is busy for a while with each of them."""
    began = scope.current_time
    came: list[tuple[float, T]] = []
    async for value in values:
        came.append((round(scope.current_time - began, 6), value))
        await delay(busy)
    return came
