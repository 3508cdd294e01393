"""What a channel keeps, and for how long."""

from __future__ import annotations

import gc
import tracemalloc
import weakref
from collections import deque
from collections.abc import Callable

import pytest

from flowws import Channel, ClosedReceiveChannelError, coroutine_scope, select
from tests.core.observing import turns


async def test_elements_and_channel_are_freed() -> None:
    class Cargo:
        pass

    async def run() -> list[weakref.ref[object]]:
        channel = Channel[Cargo](2)
        cargoes = [Cargo() for _ in range(4)]
        async with coroutine_scope() as scope:
            for cargo in cargoes:
                scope.launch(channel.send, cargo)
            await turns()
            await channel.receive()
            channel.cancel()
        refs: list[weakref.ref[object]] = [weakref.ref(channel)]
        refs += [weakref.ref(cargo) for cargo in cargoes]
        return refs

    refs = await run()
    await turns()
    gc.collect()
    assert [ref() for ref in refs] == [None] * 5


async def test_a_received_element_is_not_kept_by_the_channel() -> None:
    class Cargo:
        pass

    channel = Channel[Cargo]()
    async with coroutine_scope() as scope:
        scope.launch(channel.send, Cargo())
        ref = weakref.ref(await channel.receive())
    await turns()
    gc.collect()
    assert ref() is None
    channel.close()


def size_of(make: Callable[[], object]) -> int:
    gc.collect()
    tracemalloc.start()
    try:
        before, _ = tracemalloc.get_traced_memory()
        kept = make()
        after, _ = tracemalloc.get_traced_memory()
        del kept
    finally:
        tracemalloc.stop()
    return after - before


async def test_an_empty_channel_takes_less_than_a_kilobyte() -> None:
    def thousand() -> list[Channel[int]]:
        return [Channel[int](capacity) for _ in range(250) for capacity in capacities]

    capacities = (Channel.RENDEZVOUS, Channel.BUFFERED, Channel.CONFLATED, Channel.UNLIMITED)
    assert size_of(thousand) < 1000 * 1024


async def test_a_channel_that_somebody_waits_on_makes_one_queue_for_that_side_alone() -> None:
    async with coroutine_scope() as scope:
        channel = Channel[int]()
        scope.launch(channel.receive)
        await turns()
        assert isinstance(channel._receivers, deque)
        assert not isinstance(channel._senders, deque)
        await channel.send(1)


def test_many_buffered_numbers_take_little_more_than_a_deque_of_them() -> None:
    numbers = [10**6 + number for number in range(100_000)]  # made before: it is the queues that are compared

    def fill() -> Channel[int]:
        channel = Channel[int](Channel.UNLIMITED)
        for number in numbers:
            channel.try_send(number)
        return channel

    assert size_of(fill) < 1.2 * size_of(lambda: deque(numbers))


async def test_a_clause_without_a_handler_is_made_once_for_an_open_channel() -> None:
    channel = Channel[int](2)
    clause = channel.on_receive()
    assert channel.on_receive() is clause
    assert channel.on_receive(lambda n: n) is not clause
    assert Channel[int]().on_receive() is not clause
    await channel.send(1)
    await channel.send(2)
    channel.close()
    assert await select(clause) == 1
    assert await select(channel.on_receive()) == 2
    with pytest.raises(ClosedReceiveChannelError):
        await select(clause)


async def test_two_tasks_may_wait_with_one_clause() -> None:
    channel, idle = Channel[int](), Channel[int]()
    async with coroutine_scope() as scope:
        waiting = [scope.async_(lambda: select(channel.on_receive(), idle.on_receive())) for _ in range(2)]
        await turns()
        await channel.send(1)
        await channel.send(2)
        assert {await one for one in waiting} == {1, 2}


@pytest.mark.parametrize("end", [Channel[int].close, Channel[int].cancel])
async def test_a_channel_that_is_over_leaves_no_circle(
    end: Callable[[Channel[int]], object],
) -> None:
    gc.disable()
    try:
        channel = Channel[int](1)
        await channel.send(1)
        await select(channel.on_receive())
        end(channel)
        gone = weakref.ref(channel)
        del channel
        assert gone() is None
    finally:
        gc.enable()
