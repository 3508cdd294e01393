"""An element handed to a receiver that is cancelled. Facts K44 and K45, with flowws' stronger promise.

Deliberate difference: an element that was handed to a receiver which is cancelled before it resumes goes to the next
receiver, or back to the front of the channel. It is lost in no case.
"""

from __future__ import annotations

from collections.abc import Callable

import pytest

from flowws import (
    Channel,
    ChannelResult,
    Job,
    coroutine_scope,
)
from tests.core.observing import cancel_natively, turns


class Hook:
    """An ``on_undelivered_element`` that remembers, and raises for some."""

    def __init__(self, *bad: int) -> None:
        self.elements: list[int] = []
        self._bad = bad

    def __call__(self, element: int) -> None:
        self.elements.append(element)
        if element in self._bad:
            raise RuntimeError(f"hook for {element}")


async def receive_into(channel: Channel[int], into: list[int]) -> None:
    into.append(await channel.receive())


async def iterate_into(channel: Channel[int], into: list[int]) -> None:
    async for element in channel:
        into.append(element)
        return


async def catch_into(channel: Channel[int], into: list[int]) -> None:
    into.append((await channel.receive_catching()).get_or_raise())


INTERRUPTING = pytest.mark.parametrize("interrupt", [Job.cancel, cancel_natively])
Interrupt = Callable[[Job], object]
RECEIVING = pytest.mark.parametrize("receiving", [receive_into, iterate_into, catch_into])


async def handed_over_and_cancelled(
    channel: Channel[int], element: int, receiving: object, interrupt: Interrupt
) -> list[int]:
    """Hand `element` to a parked receiver, cancel that before it resumes; what it got all the same."""
    got: list[int] = []
    async with coroutine_scope() as scope:
        job = scope.launch(receiving, channel, got, name="first")  # type: ignore[arg-type]  # one of the three above
        await turns()
        assert channel.try_send(element).is_success
        interrupt(job)
    return got


@INTERRUPTING
@RECEIVING
@pytest.mark.parametrize("capacity", [Channel.RENDEZVOUS, 1, Channel.UNLIMITED])
async def test_k44_k45_an_element_handed_to_a_cancelled_receiver_goes_back_to_the_front(
    receiving: object, capacity: int, interrupt: Interrupt
) -> None:
    hook = Hook()
    channel = Channel[int](capacity, on_undelivered_element=hook)
    got = await handed_over_and_cancelled(channel, 1, receiving, interrupt)
    result = channel.try_receive()
    assert [*got, *([result.get_or_raise()] if result.is_success else [])] == [1]
    assert hook.elements == []
    assert channel.is_empty


@INTERRUPTING
async def test_k44_it_goes_to_the_next_receiver_where_one_is_parked(interrupt: Interrupt) -> None:
    channel = Channel[int]()
    first: list[int] = []
    second: list[int] = []
    async with coroutine_scope() as scope:
        job = scope.launch(receive_into, channel, first, name="first")
        await turns()
        other = scope.launch(receive_into, channel, second)
        await turns()
        channel.try_send(1)
        interrupt(job)
        await turns()
        if not second:  # trio, and a job's own cancellation: the first one has it
            assert first == [1]
            other.cancel()
    assert first + second == [1]


@INTERRUPTING
async def test_k44_it_comes_before_what_was_sent_later(interrupt: Interrupt) -> None:
    channel = Channel[int](2)
    got: list[int] = []
    async with coroutine_scope() as scope:
        job = scope.launch(receive_into, channel, got, name="first")
        await turns()
        for number in (1, 2, 3):
            channel.try_send(number)
        interrupt(job)
    channel.close()
    assert got + await channel.to_list() == [1, 2, 3]


@INTERRUPTING
async def test_k44_it_survives_a_close_in_between(interrupt: Interrupt) -> None:
    channel = Channel[int]()
    got: list[int] = []
    async with coroutine_scope() as scope:
        job = scope.launch(receive_into, channel, got, name="first")
        await turns()
        channel.try_send(1)
        channel.close()
        interrupt(job)
    assert got + await channel.to_list() == [1]


@INTERRUPTING
async def test_k44_after_a_cancel_of_the_channel_it_goes_to_the_hook(interrupt: Interrupt) -> None:
    hook = Hook()
    channel = Channel[int](on_undelivered_element=hook)
    got: list[int] = []
    async with coroutine_scope() as scope:
        job = scope.launch(receive_into, channel, got, name="first")
        await turns()
        channel.try_send(1)
        channel.cancel()
        interrupt(job)
    assert got + hook.elements == [1]


@INTERRUPTING
async def test_k44_in_a_conflated_channel_the_newest_wins_and_the_other_goes_to_the_hook(interrupt: Interrupt) -> None:
    hook = Hook()
    channel = Channel[int](Channel.CONFLATED, on_undelivered_element=hook)
    got: list[int] = []
    async with coroutine_scope() as scope:
        job = scope.launch(receive_into, channel, got, name="first")
        await turns()
        channel.try_send(1)
        channel.try_send(2)
        interrupt(job)
    assert got + hook.elements == [1]
    assert channel.try_receive() == ChannelResult.success(2)


@INTERRUPTING
async def test_a_receiver_that_was_told_of_the_end_and_is_then_cancelled_gives_nothing_back(
    interrupt: Interrupt,
) -> None:
    hook = Hook()
    channel = Channel[int](on_undelivered_element=hook)
    got: list[int] = []
    async with coroutine_scope() as scope:

        async def iterate() -> None:
            got.extend([element async for element in channel])

        job = scope.launch(iterate, name="first")
        await turns()
        channel.close()
        interrupt(job)
    assert got == []
    assert hook.elements == []
    assert channel.is_closed_for_receive


@INTERRUPTING
async def test_a_receiver_cancelled_just_before_a_hand_over_is_passed_over(interrupt: Interrupt) -> None:
    channel = Channel[int](1)
    got: list[int] = []
    async with coroutine_scope() as scope:
        job = scope.launch(receive_into, channel, got, name="first")
        await turns()
        interrupt(job)
        await channel.send(1)
        assert channel.try_receive() == ChannelResult.success(1)
    assert got == []


async def test_a_cancelled_parked_receiver_leaves_the_queue() -> None:
    channel = Channel[int]()
    async with coroutine_scope() as scope:
        jobs = [scope.launch(channel.receive) for _ in range(3)]
        await turns()
        jobs[1].cancel()
        assert channel.try_send(1).is_success
        assert channel.try_send(2).is_success
        assert channel.try_send(3).is_failure
    assert [job.is_cancelled for job in jobs] == [False, True, False]
