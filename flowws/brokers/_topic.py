"""`Topic`: the log of one topic, which is all that a backend has to offer."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol, runtime_checkable

from ._entry import Entry, Gap
from ._position import Position


@runtime_checkable
class Topic(Protocol):
    """The log of one topic: bytes, in one order for everybody.

    Everything else (values, buffers, attempts, flows) is made of these five methods. Whatever cannot be reached raises
    `BrokerUnavailableError`, and is asked again; any other `BrokerError` is final. Each of them can be cancelled.

    `flowws.testing.check_broker` checks one of your own.
    """

    async def publish(self, payloads: Sequence[bytes], *, producer: str, first_seq: int) -> Position:
        """Append in this order, without those that are in already; the position behind the last of them.

        The payloads have the numbers from `first_seq` on, which this producer gives to no others. After a
        `BrokerUnavailableError` they may be in or not: asking again with the same numbers is right in both cases.
        """
        ...

    async def read(self, after: Position, *, limit: int, wait: float) -> Sequence[Entry | Gap]:
        """What follows a position, the oldest first, at most `limit` entries; nothing if none comes for `wait` seconds.

        Where the log does not go on at `after`, or is broken in between, a `Gap` stands in front of the entry that
        follows. With ``wait=0`` it never keeps anybody else waiting.
        """
        ...

    async def tail(self, count: int) -> tuple[Position, Sequence[Entry]]:
        """The newest `count` entries, the oldest of them first, and the position behind them: where to go on reading.

        One step: nothing can come in between. A log that did not exist does so from now on.
        """
        ...

    async def compare_and_publish(self, expected: Position, payload: bytes) -> Position | None:
        """Append if the newest entry is at `expected`, and say where it is now. None: the log has moved on."""
        ...

    async def resolve(self, position: Position) -> Position | None:
        """What a position of an earlier life of the log is called today, and one of today as it is.

        None: the log does not go on from there, as what was there has been lost. What is merely trimmed has a position
        all the same.
        """
        ...
