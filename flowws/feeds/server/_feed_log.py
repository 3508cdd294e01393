"""`FeedLog`: what a feed remembers of its updates, for those who come back. `MemoryLog` is the usual one."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Sequence
from itertools import islice
from typing import Generic, Protocol, TypeVar, runtime_checkable

T = TypeVar("T")


@runtime_checkable
class FeedLog(Protocol[T]):
    """What a feed remembers of its updates. One of your own may outlive the process: then a client that comes back
    after a restart of the server misses nothing.

    A log belongs to one feed.
    """

    @property
    def epoch(self) -> int:
        """Which life of the log this is. The same after a restart, if the log is; never one that it had before, else.

        At most 16 digits.
        """
        ...

    @property
    def head(self) -> int:
        """The offset of the newest update; 0 before the first."""
        ...

    def append(self, value: T) -> int:
        """Take in an update, in the moment of its emission, and give its offset: one more than the one before.

        Must not wait: a log on disk writes the update down before it is emitted, and looks here for its number.
        """
        ...

    async def read(self, after: int, limit: int) -> Sequence[tuple[int, T]] | None:
        """The updates behind an offset, the oldest first, at most `limit`, each with its offset. None: the first of
        them is no longer known.
        """
        ...


class MemoryLog(Generic[T]):
    """The newest updates, in memory. Its epoch is the moment of its beginning, in milliseconds since 1970.

    >>> log = MemoryLog[str](capacity=2)
    >>> [log.append(name) for name in ("Ada", "Grace", "Mary")]
    [1, 2, 3]
    >>> run(log.read, 1, 10)
    [(2, 'Grace'), (3, 'Mary')]
    >>> print(run(log.read, 0, 10))
    None
    """

    __slots__ = ("_head", "_kept", "epoch")

    def __init__(self, capacity: int) -> None:
        if type(capacity) is not int or capacity < 0:
            raise ValueError(f"capacity must be a number of updates, 0 or more, not {capacity!r}")
        self.epoch: int = time.time_ns() // 1_000_000
        self._head = 0
        self._kept: deque[T] = deque(maxlen=capacity)

    @property
    def head(self) -> int:
        """The offset of the newest update."""
        return self._head

    def append(self, value: T) -> int:
        """Take in an update; the oldest gives way."""
        self._head += 1
        self._kept.append(value)
        return self._head

    async def read(self, after: int, limit: int) -> Sequence[tuple[int, T]] | None:
        """The updates behind an offset."""
        oldest = self._head - len(self._kept)  # the one before the first that is kept
        if after < oldest:
            return None
        kept = islice(self._kept, after - oldest, after - oldest + limit)
        return list(enumerate(kept, start=after + 1))

    def __repr__(self) -> str:
        return f"<MemoryLog {self.epoch}-{self._head}, {len(self._kept)} kept>"
