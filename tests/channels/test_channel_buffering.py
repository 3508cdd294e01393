"""What a channel holds, and when a sender waits. Facts K1 to K14."""

from __future__ import annotations

import tracemalloc
from typing import Any

import pytest

from flowws import BufferOverflow, Channel, ChannelResult, coroutine_scope
from tests.core.observing import turns

SENT: ChannelResult[None] = ChannelResult.success(None)
DROP = [BufferOverflow.DROP_OLDEST, BufferOverflow.DROP_LATEST]


async def send_all(channel: Channel[int], count: int, log: list[int]) -> None:
    for number in range(1, count + 1):
        await channel.send(number)
        log.append(number)


async def sends_before_parking(channel: Channel[int], receivers: int = 0) -> int:
    """How many sends one task gets done."""
    sent: list[int] = []
    async with coroutine_scope() as scope:
        for _ in range(receivers):
            scope.launch(channel.receive)
        await turns()
        sender = scope.launch(send_all, channel, 100, sent)
        await turns()
        sender.cancel()
    return len(sent)


async def test_k1_rendezvous_send_parks_until_a_receiver_takes_the_element() -> None:
    channel = Channel[int]()
    sent: list[int] = []
    async with coroutine_scope() as scope:
        scope.launch(send_all, channel, 1, sent)
        await turns()
        assert sent == []
        assert await channel.receive() == 1
        await turns()
        assert sent == [1]


async def test_k1_rendezvous_send_to_a_parked_receiver_does_not_park() -> None:
    channel = Channel[int]()
    async with coroutine_scope() as scope:
        receiver = scope.async_(channel.receive)
        await turns()
        sending = channel.send(7)
        with pytest.raises(StopIteration):
            sending.send(None)  # a single step
        assert await receiver == 7


async def test_k2_rendezvous_try_send_needs_a_parked_receiver() -> None:
    channel = Channel[int]()
    failed = channel.try_send(1)
    assert failed.is_failure
    assert not failed.is_closed
    async with coroutine_scope() as scope:
        receiver = scope.async_(channel.receive)
        await turns()
        assert channel.try_send(2) == SENT
        assert channel.try_send(3).is_failure
    assert receiver.get_completed() == 2


async def test_k2_rendezvous_try_receive_needs_a_parked_sender() -> None:
    channel = Channel[int]()
    assert channel.try_receive() == ChannelResult.failure()
    async with coroutine_scope() as scope:
        scope.launch(channel.send, 5)
        await turns()
        assert channel.try_receive() == ChannelResult.success(5)
    assert channel.try_receive().is_failure


@pytest.mark.parametrize("capacity", [1, 2, 5])
async def test_k3_n_sends_complete_without_a_receiver(capacity: int) -> None:
    assert await sends_before_parking(Channel[int](capacity)) == capacity


async def test_k3_the_oldest_parked_sender_moves_up_at_once() -> None:
    channel = Channel[int](1)
    async with coroutine_scope() as scope:
        for number in range(1, 4):
            scope.launch(channel.send, number)
            await turns()  # park them in this order
        assert channel.try_receive() == ChannelResult.success(1)
        assert channel.try_send(9).is_failure  # never a free slot with a parked sender
        assert [await channel.receive() for _ in range(2)] == [2, 3]
    assert channel.is_empty


@pytest.mark.parametrize("capacity", [0, 1, 3])
async def test_k4_a_parked_receiver_makes_room_for_one_more(capacity: int) -> None:
    assert await sends_before_parking(Channel[int](capacity), receivers=1) == capacity + 1


@pytest.mark.parametrize("overflow", list(BufferOverflow))
async def test_k5_unlimited_never_parks_and_ignores_the_policy(overflow: BufferOverflow) -> None:
    channel = Channel[int](Channel.UNLIMITED, overflow)
    for number in range(1000):
        await channel.send(number)
    channel.close()
    assert await channel.to_list() == list(range(1000))


@pytest.mark.parametrize("overflow", DROP)
def test_k6_conflated_has_a_policy_of_its_own(overflow: BufferOverflow) -> None:
    with pytest.raises(ValueError, match="CONFLATED"):
        Channel[int](Channel.CONFLATED, overflow)


@pytest.mark.parametrize("make", [lambda: Channel[int](Channel.CONFLATED), lambda: Channel[int](1, DROP[0])])
async def test_k6_conflated_is_one_slot_that_drops_the_oldest(make: Any) -> None:
    channel: Channel[int] = make()
    for number in range(1, 5):
        await channel.send(number)
    assert channel.try_receive() == ChannelResult.success(4)
    assert channel.is_empty


async def test_k7_conflated_try_send_succeeds_and_a_parked_receiver_gets_the_first() -> None:
    channel = Channel[int](Channel.CONFLATED)
    async with coroutine_scope() as scope:
        first = scope.async_(channel.receive)
        await turns()
        assert [channel.try_send(number) for number in (3, 4, 5, 6)] == [SENT] * 4
        assert await first == 3
        assert await channel.receive() == 6
    channel.close()
    assert channel.try_send(7).is_closed


async def test_k8_closing_a_conflated_channel_keeps_the_last_element() -> None:
    channel = Channel[int](Channel.CONFLATED)
    await channel.send(1)
    await channel.send(2)
    channel.close()
    assert not channel.is_closed_for_receive
    assert [element async for element in channel] == [2]
    assert channel.is_closed_for_receive


@pytest.mark.parametrize("capacity", [Channel.RENDEZVOUS, Channel.BUFFERED])
@pytest.mark.parametrize(("overflow", "kept"), [(DROP[0], 3), (DROP[1], 1)])
async def test_k9_no_or_default_capacity_with_drop_is_one_slot(
    capacity: int, overflow: BufferOverflow, kept: int
) -> None:
    channel = Channel[int](capacity, overflow)
    for number in range(1, 4):
        await channel.send(number)
    channel.close()
    assert await channel.to_list() == [kept]


@pytest.mark.parametrize(("overflow", "kept"), [(DROP[0], [3, 4]), (DROP[1], [1, 2])])
@pytest.mark.parametrize("trying", [True, False])
async def test_k10_all_sends_report_success_and_one_end_is_dropped(
    overflow: BufferOverflow, kept: list[int], trying: bool
) -> None:
    channel = Channel[int](2, overflow)
    for number in range(1, 5):
        if trying:
            assert channel.try_send(number) == SENT
        else:
            await channel.send(number)
    channel.close()
    assert await channel.to_list() == kept


async def test_k11_buffered_is_64() -> None:
    assert await sends_before_parking(Channel[int](Channel.BUFFERED)) == 64


@pytest.mark.parametrize("capacity", [-3, -100])
def test_k12_a_smaller_capacity_is_refused(capacity: int) -> None:
    with pytest.raises(ValueError, match=str(capacity)):
        Channel[int](capacity)


@pytest.mark.parametrize("capacity", ["1", 1.0, None, True])
def test_a_capacity_that_is_no_number_is_refused(capacity: Any) -> None:
    with pytest.raises(TypeError, match="capacity"):
        Channel[int](capacity)


def test_a_policy_that_is_none_is_refused() -> None:
    with pytest.raises(TypeError, match="on_buffer_overflow"):
        Channel[int](1, "drop_oldest")  # type: ignore[arg-type]  # the mistake under test


def test_k13_a_huge_capacity_costs_nothing_until_used() -> None:
    tracemalloc.start()
    try:
        channels = [Channel[int](2**30) for _ in range(1000)]
        size, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert size / len(channels) < 4096


class Hostile:
    """An element that will not be compared, hashed or asked whether it is true."""

    def __eq__(self, other: object) -> bool:
        raise AssertionError("compared")

    def __bool__(self) -> bool:
        raise AssertionError("asked")

    def __len__(self) -> int:
        raise AssertionError("measured")

    __hash__ = None  # type: ignore[assignment]  # as hostile as can be


@pytest.mark.parametrize("element", [None, ..., False, NotImplemented, StopAsyncIteration(), Hostile()])
@pytest.mark.parametrize("capacity", [Channel.RENDEZVOUS, 1, Channel.CONFLATED, Channel.UNLIMITED])
async def test_k14_anything_is_an_ordinary_element(element: object, capacity: int) -> None:
    channel = Channel[object](capacity)
    async with coroutine_scope() as scope:
        for take in (channel.receive, channel.__anext__):
            scope.launch(channel.send, element)
            assert await take() is element
        taken = scope.async_(channel.receive_catching)
        await turns()
        assert channel.try_send(element).is_success
        assert (await taken).get_or_raise() is element
        receiver = scope.async_(channel.receive)
        await turns()
        await channel.send(element)
        assert await receiver is element
    channel.cancel()


async def test_k14_a_hostile_element_of_a_cancelled_sender_is_found_without_comparing() -> None:
    channel = Channel[Hostile]()
    async with coroutine_scope() as scope:
        kept = Hostile()
        other = scope.launch(channel.send, kept)
        await turns()
        cancelled = scope.launch(channel.send, Hostile())
        await turns()
        await cancelled.cancel_and_join()
        assert await channel.receive() is kept
        await other.join()
    assert channel.is_empty


def test_the_repr_tells_state_and_fill() -> None:
    channel = Channel[int](2)
    channel.try_send(1)
    assert repr(channel) == "<Channel open, 1 of 2 buffered, 0 sending, 0 receiving>"
    channel.close()
    assert "closed" in repr(channel)
    channel.cancel()
    assert "cancelled" in repr(channel)
    assert "unlimited" in repr(Channel[int](Channel.UNLIMITED))


def test_a_channel_needs_no_loop_while_nobody_has_to_wait() -> None:
    channel = Channel[int](1)
    assert channel.try_send(1) == SENT
    assert channel.close()
    assert channel.try_receive() == ChannelResult.success(1)
