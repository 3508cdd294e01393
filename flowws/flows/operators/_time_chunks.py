"""What comes within a time, together: `chunked` with a ``timeout``."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import TYPE_CHECKING, TypeVar

from flowws._core import Duration

from .._durations import require_positive
from ._pacing import NEVER, Pacer, paced

if TYPE_CHECKING:
    from .._flow import Flow

T = TypeVar("T")


def chunks_in_time(flow: Flow[T], size: int | None, timeout: Duration) -> Flow[list[T]]:
    """Lists of what came within `timeout` of their first value, or of `size` values if that is sooner.

    What is above runs in a job of its own, and is held with one value in hand while the collector is busy.
    """
    return flow._through(_chunked, size, require_positive(timeout, "timeout"))


def _chunked(source: AsyncIterator[T], size: int | None, timeout: float) -> AsyncIterator[list[T]]:
    return paced(source, _ChunksInTime[T](size, timeout), "chunked")


class _ChunksInTime(Pacer[T, list[T]]):
    def __init__(self, size: int | None, timeout: float) -> None:
        super().__init__()
        self._size = size
        self._timeout = timeout
        self._chunk: list[T] = []

    def take(self, value: T) -> None:
        chunk = self._chunk
        if not chunk:
            self.alarm = self.now() + self._timeout
        chunk.append(value)
        if len(chunk) == self._size:
            self.end()

    def ring(self) -> None:
        self.end()

    def end(self) -> None:
        self.alarm = NEVER
        if self._chunk:
            self.gift, self._chunk = self._chunk, []
