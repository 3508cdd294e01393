"""What becomes of elements that reach nobody, and of a hook that raises. Facts K46 to K56."""

from __future__ import annotations

from collections.abc import Callable

import anyio
import pytest

from flowws import (
    BufferOverflow,
    CancellationError,
    Channel,
    ChannelResult,
    ClosedSendChannelError,
    Job,
    coroutine_scope,
)
from tests.core.observing import cancel_natively, reported, turns


class Hook:
    """An ``on_undelivered_element`` that remembers, and raises for some."""

    def __init__(self, *bad: int) -> None:
        self.elements: list[int] = []
        self._bad = bad

    def __call__(self, element: int) -> None:
        self.elements.append(element)
        if element in self._bad:
            raise RuntimeError(f"hook for {element}")


INTERRUPTING = pytest.mark.parametrize("interrupt", [Job.cancel, cancel_natively])
Interrupt = Callable[[Job], object]


# ---------------------------------------------------------------------------------------------------------------- send


@INTERRUPTING
async def test_k46_a_send_that_was_taken_and_is_then_cancelled_has_delivered_without_a_hook(
    interrupt: Interrupt,
) -> None:
    hook = Hook()
    channel = Channel[int](on_undelivered_element=hook)
    async with coroutine_scope() as scope:
        job = scope.launch(channel.send, 1, name="sender")
        await turns()
        assert channel.try_receive() == ChannelResult.success(1)
        interrupt(job)
    assert hook.elements == []


async def test_k47_a_parked_send_that_is_cancelled_goes_to_the_hook_and_the_buffer_is_untouched() -> None:
    hook = Hook()
    channel = Channel[int](1, on_undelivered_element=hook)
    channel.try_send(1)
    async with coroutine_scope() as scope:
        jobs = [scope.launch(channel.send, number) for number in (2, 3, 4)]
        await turns()
        await jobs[1].cancel_and_join()
        assert hook.elements == [3]
        channel.close()
        assert sorted(await channel.to_list()) == [1, 2, 4]
    assert hook.elements == [3]


async def test_k47_also_when_the_cancellation_is_met_while_the_channel_breathes() -> None:
    hook = Hook()
    channel = Channel[int](Channel.UNLIMITED, on_undelivered_element=hook)
    sent = 0
    with anyio.CancelScope() as cancelled:
        cancelled.cancel()
        for number in range(1000):
            await channel.send(number)
            sent += 1
    assert hook.elements == [sent]


async def test_a_cancelled_sender_is_passed_over_before_its_task_has_resumed() -> None:
    channel = Channel[int]()
    async with coroutine_scope() as scope:
        job = scope.launch(channel.send, 1)
        await turns()
        other = scope.launch(channel.send, 2)
        await turns()
        job.cancel()
        assert channel.try_receive() == ChannelResult.success(2)
        assert channel.try_receive() == ChannelResult.failure()
        await other.join()
    assert channel.is_empty


async def test_k50_send_on_a_closed_channel_calls_the_hook_and_raises() -> None:
    hook = Hook()
    channel = Channel[int](1, on_undelivered_element=hook)
    channel.close()
    with pytest.raises(ClosedSendChannelError):
        await channel.send(1)
    assert hook.elements == [1]


@pytest.mark.parametrize("end", [lambda channel: None, Channel.close, Channel.cancel])
async def test_k51_try_send_never_calls_the_hook_for_its_own_element(end: object) -> None:
    hook = Hook()
    channel = Channel[int](on_undelivered_element=hook)
    end(channel)  # type: ignore[operator]  # one of the three above
    assert channel.try_send(1).is_failure
    latest = Channel[int](1, BufferOverflow.DROP_LATEST, hook)
    latest.try_send(1)
    assert latest.try_send(2).is_success
    assert hook.elements == []


@pytest.mark.parametrize("trying", [True, False])
async def test_k52_drop_oldest_calls_the_hook_for_what_it_evicts(trying: bool) -> None:
    hook = Hook()
    channel = Channel[int](2, BufferOverflow.DROP_OLDEST, hook)
    for number in (1, 2, 3, 3, 3):  # equal and identical elements are evicted as others are
        if trying:
            channel.try_send(number)
        else:
            await channel.send(number)
    assert hook.elements == [1, 2, 3]


async def test_k52_drop_latest_calls_the_hook_from_send() -> None:
    hook = Hook()
    channel = Channel[int](1, BufferOverflow.DROP_LATEST, hook)
    for number in (1, 2, 3):
        await channel.send(number)
    assert hook.elements == [2, 3]


async def test_k53_a_normal_hand_over_never_calls_the_hook() -> None:
    hook = Hook()
    for capacity in (0, 1, 5, Channel.UNLIMITED):
        channel = Channel[int](capacity, on_undelivered_element=hook)
        async with coroutine_scope() as scope:
            received = scope.async_(channel.to_list)
            for number in range(20):
                await channel.send(number)
            channel.close()
        assert received.get_completed() == list(range(20))
    assert hook.elements == []


# ----------------------------------------------------------------------------------------------------- close and cancel


async def test_k48_cancel_calls_the_hook_once_for_everything_newest_first() -> None:
    hook = Hook()
    channel = Channel[int](2, on_undelivered_element=hook)
    async with coroutine_scope() as scope:
        jobs: list[Job] = []
        for number in (1, 2, 3, 4):
            jobs.append(scope.launch(channel.send, number))
            await turns()
        channel.cancel()
        channel.cancel()
    assert hook.elements == [4, 3, 2, 1]
    assert [job.is_cancelled for job in jobs] == [False, False, True, True]


async def test_k49_close_alone_never_calls_the_hook() -> None:
    hook = Hook()
    channel = Channel[int](2, on_undelivered_element=hook)
    channel.try_send(1)
    channel.close(ValueError())
    assert hook.elements == []


# --------------------------------------------------------------------------------------------------- a hook that raises


async def test_k54_on_a_closed_channel_and_on_a_drop_its_error_goes_to_the_caller() -> None:
    closed = Channel[int](1, on_undelivered_element=Hook(1))
    closed.close()
    with pytest.raises(RuntimeError, match="hook for 1"):
        await closed.send(1)
    dropping = Channel[int](Channel.CONFLATED, on_undelivered_element=Hook(1))
    await dropping.send(1)
    with pytest.raises(RuntimeError, match="hook for 1"):
        await dropping.send(2)
    assert dropping.try_receive() == ChannelResult.success(2)


def test_k54_on_cancel_every_element_still_reaches_it_and_the_first_error_is_raised() -> None:
    hook = Hook(3, 2)
    channel = Channel[int](4, on_undelivered_element=hook)
    for number in (1, 2, 3, 4):
        channel.try_send(number)
    with pytest.raises(RuntimeError, match="hook for 3") as caught:
        channel.cancel()
    assert hook.elements == [4, 3, 2, 1]
    assert "hook for 2" in caught.value.__notes__[0]
    assert channel.is_closed_for_receive


def test_a_close_handler_that_raises_keeps_no_element_from_the_hook() -> None:
    def bad(_: BaseException | None) -> None:
        raise KeyError("bad handler")

    hook = Hook()
    channel = Channel[int](2, on_undelivered_element=hook)
    channel.try_send(1)
    channel.invoke_on_close(bad)
    with pytest.raises(KeyError, match="bad handler"):
        channel.cancel()
    assert hook.elements == [1]


async def test_k54_when_a_task_is_cancelled_its_error_goes_to_the_loop_and_the_cancellation_passes() -> None:
    channel = Channel[int](on_undelivered_element=Hook(1))
    with reported() as errors:
        with anyio.CancelScope() as cancelled:
            cancelled.cancel()
            await channel.send(1)
        assert cancelled.cancelled_caught
    assert [str(error) for error in errors] == ["hook for 1"]


# --------------------------------------------------------------------------------------- no wait, no cancellation point


async def test_k55_operations_that_do_not_park_do_not_check_for_cancellation() -> None:
    channel = Channel[int](Channel.UNLIMITED)
    for number in range(20):
        await channel.send(number)
    seen: list[int] = []
    with anyio.CancelScope() as cancelled:
        async for element in channel:
            seen.append(element)
            if element == 5:
                cancelled.cancel()
    assert seen == list(range(20))
    assert cancelled.cancelled_caught


async def test_k55_k56_a_cancelled_consumer_drains_what_is_there_and_then_cancels_the_channel() -> None:
    hook = Hook()
    channel = Channel[int](Channel.UNLIMITED, on_undelivered_element=hook)
    seen: list[int] = []
    for number in range(5):
        channel.try_send(number)
    async with coroutine_scope() as scope:

        async def consume() -> None:
            await channel.consume_each(take)

        def take(element: int) -> None:
            seen.append(element)
            job.cancel()

        job = scope.launch(consume)
        await job.join()
        assert seen == [0, 1, 2, 3, 4]
        assert channel.is_closed_for_send
        with pytest.raises(CancellationError):
            await channel.send(9)
    assert hook.elements == [9]
