"""``async for`` over a channel. Facts K24, K25, K38, K39 and its breathing."""

# ruff: noqa: PT012  # a scope raises at its end, and a loop in its middle: all of it stands inside `raises`

from __future__ import annotations

import gc

import pytest

from flowws import CancellationError, Channel, coroutine_scope
from tests.core.observing import turns


async def test_k24_iteration_ends_quietly_after_close() -> None:
    channel = Channel[int](2)
    channel.try_send(1)
    channel.try_send(2)
    channel.close()
    assert [element async for element in channel] == [1, 2]
    assert [element async for element in channel] == []


async def test_k24_iteration_raises_the_cause_once_drained() -> None:
    cause = ValueError("cause")
    channel = Channel[int](2)
    channel.try_send(1)
    channel.close(cause)
    seen: list[int] = []
    with pytest.raises(ValueError, match="cause") as caught:
        async for element in channel:
            seen.append(element)  # noqa: PERF401  # one by one, as they come
    assert seen == [1]
    assert caught.value is cause


async def test_k24_iteration_over_a_cancelled_channel_raises_also_in_the_middle() -> None:
    cause = CancellationError("gone")
    channel = Channel[int](2)
    channel.try_send(1)
    channel.try_send(2)
    seen: list[int] = []
    with pytest.raises(CancellationError) as caught:
        async for element in channel:
            seen.append(element)
            channel.cancel(cause)
    assert seen == [1]
    assert caught.value is cause


async def test_k25_leaving_the_loop_neither_cancels_nor_closes() -> None:
    channel = Channel[int](3)
    for number in (1, 2, 3):
        channel.try_send(number)
    async for _ in channel:
        break
    with pytest.raises(KeyError):
        async for _ in channel:
            raise KeyError
    gc.collect()
    assert not channel.is_closed_for_send
    assert await channel.receive() == 3


async def test_k37_k38_one_step_takes_one_element_and_after_the_end_every_step_says_so() -> None:
    channel = Channel[int](2)
    channel.try_send(1)
    channel.try_send(2)
    iterator = aiter(channel)
    assert await anext(iterator) == 1
    channel.close()
    assert await anext(iterator) == 2
    for _ in range(3):
        with pytest.raises(StopAsyncIteration):
            await anext(iterator)


@pytest.mark.parametrize("capacity", [0, 1, 4, Channel.UNLIMITED])
async def test_k39_many_iterators_share_the_elements(capacity: int) -> None:
    channel = Channel[int](capacity)
    seen: list[list[int]] = [[] for _ in range(4)]

    async def iterate(into: list[int]) -> None:
        async for element in channel:
            into.append(element)
            await turns(1)

    async with coroutine_scope() as scope:
        for into in seen:
            scope.launch(iterate, into)
        await turns()
        for number in range(100):
            await channel.send(number)
        channel.close()
    assert sorted(element for into in seen for element in into) == list(range(100))
    assert all(into == sorted(into) for into in seen)


@pytest.mark.parametrize("operation", ["send", "receive", "receive_catching", "__anext__"])
async def test_a_tight_loop_lets_others_run_after_128_steps(operation: str) -> None:
    channel = Channel[int](Channel.UNLIMITED)
    if operation != "send":
        for number in range(1000):
            channel.try_send(number)
    ran_after: list[int] = []
    done = 0

    async def other() -> None:
        ran_after.append(done)

    async with coroutine_scope() as scope:
        scope.launch(other)
        for _ in range(1000):
            await (channel.send(1) if operation == "send" else getattr(channel, operation)())
            done += 1
    assert len(ran_after) == 1
    assert 128 <= ran_after[0] <= 256  # trio may step the loop first once more


async def test_an_operation_that_need_not_wait_does_not_switch_tasks() -> None:
    channel = Channel[int](Channel.UNLIMITED)
    ran: list[str] = []

    async def other() -> None:
        ran.append("other")

    async with coroutine_scope() as scope:
        scope.launch(other)
        for number in range(60):
            await channel.send(number)
            assert await channel.receive() == number
        assert ran == []
