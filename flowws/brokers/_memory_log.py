"""`MemoryLog`: the log of one topic in the memory of this process."""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Sequence
from typing import Final

import anyio

from flowws._core import Waiter, loop_clock, new_waiter

from ._continuity import gaps_between, resolved, shared_until
from ._entry import Entry, Gap
from ._position import Position
from ._retention import Retention

_REMEMBERED: Final = 3600.0
"""Seconds for which it is known which numbers a producer has used."""

_SLACK: Final = 1024
"""So many entries may be gone from the log, and still stand in the list."""


class MemoryLog:
    """The entries of one topic, oldest first.

    Stored state: the entries, each with the moment of its coming, and how many of them, from the beginning of the list,
    are gone already; where the newest is; for each producer its last number, and when it came; who waits for more.
    """

    __slots__ = ("_chain", "_entries", "_gone", "_moments", "_newest", "_parked", "_producers")

    def __init__(self) -> None:
        self._newest = Position(time.time_ns() // 1_000_000, 0)
        self._chain = [self._newest]
        self._entries: list[Entry] = []
        self._moments: list[float] = []
        self._gone = 0
        self._producers: OrderedDict[str, tuple[int, float]] = OrderedDict()
        self._parked: dict[Waiter[None], None] = {}

    @property
    def newest(self) -> Position:
        """Behind the newest entry."""
        return self._newest

    def append(self, payloads: Sequence[bytes], producer: str, first_seq: int, retention: Retention) -> Position:
        """Take in what is not in yet; behind which position it is now."""
        now = loop_clock()()
        while self._producers and next(iter(self._producers.values()))[1] < now - _REMEMBERED:
            self._producers.popitem(last=False)
        last = self._producers.get(producer, (0, now))[0]
        known = max(0, last + 1 - first_seq)
        self._producers[producer] = max(last, first_seq + len(payloads) - 1), now
        self._producers.move_to_end(producer)
        for payload in payloads[known:] if known else payloads:
            self._put(payload, now)
        self.trim(retention)
        return self._newest

    def append_one(self, payload: bytes, retention: Retention) -> Position:
        """Take in an entry of nobody's."""
        self._put(payload, loop_clock()())
        self.trim(retention)
        return self._newest

    def _put(self, payload: bytes, now: float) -> None:
        epoch, offset = self._newest
        self._newest = position = Position(epoch, offset + 1)
        self._entries.append(Entry(position, payload))
        self._moments.append(now)
        if self._parked:
            parked, self._parked = self._parked, {}
            for waiter in parked:
                if not waiter.done():
                    waiter.set_result(None)

    def trim(self, retention: Retention) -> None:
        """Let go what is not to be kept any longer."""
        entries = self._entries
        gone = max(self._gone, len(entries) - retention.max_len)
        age = retention.seconds
        if age is not None:
            oldest = loop_clock()() - age
            while gone < len(entries) and self._moments[gone] <= oldest:
                gone += 1
        if gone > _SLACK and gone > len(entries) // 2:
            del entries[:gone], self._moments[:gone]
            gone = 0
        self._gone = gone

    def tail(self, count: int) -> Sequence[Entry]:
        """The newest, oldest first."""
        return self._entries[max(self._gone, len(self._entries) - count) :] if count else ()

    def behind(self, after: Position, limit: int) -> list[Entry | Gap]:
        """What there is now behind a position."""
        if after == self._newest:
            return []
        shared = shared_until(after, self._newest, self._chain)
        oldest = self._newest.offset - (len(self._entries) - self._gone)  # behind which those begin that are kept
        if shared is None:  # another log: what is newer than that position
            newer = (each.offset for each in self._chain if each > after)
            begin = max(next(newer, self._newest.offset), oldest)
        else:
            begin = max(shared.offset, oldest)
        first = self._gone + begin - oldest
        following = self._entries[first : first + limit]
        to = Position(following[0].position.epoch, begin) if following else self._newest
        return [*gaps_between(after, to, self._chain), *following]

    def resolve(self, position: Position) -> Position | None:
        """What it is called now."""
        return resolved(position, self._newest, self._chain)

    async def wait_for_more(self, wait: float) -> None:
        """Wait until something has come, but not longer than so many seconds."""
        waiter: Waiter[None] = new_waiter()
        self._parked[waiter] = None
        try:
            with anyio.move_on_after(wait):
                await waiter
        finally:
            self._parked.pop(waiter, None)
