"""`RedisTopic`: the log of a topic, as a Redis stream."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from typing import Final

import anyio

from flowws.brokers._continuity import Chain, gaps_between, resolved
from flowws.brokers._entry import Entry, Gap
from flowws.brokers._position import Position
from flowws.brokers._retention import Retention

from ._keeper import Keeper
from ._link import Link
from ._reader import Raw, position_of
from ._scripts import APPEND, COMPARE, LOOK, TAIL

_log: Final = logging.getLogger("flowws.brokers")

_PRODUCER: Final = 3_600_000
"""For so many milliseconds after its last entry a producer is known."""

_SOON: Final = 0.05
_NOT_SO_SOON: Final = 1.0
_AGAIN: Final = 10.0
"""After so many seconds without news a reader looks whether the log is still what it was: on a new link, where there
has been news before, and where there was none.
"""

_LONGEST: Final = 10**14
"""More milliseconds are for ever."""


class RedisTopic:
    """The log of a topic, as a Redis stream: an entry at position 1795245816711-42 has this as its id.

    Two keys belong to it, ``{prefix:name}`` and ``{prefix:name}:meta``, and one for each producer, all in one slot of a
    cluster. `log.lua` says what is in them. Each method is one command or one script, hence one step, but for `read`,
    which looks at the meta where the log does not simply go on.
    """

    __slots__ = ("_chain", "_keeper", "_kept", "_key", "_keys", "_looked", "lost", "name", "repeated", "retention")

    def __init__(self, keeper: Keeper, prefix: str, name: str, retention: Retention) -> None:
        self.name: Final = name
        self.retention: Final = retention
        self._keeper = keeper
        self._key = f"{{{prefix}:{name}}}".encode()
        self._keys = (self._key, self._key + b":meta")
        age = retention.seconds
        self._kept = (retention.max_len, 0 if age is None else max(1, min(round(age * 1000), _LONGEST)))
        # Stored state
        self._chain: Chain = ()
        self._looked: tuple[Link, Position, float] | None = None  # in silence: on which link, from where, and when
        self.repeated: int = 0
        """How many entries were asked for again which the log had already."""
        self.lost: int = 0
        """How many entries that were written here the server has lost although it had acknowledged them."""

    # Writing

    async def publish(self, payloads: Sequence[bytes], *, producer: str, first_seq: int) -> Position:
        if not payloads:
            return (await self.tail(0))[0]
        keys = (*self._keys, self._key + b":producer:" + producer.encode())
        written = await self._keeper.write(APPEND, keys, *self._kept, first_seq, _PRODUCER, *payloads)
        epoch, offset, repeated, lost = map(int, written)
        self.repeated += repeated
        if lost:
            self.lost += lost
            _log.warning("the server has lost %d entries of %r which it had acknowledged", lost, self.name)
        return Position(epoch, offset)

    async def compare_and_publish(self, expected: Position, payload: bytes) -> Position | None:
        found = await self._keeper.write(COMPARE, self._keys, *self._kept, *expected, payload)
        return None if found is None else Position(int(found[0]), int(found[1]))

    # Reading

    async def tail(self, count: int) -> tuple[Position, Sequence[Entry]]:
        epoch, offset, chain, newest = await self._keeper.link.run(TAIL, self._keys, *self._kept, count)
        self._chain = _chain(chain)
        return Position(int(epoch), int(offset)), [Entry(position_of(id), fields[1]) for id, fields in reversed(newest)]

    async def resolve(self, position: Position) -> Position | None:
        head, _ = await self._look(self._keeper.link, position)
        return resolved(position, head, self._chain)

    async def read(self, after: Position, *, limit: int, wait: float) -> Sequence[Entry | Gap]:
        if wait > 0:
            return await self._wait(after, limit, wait)
        link = self._keeper.link
        at = await self._standing(link, after)
        raw: Raw = await link.ask(b"XRANGE", self._key, f"({at}", b"+", b"COUNT", limit)
        return await (self._entries(link, at, raw) if raw else self._gaps_in_silence(link, at))

    async def _wait(self, after: Position, limit: int, wait: float) -> Sequence[Entry | Gap]:
        end = anyio.current_time() + wait
        while True:
            link = self._keeper.link
            at = await self._standing(link, after)
            now = anyio.current_time()
            look_at = self._look_at(link, at, now)
            raw = await link.reader.wait(self._key, at, limit, min(end, look_at) - now)
            if raw:
                return await self._entries(link, at, raw)
            now = anyio.current_time()
            if now >= look_at:
                gaps = await self._gaps_in_silence(link, at)
                if gaps:
                    return gaps
            if now >= end:
                return ()

    def _look_at(self, link: Link, at: Position, now: float) -> float:
        """When to look at the log if nothing comes: soon on a new link; and again, so that it does not expire."""
        if self._looked is None or self._looked[0] is not link:
            return now + _SOON
        age = self._kept[1]
        again = max(_SOON, min(_AGAIN, age / 4000)) if age else _AGAIN
        return self._looked[2] + again if self._looked[1] == at else now + min(_NOT_SO_SOON, again)

    async def _look(self, link: Link, at: Position) -> tuple[Position, bool]:
        """Where the log is, and whether there is anything behind `at`."""
        epoch, offset, chain, behind = await link.run(LOOK, self._keys, *self._kept, str(at))
        self._chain = _chain(chain)
        return Position(int(epoch), int(offset)), bool(behind)

    async def _gaps_in_silence(self, link: Link, at: Position) -> Sequence[Gap]:
        """What is missing although nothing follows: the server has lost what this reader has seen, or all of it."""
        head, has_more = await self._look(link, at)
        gaps = () if has_more else gaps_between(at, head, self._chain)
        if not gaps:
            self._looked = link, at, anyio.current_time()
        return gaps

    async def _standing(self, link: Link, after: Position) -> Position:
        """The position in the epoch in which the entry at its offset was written: the ids of the stream say that."""
        if not self._knows(after.epoch):
            await self._look(link, after)
            if not self._knows(after.epoch):
                return after
        for begun in reversed(self._chain):
            if begun.epoch <= after.epoch and begun.offset <= after.offset:
                return after if begun.epoch == after.epoch else Position(begun.epoch, after.offset)
        return after

    def _knows(self, epoch: int) -> bool:
        return any(begun.epoch == epoch for begun in reversed(self._chain))

    async def _entries(self, link: Link, at: Position, raw: Raw) -> Sequence[Entry | Gap]:
        """The entries, and what is missing between them."""
        first, last = position_of(raw[0][0]), position_of(raw[-1][0])
        epoch, offset = at
        if first == (epoch, offset + 1) and last == (epoch, offset + len(raw)):
            # Nothing can be missing in between, as they are so many.
            return [Entry(Position(epoch, n), fields[1]) for n, (_, fields) in enumerate(raw, offset + 1)]
        if not self._knows(last.epoch):
            await self._look(link, at)
        found: list[Entry | Gap] = []
        for id, fields in raw:
            position = position_of(id)
            before = Position(position.epoch, position.offset - 1)
            if before != at:
                found += gaps_between(at, before, self._chain)
            found.append(Entry(position, fields[1]))
            at = position
        return found

    def __repr__(self) -> str:
        return f"<RedisTopic {self.name!r}>"


def _chain(words: bytes) -> Chain:
    """The chain that a script says: "epoch:offset epoch:offset ..."."""
    return tuple(Position(int(epoch), int(offset)) for epoch, offset in (word.split(b":") for word in words.split()))
