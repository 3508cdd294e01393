"""`check_broker` passes a sound broker, and names what is wrong with one that is not."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from flowws.brokers import Entry, Gap, MemoryBroker, Position, Retention
from flowws.brokers._memory_broker import MemoryTopic
from flowws.testing import check_broker


class NumbersForgotten(MemoryTopic):
    """Takes everything that is published for new."""

    _calls = 0

    async def publish(self, payloads: Sequence[bytes], *, producer: str, first_seq: int) -> Position:
        NumbersForgotten._calls += 1
        return await super().publish(payloads, producer=f"{producer} {NumbersForgotten._calls}", first_seq=first_seq)


class Swapped(MemoryTopic):
    """Gives the newest first."""

    async def read(self, after: Position, *, limit: int, wait: float) -> Sequence[Entry | Gap]:
        return (await super().read(after, limit=limit, wait=wait))[::-1]


class Silent(MemoryTopic):
    """Tells nobody what is missing."""

    async def read(self, after: Position, *, limit: int, wait: float) -> Sequence[Entry | Gap]:
        items = await super().read(after, limit=limit, wait=wait)
        return [item for item in items if isinstance(item, Entry)]


class Boundless(MemoryTopic):
    """Gives more than it was asked for."""

    async def read(self, after: Position, *, limit: int, wait: float) -> Sequence[Entry | Gap]:
        return await super().read(after, limit=100_000, wait=wait)


class Impatient(MemoryTopic):
    """Never waits."""

    async def read(self, after: Position, *, limit: int, wait: float) -> Sequence[Entry | Gap]:
        return await super().read(after, limit=limit, wait=0)


class AlwaysWon(MemoryTopic):
    """Compares nothing."""

    async def compare_and_publish(self, expected: Position, payload: bytes) -> Position | None:
        return await super().compare_and_publish(self._log.newest, payload)


class Hoarding(MemoryTopic):
    """Keeps everything."""

    def __init__(self, log: object, retention: Retention) -> None:
        super().__init__(log, Retention(1_000_000, None))  # type: ignore[arg-type]  # it is one


class Optimistic(MemoryTopic):
    """Knows every position."""

    async def resolve(self, position: Position) -> Position | None:
        return position


async def test_a_sound_broker_passes() -> None:
    await check_broker(MemoryBroker)


@pytest.mark.parametrize(
    ("kind", "promise"),
    [
        (NumbersForgotten, "publishing again"),
        (Swapped, "read in the order"),
        (Silent, "trimmed is told"),
        (Boundless, "as many entries as were asked for"),
        (Impatient, "woken by the next entry"),
        (AlwaysWon, "one wins"),
        (Hoarding, "trimmed is told"),
        (Optimistic, "one of another log is unknown"),
    ],
)
async def test_a_broken_promise_is_named(kind: type[MemoryTopic], promise: str) -> None:
    class Broken(MemoryBroker):
        def topic(self, name: str, retention: Retention = Retention()) -> MemoryTopic:  # noqa: B008  # it is frozen
            return kind(super().topic(name, retention)._log, retention)

    with pytest.raises(AssertionError) as caught:
        await check_broker(Broken)
    assert promise in caught.value.__notes__[-1]
