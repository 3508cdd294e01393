"""A topic on trial: what the promises of `_broker_promises` have in hand."""

from __future__ import annotations

from collections.abc import Sequence
from secrets import token_hex

from flowws._core import CoroutineScope
from flowws.brokers import Broker, Entry, Gap, Position, Retention, Topic

LOT = Retention(1_000_000, 600.0)
"""Keeps everything that is published here."""


class BrokerTrial:
    """A broker whose block has been entered, a topic of it that nobody else uses, and a scope."""

    def __init__(self, broker: Broker, scope: CoroutineScope) -> None:
        self.broker = broker
        self.scope = scope
        self.name = f"check-{token_hex(8)}"
        self.topic: Topic = broker.topic(self.name, LOT)
        self.producer = token_hex(8)
        self.written = 0

    def again(self, retention: Retention = LOT) -> Topic:
        """The same topic, as another process has it."""
        return self.broker.topic(self.name, retention)

    async def write(self, *payloads: bytes, topic: Topic | None = None) -> Position:
        """Publish with the numbers that come next."""
        first, self.written = self.written + 1, self.written + len(payloads)
        return await (topic or self.topic).publish(payloads, producer=self.producer, first_seq=first)


async def read_on(topic: Topic, after: Position, count: int, *, limit: int = 100) -> list[Entry]:
    """The next `count` entries, none of which is missing, and at which offsets they have to be."""
    entries: list[Entry] = []
    while len(entries) < count:
        items = await topic.read(after, limit=limit, wait=5.0)
        assert items, f"{count - len(entries)} entries behind {after} do not come"
        assert len(items) <= limit, f"more than {limit} entries at once"
        for item in items:
            assert isinstance(item, Entry), f"nothing is missing, but there is {item}"
            assert item.position == Position(item.position.epoch, after.offset + 1), (
                f"behind {after} comes {item.position}"
            )
            entries.append(item)
            after = item.position
    assert len(entries) == count, "there are more entries than were published"
    return entries


def payloads_of(entries: Sequence[Entry | Gap]) -> list[bytes]:
    """What the entries say."""
    return [entry.payload for entry in entries if isinstance(entry, Entry)]


def numbered(count: int, prefix: bytes = b"") -> list[bytes]:
    """Payloads that are all different."""
    return [b"%s%d" % (prefix, number) for number in range(count)]
