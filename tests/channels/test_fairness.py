"""First come, first served. Facts K57 and K58."""

from __future__ import annotations

import pytest

from flowws import Channel, coroutine_scope
from tests.core.observing import turns


async def test_k57_parked_receivers_are_served_in_the_order_in_which_they_came() -> None:
    channel = Channel[int]()
    got: dict[str, int] = {}

    async def receive(name: str) -> None:
        got[name] = await channel.receive()

    async with coroutine_scope() as scope:
        for name in "abc":
            scope.launch(receive, name)
            await turns()
        for number in (1, 2, 3):
            await channel.send(number)
    assert got == {"a": 1, "b": 2, "c": 3}


@pytest.mark.parametrize("capacity", [0, 2])
async def test_k57_parked_senders_are_served_in_the_order_in_which_they_came(capacity: int) -> None:
    channel = Channel[int](capacity)
    async with coroutine_scope() as scope:
        for number in range(6):
            scope.launch(channel.send, number)
            await turns()
        assert [await channel.receive() for _ in range(6)] == list(range(6))


async def test_k58_a_later_receiver_cannot_overtake_within_the_same_turn() -> None:
    channel = Channel[int](5)
    got: dict[str, int] = {}

    async def receive(name: str) -> None:
        got[name] = await channel.receive()

    async with coroutine_scope() as scope:
        scope.launch(receive, "parked")
        await turns()
        channel.try_send(1)
        late = channel.try_receive()  # the element is on its way to the parked one
        assert late.is_failure
        channel.try_send(2)
        assert await channel.receive() == 2
    assert got == {"parked": 1}


async def test_k58_a_later_sender_cannot_overtake_a_parked_one() -> None:
    channel = Channel[int](1)
    async with coroutine_scope() as scope:
        channel.try_send(1)
        scope.launch(channel.send, 2)
        await turns()
        assert await channel.receive() == 1
        assert channel.try_send(3).is_failure
        assert await channel.receive() == 2


async def test_a_producer_and_a_consumer_take_turns_in_batches() -> None:
    """K4: with capacity n a producer runs ahead by what the buffer and one parked receiver take."""
    channel = Channel[int](2)
    log: list[str] = []

    async def consume() -> None:
        async for element in channel:
            log.append(f"got {element}")  # noqa: PERF401  # one by one, as they come

    async with coroutine_scope() as scope:
        scope.launch(consume)
        await turns()
        for number in range(8):
            await channel.send(number)
            log.append(f"sent {number}")
        channel.close()
    assert log[:3] == ["sent 0", "sent 1", "sent 2"]
    assert [entry for entry in log if entry.startswith("got")] == [f"got {number}" for number in range(8)]
    for position, entry in enumerate(log):
        sent = sum(other.startswith("sent") for other in log[: position + 1])
        assert sent - (position + 1 - sent) <= 4, entry


async def test_no_producer_starves() -> None:
    channel = Channel[str]()

    async def produce(name: str) -> None:
        for _ in range(50):
            await channel.send(name)

    async with coroutine_scope() as scope:
        scope.launch(produce, "a")
        scope.launch(produce, "b")
        seen = [await channel.receive() for _ in range(100)]
    assert min(seen[:50].count(name) for name in "ab") >= 15
