"""`consume`, `consume_each`, `to_list`. Facts K25, K59 to K61."""

from __future__ import annotations

from collections import deque

import anyio
import pytest

from flowws import CancellationError, Channel, coroutine_scope
from tests.core.observing import turns


def filled(*numbers: int) -> Channel[int]:
    channel = Channel[int](Channel.UNLIMITED)
    for number in numbers:
        channel.try_send(number)
    return channel


async def test_k59_consume_cancels_at_the_end_of_the_block() -> None:
    channel = filled(1, 2, 3)
    with channel.consume() as elements:
        assert elements is channel
        assert await elements.receive() == 1
        assert not channel.is_closed_for_send
    assert channel.is_closed_for_send
    assert channel.is_closed_for_receive


async def test_k59_consume_cancels_on_an_early_return() -> None:
    channel = filled(1, 2)

    async def first() -> int:
        with channel.consume() as elements:
            async for element in elements:
                return element
        return 0

    assert await first() == 1
    assert channel.is_closed_for_receive


async def test_k60_on_failure_the_channel_is_cancelled_with_it_as_the_cause() -> None:
    error = ValueError("of the consumer")
    channel = filled(1)
    with pytest.raises(ValueError, match="of the consumer") as caught, channel.consume():
        raise error
    assert caught.value is error
    cause = channel.try_send(1).exception_or_none()
    assert isinstance(cause, CancellationError)
    assert cause.__cause__ is error
    assert "of the consumer" in str(cause)


async def test_k60_a_cancellation_error_is_the_cause_itself() -> None:
    error = CancellationError("mine")
    channel = filled(1)
    with pytest.raises(CancellationError), channel.consume():
        raise error
    assert channel.try_receive().exception_or_none() is error


async def test_k56_a_cancelled_consumer_cancels_the_channel_and_parked_senders_hear_of_it() -> None:
    channel = Channel[int]()
    async with coroutine_scope() as scope:

        async def consume() -> None:
            with channel.consume():
                await anyio.sleep_forever()

        sender = scope.launch(channel.send, 1)
        consumer = scope.launch(consume)
        await turns()
        await consumer.cancel_and_join()
        await sender.join()
        assert sender.is_cancelled
    assert channel.is_closed_for_send


async def test_consume_each_takes_sync_and_async_actions_and_cancels_when_done() -> None:
    seen: list[int] = []

    async def later(element: int) -> None:
        await turns(1)
        seen.append(element)

    for action in (seen.append, later):
        channel = filled(1, 2)
        channel.close()
        await channel.consume_each(action)
        assert channel.is_closed_for_receive
    assert seen == [1, 2, 1, 2]


async def test_consume_each_that_fails_cancels_and_raises() -> None:
    channel = filled(1, 2, 3)

    def bad(element: int) -> None:
        raise KeyError(element)

    with pytest.raises(KeyError):
        await channel.consume_each(bad)
    assert channel.is_closed_for_receive
    assert isinstance(channel.try_send(1).exception_or_none(), CancellationError)


async def test_to_list_gathers_until_the_close() -> None:
    channel = Channel[int]()
    async with coroutine_scope() as scope:
        everything = scope.async_(channel.to_list)
        for number in range(5):
            await channel.send(number)
        channel.close()
    assert everything.get_completed() == [0, 1, 2, 3, 4]


async def test_k61_to_list_raises_the_cause_and_consume_each_keeps_what_it_had() -> None:
    cause = ValueError("cause")
    channel = filled(1, 2)
    channel.close(cause)
    with pytest.raises(ValueError, match="cause") as caught:
        await channel.to_list()
    assert caught.value is cause
    kept: list[int] = []
    channel = filled(1, 2)
    channel.close(cause)
    with pytest.raises(ValueError, match="cause"):
        await channel.consume_each(kept.append)
    assert kept == [1, 2]


async def test_consume_to_fills_any_collection_and_cancels() -> None:
    into: tuple[list[int], deque[int], set[int]] = [0], deque([0], maxlen=2), {0}
    for collection in into:
        channel = filled(1, 2, 2)
        channel.close()
        await channel.consume_to(collection)
        assert channel.is_closed_for_receive
    assert into == ([0, 1, 2, 2], deque([2, 2]), {0, 1, 2})


async def test_k61_consume_to_raises_the_cause_and_leaves_what_was_received() -> None:
    cause = ValueError("cause")
    channel = filled(1, 2)
    channel.close(cause)
    kept: list[int] = []
    with pytest.raises(ValueError, match="cause") as caught:
        await channel.consume_to(kept)
    assert caught.value is cause
    assert kept == [1, 2]


async def test_consuming_is_consume_for_async_with() -> None:
    error = ValueError("of the consumer")
    channel = filled(1, 2)
    async with channel.consuming() as elements:
        assert elements is channel
        assert await elements.receive() == 1
    assert channel.is_closed_for_receive
    channel = filled(1)
    with pytest.raises(ValueError, match="of the consumer") as caught:
        async with channel.consuming():
            raise error
    assert caught.value is error
    cause = channel.try_receive().exception_or_none()
    assert isinstance(cause, CancellationError)
    assert cause.__cause__ is error


async def test_receive_as_flow_shares_and_leaves_the_channel_open() -> None:
    channel = filled(1, 2, 3)
    flow = channel.receive_as_flow()
    async for element in flow:
        assert element == 1
        break
    assert await channel.receive() == 2
    channel.close()
    assert [element async for element in flow] == [3]


async def test_consume_as_flow_cancels_the_channel_with_its_only_collection() -> None:
    channel = filled(1, 2, 3)
    channel.close()
    flow = channel.consume_as_flow()
    assert [element async for element in flow] == [1, 2, 3]
    assert channel.is_closed_for_receive
    with pytest.raises(RuntimeError, match="only once"):
        aiter(flow)
