"""`MemoryBroker`: a broker for one process, without a server."""

from __future__ import annotations

from collections.abc import Sequence

from flowws._core import Duration, checkpoint

from ._broker import Broker
from ._entry import Entry, Gap
from ._memory_log import MemoryLog
from ._position import Position
from ._retention import Retention


class MemoryBroker(Broker):
    """A broker in the memory of this process: for programs that have only one, and for tests.

    The same positions, gaps, replays and promises as any other, but the log ends with the process. Each flow that it
    gives out reads the log for itself, so that two of one topic are to each other what two processes are.

    >>> async def main():
    ...     async with MemoryBroker() as broker:
    ...         here, there = broker.shared_flow("news", str), broker.shared_flow("news", str)
    ...         start = await there.ready()
    ...         await here.emit("hello")
    ...         return await there.since(start).first()
    >>> run(main)
    'hello'
    """

    def __init__(self, *, flush_timeout: Duration = 5.0) -> None:
        super().__init__(flush_timeout=flush_timeout)
        self._logs: dict[str, MemoryLog] = {}

    async def _open(self) -> None:
        self._is_connected()

    def topic(self, name: str, retention: Retention = Retention()) -> MemoryTopic:  # noqa: B008  # it is frozen
        """The log of a topic, as bytes. It may be asked before the block is entered."""
        log = self._logs.get(name)
        if log is None:
            log = self._logs[name] = MemoryLog()
        return MemoryTopic(log, retention)

    def __repr__(self) -> str:
        return f"<MemoryBroker of {len(self._logs)} topics>"


class MemoryTopic:
    """A topic of a `MemoryBroker`."""

    __slots__ = ("_log", "_retention")

    def __init__(self, log: MemoryLog, retention: Retention) -> None:
        self._log = log
        self._retention = retention

    async def publish(self, payloads: Sequence[bytes], *, producer: str, first_seq: int) -> Position:
        """See `Topic.publish`."""
        await checkpoint()
        return self._log.append(payloads, producer, first_seq, self._retention)

    async def read(self, after: Position, *, limit: int, wait: float) -> Sequence[Entry | Gap]:
        """See `Topic.read`."""
        self._log.trim(self._retention)
        items = self._log.behind(after, limit)
        if items or wait <= 0:
            await checkpoint()
            return items
        await self._log.wait_for_more(wait)
        return self._log.behind(after, limit)

    async def tail(self, count: int) -> tuple[Position, Sequence[Entry]]:
        """See `Topic.tail`."""
        await checkpoint()
        self._log.trim(self._retention)
        return self._log.newest, self._log.tail(count)

    async def compare_and_publish(self, expected: Position, payload: bytes) -> Position | None:
        """See `Topic.compare_and_publish`."""
        await checkpoint()
        return self._log.append_one(payload, self._retention) if self._log.newest == expected else None

    async def resolve(self, position: Position) -> Position | None:
        """See `Topic.resolve`."""
        await checkpoint()
        return self._log.resolve(position)

    def __repr__(self) -> str:
        return f"<MemoryTopic at {self._log.newest}>"
