"""A `select` that is cancelled, or loses: no element is lost, no waiter stays. Facts of section L by number."""

from __future__ import annotations

import gc
from collections.abc import Callable
from weakref import ref

import anyio
import pytest

from flowws import Channel, ChannelResult, Job, coroutine_scope, on_timeout, select
from tests.channels.test_select import parked
from tests.core.observing import cancel_natively, reported, turns

INTERRUPTING = pytest.mark.parametrize("interrupt", [Job.cancel, cancel_natively])
Interrupt = Callable[[Job], object]


@INTERRUPTING
async def test_k266_a_waiting_select_is_cancelled_and_leaves_no_trace(interrupt: Interrupt) -> None:
    lost: list[int] = []
    a, b = Channel[int](), Channel[int](on_undelivered_element=lost.append)
    async with coroutine_scope() as scope:
        job = scope.launch(lambda: select(a.on_receive(), b.on_send(7)), name="first")
        await turns()
        assert (parked(a), parked(b)) == ((0, 1), (1, 0))
        interrupt(job)
    assert job.is_cancelled
    assert parked(a) == parked(b) == (0, 0)
    assert lost == [7]


@INTERRUPTING
@pytest.mark.parametrize("catching", [False, True])
async def test_k266_an_element_handed_over_just_before_goes_back(interrupt: Interrupt, catching: bool) -> None:
    """Deliberate difference: not to the hook, which is for elements that reach nobody."""
    lost: list[int] = []
    got: list[object] = []
    channel, other = Channel[int](on_undelivered_element=lost.append), Channel[int]()
    async with coroutine_scope() as scope:

        async def wait() -> None:
            clause = channel.on_receive_catching(lambda result: result.get_or_raise()) if catching else None
            got.append(await select(clause or channel.on_receive(), other.on_receive()))

        job = scope.launch(wait, name="first")
        await turns()
        assert channel.try_send(1).is_success
        interrupt(job)
    again = channel.try_receive()
    assert [*got, *([again.get_or_raise()] if again.is_success else [])] == [1]
    assert lost == []
    assert parked(other) == (0, 0)


@INTERRUPTING
async def test_k266_it_goes_to_the_next_receiver_or_after_a_cancel_to_the_hook(interrupt: Interrupt) -> None:
    lost: list[int] = []
    got: list[int] = []
    channel = Channel[int](on_undelivered_element=lost.append)
    async with coroutine_scope() as scope:

        async def wait() -> None:
            got.append(await select(channel.on_receive(), on_timeout(3600, lambda: -1)))

        job = scope.launch(wait, name="first")
        await turns()
        channel.try_send(1)
        channel.cancel()
        interrupt(job)
    assert got + lost == [1]


@INTERRUPTING
async def test_a_select_told_of_the_end_and_then_cancelled_gives_nothing_back(interrupt: Interrupt) -> None:
    lost: list[object] = []
    channel = Channel[object](on_undelivered_element=lost.append)
    async with coroutine_scope() as scope:
        job = scope.launch(lambda: select(channel.on_receive_catching()), name="first")
        await turns()
        channel.close()
        interrupt(job)
    assert lost == []
    assert channel.is_closed_for_receive


@INTERRUPTING
async def test_a_send_that_was_taken_and_then_cancelled_is_sent_once(interrupt: Interrupt) -> None:
    lost: list[int] = []
    channel = Channel[int](on_undelivered_element=lost.append)
    async with coroutine_scope() as scope:
        job = scope.launch(lambda: select(channel.on_send(1)), name="first")
        await turns()
        assert channel.try_receive() == ChannelResult.success(1)
        interrupt(job)
    assert lost == []
    assert channel.is_empty


@INTERRUPTING
async def test_a_send_that_was_refused_and_then_cancelled_is_dropped_once(interrupt: Interrupt) -> None:
    lost: list[int] = []
    channel, other = Channel[int](on_undelivered_element=lost.append), Channel[int](on_undelivered_element=lost.append)
    async with coroutine_scope() as scope:

        async def wait() -> None:
            with pytest.raises(Exception, match="the channel was cancelled"):
                await select(channel.on_send(1), other.on_send(2))

        job = scope.launch(wait, name="first")
        await turns()
        channel.cancel()
        if interrupt is Job.cancel:  # a native one would be what is raised
            interrupt(job)
    assert lost == [1, 2]


async def test_k267_a_losing_on_send_that_waited_gives_its_element_to_the_hook() -> None:
    lost: list[int] = []
    sending, receiving = Channel[int](on_undelivered_element=lost.append), Channel[int]()
    async with coroutine_scope() as scope:
        job = scope.async_(lambda: select(sending.on_send(1), receiving.on_receive()))
        await turns()
        assert lost == []
        receiving.try_send(2)
        assert await job == 2
    assert lost == [1]
    assert parked(sending) == (0, 0)


async def test_k267_a_losing_on_send_that_never_waited_does_not() -> None:
    lost: list[int] = []
    sending, ready = Channel[int](on_undelivered_element=lost.append), Channel[int](1)
    ready.try_send(2)
    assert await select(ready.on_receive(), sending.on_send(1)) == 2
    ready.try_send(3)
    assert await select(sending.on_send(1), ready.on_receive()) == 3
    assert lost == []


async def test_k267_it_is_dropped_once_when_its_channel_is_cancelled_in_the_same_turn() -> None:
    lost: list[int] = []
    sending, receiving = Channel[int](on_undelivered_element=lost.append), Channel[int]()
    async with coroutine_scope() as scope:
        job = scope.async_(lambda: select(sending.on_send(1), receiving.on_receive()))
        await turns()
        receiving.try_send(2)
        sending.cancel()
        assert await job == 2
    assert lost == [1]


async def test_k267_a_hook_that_raises_is_reported_and_the_winner_still_wins() -> None:
    def hook(element: int) -> None:
        raise RuntimeError(f"hook for {element}")

    sending, receiving = Channel[int](on_undelivered_element=hook), Channel[int]()
    with reported() as errors:
        async with coroutine_scope() as scope:
            job = scope.async_(lambda: select(sending.on_send(1), receiving.on_receive()))
            await turns()
            receiving.try_send(2)
            assert await job == 2
    assert [str(error) for error in errors] == ["hook for 1"]


async def test_an_outer_deadline_is_not_taken_for_the_selects_own() -> None:
    channel = Channel[int]()
    with anyio.move_on_after(0) as outer:
        await select(channel.on_receive(), on_timeout(3600))
    assert outer.cancelled_caught
    assert parked(channel) == (0, 0)


async def test_a_select_leaves_nothing_for_the_garbage_collector() -> None:
    class Element:
        pass

    channel, idle = Channel[Element](), Channel[Element]()
    gc.disable()
    try:
        async with coroutine_scope() as scope:
            job = scope.launch(lambda: select(channel.on_receive(lambda _: None), idle.on_receive(), on_timeout(3600)))
            await turns()
            element = Element()
            gone = ref(element)
            assert channel.try_send(element).is_success
            del element
            await job.join()
            assert gone() is None
    finally:
        gc.enable()
