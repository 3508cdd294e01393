"""`FeedLog`: what a feed remembers of its updates, for those who come back. `MemoryLog` is the usual one, and a
`SharedLog` is known to several processes.
"""

from __future__ import annotations

import os
import time
from collections import deque
from collections.abc import Sequence
from itertools import islice
from typing import Any, Final, Generic, Protocol, TypeVar, runtime_checkable
from weakref import WeakSet

from flowws.feeds._position import Position

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


@runtime_checkable
class SharedLog(FeedLog[T], Protocol[T]):
    """A log that several processes know, so that a client may go on at any of them: with a position that another
    process has told it.
    """

    async def locate(self, position: Position | None) -> Position | None:
        """What this position is called in the epoch of today; None if the log does not go on from there.

        Waits until `head` is not before it: another process may have told of updates that are not heard here yet. With
        None, for a client that begins, it gives None and waits for nothing but an `epoch` that is not known yet: as
        long as it is not, that is 0.
        """
        ...


_begun: Final[WeakSet[MemoryLog[Any]]] = WeakSet()
_newest_epoch = 0


def _new_epoch() -> int:
    """The time, in microseconds since 1970: 16 digits. No two of a process are the same."""
    global _newest_epoch  # noqa: PLW0603  # as it says
    _newest_epoch = max(time.time_ns() // 1000, _newest_epoch + 1)
    return _newest_epoch


class MemoryLog(Generic[T]):
    """The newest updates, in memory. Its epoch is the moment of its beginning, in microseconds since 1970. In a process
    that is forked from this one it is another log, and begins there: what it will hear is not what others hear. That
    epoch is a little later, by the number of the process.

    >>> log = MemoryLog[str](capacity=2)
    >>> [log.append(name) for name in ("Ada", "Grace", "Mary")]
    [1, 2, 3]
    >>> run(log.read, 1, 10)
    [(2, 'Grace'), (3, 'Mary')]
    >>> print(run(log.read, 0, 10))
    None
    """

    __slots__ = ("__weakref__", "_given", "_head", "_kept", "epoch")

    def __init__(self, capacity: int) -> None:
        if type(capacity) is not int or capacity < 0:
            raise ValueError(f"capacity must be a number of updates, 0 or more, not {capacity!r}")
        self.epoch: int = _new_epoch()
        self._given = self.epoch  # a class of your own may have another
        self._head = 0
        self._kept: deque[T] = deque(maxlen=capacity)
        _begun.add(self)

    def _begin_anew(self) -> None:
        if self.epoch == self._given:
            self.epoch = self._given = _new_epoch()

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


def _begin_anew() -> None:
    """This process is a fork of another one: a worker, say, and what has just begun is another life of each feed."""
    global _newest_epoch  # noqa: PLW0603  # as above
    _newest_epoch = max(time.time_ns() // 1000, _newest_epoch) + (os.getpid() << 10)  # other workers begin now, too
    for log in list(_begun):
        log._begin_anew()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_begin_anew)
