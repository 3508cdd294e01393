"""`BrokerLog`: the log of a broker as the memory of a feed."""

from __future__ import annotations

from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from itertools import islice
from typing import Any, Final, TypeVar

import anyio

from flowws._core import Waiter, new_waiter
from flowws.brokers import BrokeredSharedFlow, BrokerUnavailableError, Gap, GapReason, Reconnecting
from flowws.feeds._position import Position

from ._feed_log import SharedLog
from ._interruption import Interruption

T = TypeVar("T")
R = TypeVar("R")

CHUNK: Final = 128
"""Updates that are read from the broker at once."""

PAUSE: Final = 0.1
"""Seconds before a broker that is away is asked again, at least."""

KNOWN: Final = frozenset((GapReason.TRIMMED, GapReason.UNREADABLE))
"""Why updates may be missing in a log that goes on."""


class BrokerLog(SharedLog[T]):
    """The positions of a feed are those of the broker's log, so a client may go on at any process that serves it.

    ::

        what clients missed:  | in the broker's log          | here |
                              trimmed      older: one read for all who ask   newest: at once

    As the feed hears the flow by a tap, this log is exactly where the feed is, and never ahead.
    """

    def __init__(self, flow: BrokeredSharedFlow[T], capacity: int) -> None:
        # Stored state
        self._flow: Final = flow
        self._kept: Final = deque[T](maxlen=capacity)
        self._known: Position | None = flow.position if flow.position.epoch else None  # None: not joined yet
        self._readings: dict[Position, _Reading] = {}
        self._waiting: dict[Waiter[None], None] = {}  # for this log to get further; in order
        self._is_closed = False

    @property
    def epoch(self) -> int:
        """That of the broker's log; 0 until the flow has joined it."""
        return 0 if self._known is None else self._known.epoch

    @property
    def head(self) -> int:
        """The offset of the newest update that was heard."""
        return 0 if self._known is None else self._known.offset

    # What is heard, in the midst of its emission: then the flow's position is that of the value

    def is_news(self, value: T | Gap) -> bool:
        """Whether this was not heard before: the flow begins with its replay."""
        return self._known is None or isinstance(value, Gap) or self._flow.position > self._known

    def interruption(self, value: T | Gap) -> Interruption | None:
        """Whether this does not simply follow what was heard before."""
        since, at = self._known, self._flow.position
        if isinstance(value, Gap):
            self._kept.clear()
            self._move_to(at)
            return None if since is None else Interruption(since, at, value.reason in KNOWN)
        before = Position(at.epoch, at.offset - 1)
        if since is None or since == before:
            return None
        if since.offset != before.offset:  # the flow's own policy has dropped something
            self._kept.clear()
        return Interruption(since, before, is_known=True)

    def append(self, value: T) -> int:
        """Take it in; the oldest gives way."""
        self._kept.append(value)
        self._move_to(self._flow.position)
        return self.head

    def _move_to(self, position: Position) -> None:
        self._known = position
        if self._waiting:
            self._wake()

    def _wake(self) -> None:
        waiting, self._waiting = self._waiting, {}
        for each in waiting:
            if not each.done():
                each.set_result(None)

    def close(self) -> None:
        """Nothing more will be heard."""
        self._is_closed = True
        self._wake()

    # What is asked

    async def locate(self, position: Position | None) -> Position | None:
        """What this position is called today, once this process has got as far."""
        joined = await self._flow.ready()
        if self._known is None:
            self._known = joined  # nothing was heard since
        while position is not None and not self._is_closed:
            asked, known = position, self._known
            found = await self._insist(lambda: self._flow.resolve(asked))  # noqa: B023  # awaited at once
            if found is None:
                return None
            while self._known < found and not self._is_closed:
                await self._move()
            if self._known.epoch == found.epoch:
                return found
            if self._known == known and not self._is_closed:  # the log has gone back, which is still to be heard here
                await self._move()
        return None

    async def _move(self) -> None:
        """Wait until this log gets further, or is closed."""
        waiter: Waiter[None] = new_waiter()
        self._waiting[waiter] = None
        try:
            await waiter
        finally:
            self._waiting.pop(waiter, None)  # it may have been cancelled

    async def read(self, after: int, limit: int) -> Sequence[tuple[int, T]] | None:
        """The updates behind an offset; those that are not here any more are read from the broker."""
        oldest = self.head - len(self._kept)  # the one before the first that is kept
        if after < oldest:
            return (await self._read_once(Position(self.epoch, after)))[:limit] or None
        kept = islice(self._kept, after - oldest, after - oldest + limit)
        return list(enumerate(kept, start=after + 1))

    async def _read_once(self, after: Position) -> list[tuple[int, Any]]:
        """From the broker. Clients come back together, after a restart, and ask for the same: one asks for all."""
        reading = self._readings.setdefault(after, _Reading())
        reading.readers += 1
        try:
            async with reading.turn:
                if reading.updates is not None:
                    return reading.updates
                reading.updates = updates = await self._insist(lambda: self._read(after))
                return updates
        finally:
            reading.readers -= 1
            if not reading.readers and self._readings.get(after) is reading:
                del self._readings[after]

    async def _read(self, after: Position) -> list[tuple[int, T]]:
        """As far as the log goes on in this epoch."""
        updates: list[tuple[int, T]] = []
        for each in await self._flow.history(after, CHUNK):
            if isinstance(each, Gap) or each[0].epoch > after.epoch:
                break
            updates.append((each[0].offset, each[1]))
        return updates

    async def _insist(self, ask: Callable[[], Awaitable[R]]) -> R:
        """Ask until the broker is there."""
        while True:
            try:
                return await ask()
            except BrokerUnavailableError:
                if self._is_closed:
                    raise
                await anyio.sleep(PAUSE)
                await self._flow.broker_status.first(lambda status: not isinstance(status, Reconnecting))

    def __repr__(self) -> str:
        return f"<BrokerLog {self.epoch}-{self.head}, {len(self._kept)} kept>"


class _Reading:
    """What is read for several who ask for the same."""

    __slots__ = ("readers", "turn", "updates")

    def __init__(self) -> None:
        self.readers = 0
        self.turn: Final = anyio.Lock()
        self.updates: list[tuple[int, Any]] | None = None
