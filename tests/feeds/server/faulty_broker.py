"""A broker whose log meets with everything that may befall one, when a test says so."""

from __future__ import annotations

from collections.abc import Sequence

import anyio
from anyio.lowlevel import checkpoint

from flowws import MutableStateFlow
from flowws.brokers import (
    Broker,
    BrokerUnavailableError,
    Entry,
    Gap,
    GapReason,
    Position,
    Reconnecting,
    Retention,
    gaps_between,
    resolved,
)

EPOCH = 1795245816711


class FaultyLog:
    """The log of a topic, as a server has it that is restarted, forgets and goes back."""

    def __init__(self) -> None:
        self.entries: list[Entry] = []
        self.chain = [Position(EPOCH, 0)]
        self.newest = self.chain[0]
        self.reads = 0
        """How often somebody has asked for what is old."""
        self._saved: tuple[list[Entry], list[Position], Position] = ([], list(self.chain), self.newest)
        self._is_restarted = False
        self._epochs = EPOCH  # the last that was given
        self.version = MutableStateFlow(0)

    def append(self, *payloads: bytes) -> Position:
        if self._is_restarted:
            self._is_restarted = False
            self._epochs += 1
            self.newest = Position(self._epochs, self.newest.offset)
            self.chain = [*self.chain, self.newest]
        for payload in payloads:
            self.newest = Position(self.newest.epoch, self.newest.offset + 1)
            self.entries.append(Entry(self.newest, payload))
        self.version.value += 1
        return self.newest

    # What befalls it; readers notice with the next entry

    def restart(self) -> None:
        """Nothing is lost, but the next entry is of another epoch."""
        self._is_restarted = True

    def save(self) -> None:
        self._saved = (list(self.entries), list(self.chain), self.newest)

    def roll_back(self) -> None:
        """To what was saved."""
        self.entries, self.chain, self.newest = list(self._saved[0]), list(self._saved[1]), self._saved[2]
        self._is_restarted = True

    def reset(self) -> None:
        """Everything is lost."""
        self._epochs += 1
        self.entries, self.newest = [], Position(self._epochs, 0)
        self.chain = [self.newest]
        self._is_restarted = False

    def trim(self, kept: int) -> None:
        self.entries = self.entries[len(self.entries) - kept :]

    # What is asked

    def behind(self, after: Position, limit: int) -> list[Entry | Gap]:
        oldest = self.newest.offset - len(self.entries)
        gaps: Sequence[Gap] = ()
        start = after.offset
        if resolved(after, self.newest, self.chain) is None:
            first = gaps_between(after, Position(self.newest.epoch, 0), self.chain)[0]
            start = first.resumed.offset if first.reason is GapReason.ROLLBACK else 0
        start = max(start, oldest)
        here = Position(self.newest.epoch, start)
        if self.newest.offset > start:
            gaps = gaps_between(after, here, self.chain)
        first_kept = start - oldest
        return [*gaps, *self.entries[first_kept : first_kept + limit]]


class FaultyTopic:
    """The log, as a process sees it."""

    def __init__(self, broker: FaultyBroker, log: FaultyLog) -> None:
        self._broker = broker
        self._log = log

    async def publish(self, payloads: Sequence[bytes], *, producer: str, first_seq: int) -> Position:
        await self._broker.reach()
        return self._log.append(*payloads)

    async def read(self, after: Position, *, limit: int, wait: float) -> Sequence[Entry | Gap]:
        await self._broker.reach()
        if not wait:
            self._log.reads += 1
            await anyio.sleep(0.01)
            await self._broker.reach()
            return self._log.behind(after, limit)
        version = self._log.version.value
        while not (self._broker.is_heard and (items := self._log.behind(after, limit))):
            version = await self._log.version.first(lambda each, before=version: each != before)
            await self._broker.reach()
        return items

    async def tail(self, count: int) -> tuple[Position, Sequence[Entry]]:
        await self._broker.reach()
        return self._log.newest, self._log.entries[len(self._log.entries) - count :] if count else ()

    async def compare_and_publish(self, expected: Position, payload: bytes) -> Position | None:
        await self._broker.reach()
        return self._log.append(payload) if self._log.newest == expected else None

    async def resolve(self, position: Position) -> Position | None:
        await self._broker.reach()
        return resolved(position, self._log.newest, self._log.chain)


class FaultyBroker(Broker):
    """One process's broker; several may have the same log."""

    def __init__(self, log: FaultyLog) -> None:
        super().__init__()
        self.log = log
        self.is_away = False
        self.is_heard = True
        """Whether this process gets to read what comes."""

    def topic(self, name: str, retention: Retention = Retention()) -> FaultyTopic:  # noqa: B008  # it is frozen
        return FaultyTopic(self, self.log)

    async def _open(self) -> None:
        self._is_connected()

    async def reach(self) -> None:
        await checkpoint()
        if self.is_away:
            raise BrokerUnavailableError("away")

    def go_away(self) -> None:
        self.is_away = True
        self._is_reconnecting(Reconnecting(0.0, 1, OSError("away")))

    def come_back(self) -> None:
        self.is_away = False
        self._is_connected()
        self.log.version.value += 1

    def hear(self, *, is_heard: bool = True) -> None:
        self.is_heard = is_heard
        self.log.version.value += 1

    def __repr__(self) -> str:
        return "<FaultyBroker>"
