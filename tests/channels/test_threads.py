"""The bridge from plain threads: what a thread sends, and from where it may."""

from __future__ import annotations

import anyio
import pytest
from anyio.to_thread import run_sync

from flowws import (
    ActorScope,
    BufferOverflow,
    Channel,
    ChannelResult,
    ClosedSendChannelError,
    CoroutineStart,
    IllegalStateError,
    ProducerScope,
    coroutine_scope,
    select,
)
from tests.channels.threads import Caller, parked
from tests.core.observing import turns


async def test_a_thread_waits_until_its_element_is_taken() -> None:
    channel = Channel[int]()
    caller = Caller(channel.send_from_thread, 1)
    await parked(channel)
    assert caller.outcome is None
    assert await channel.receive() == 1
    assert await caller.ends() is None
    assert channel.is_empty


async def test_a_thread_does_not_wait_where_there_is_room() -> None:
    channel = Channel[int](2)
    await run_sync(channel.send_from_thread, 1)
    await run_sync(channel.send_from_thread, 2)
    channel.close()
    assert await channel.to_list() == [1, 2]


async def test_a_receiver_or_a_select_that_waits_is_handed_the_element() -> None:
    channel = Channel[int]()
    async with coroutine_scope() as scope:
        received = scope.async_(channel.receive)
        await turns()
        await run_sync(channel.send_from_thread, 1)
        assert await received == 1
        selected = scope.async_(lambda: select(channel.on_receive(lambda number: number + 1)))
        await turns()
        assert (await run_sync(channel.try_send_from_thread, 2)).is_success
        assert await selected == 3


async def test_threads_and_tasks_stand_in_one_queue() -> None:
    channel = Channel[str]()
    async with coroutine_scope() as scope:
        scope.launch(channel.send, "task")
        await turns()
        thread = Caller(channel.send_from_thread, "thread")
        await parked(channel, 2)
        scope.launch(channel.send, "another task")
        await parked(channel, 3)
        assert [await channel.receive() for _ in range(3)] == ["task", "thread", "another task"]
        await thread.ends()


async def test_try_send_from_thread_never_waits_for_room_or_a_receiver() -> None:
    rendezvous, buffered = Channel[int](), Channel[int](1)
    assert await run_sync(rendezvous.try_send_from_thread, 1) == ChannelResult.failure()
    assert (await run_sync(buffered.try_send_from_thread, 1)).is_success
    assert await run_sync(buffered.try_send_from_thread, 2) == ChannelResult.failure()
    buffered.close()
    closed = await run_sync(buffered.try_send_from_thread, 3)
    assert isinstance(closed.exception_or_none(), ClosedSendChannelError)
    assert await buffered.to_list() == [1]


@pytest.mark.parametrize(("overflow", "kept", "dropped"), [("DROP_OLDEST", [2], [1]), ("DROP_LATEST", [1], [2])])
async def test_the_overflow_policy_and_its_hook_are_those_of_send(
    overflow: str, kept: list[int], dropped: list[int]
) -> None:
    lost: list[int] = []
    channel = Channel[int](1, BufferOverflow[overflow], lost.append)
    await run_sync(channel.send_from_thread, 1)
    await run_sync(channel.send_from_thread, 2)
    assert lost == dropped
    channel.close()
    assert await channel.to_list() == kept


@pytest.mark.parametrize("capacity", [0, 3, Channel.UNLIMITED])
async def test_many_threads_lose_and_double_nothing_and_each_keeps_its_order(capacity: int) -> None:
    channel = Channel[tuple[int, int]](capacity)

    def send_many(thread: int) -> None:
        for number in range(50):
            channel.send_from_thread((thread, number))

    callers = [Caller(send_many, thread) for thread in range(4)]
    received = [await channel.receive() for _ in range(200)]
    for caller in callers:
        assert await caller.ends() is None
    for thread in range(4):
        assert [number for sender, number in received if sender == thread] == list(range(50))
    assert channel.is_empty


async def test_a_producer_is_fed_by_a_thread() -> None:
    def work(producer: ProducerScope[int]) -> None:
        for number in range(3):
            producer.send_from_thread(number)
        assert producer.try_send_from_thread(3).is_failure

    async def body(producer: ProducerScope[int]) -> None:
        await run_sync(work, producer)

    async with coroutine_scope() as scope:
        channel = scope.produce(body)
        assert [await channel.receive() for _ in range(3)] == [0, 1, 2]


async def test_a_lazy_actor_is_started_by_a_thread() -> None:
    seen: list[int] = []

    async def body(actor: ActorScope[int]) -> None:
        await actor.consume_to(seen)

    async with coroutine_scope() as scope:
        mailbox = scope.actor(body, start=CoroutineStart.LAZY)
        await run_sync(mailbox.send_from_thread, 1)
        mailbox.close()
    assert seen == [1]


async def test_the_thread_of_a_loop_is_refused() -> None:
    channel = Channel[int](1)
    with pytest.raises(IllegalStateError, match="event loop runs in this thread"):
        channel.send_from_thread(1)
    with pytest.raises(IllegalStateError, match="event loop runs in this thread"):
        channel.try_send_from_thread(1)
    assert channel.is_empty


@pytest.mark.parametrize("backend", ["asyncio", "trio"])
def test_a_channel_that_was_made_elsewhere_knows_its_loop_once_somebody_has_waited_in_it(backend: str) -> None:
    channel = Channel[int](1)
    with pytest.raises(IllegalStateError, match="does not know its event loop"):
        channel.send_from_thread(1)
    with pytest.raises(IllegalStateError, match="does not know its event loop"):
        channel.try_send_from_thread(1)

    async def main() -> int:
        async with coroutine_scope() as scope:
            received = scope.async_(channel.receive)
            await turns()
            await run_sync(channel.send_from_thread, 7)
            return await received

    assert anyio.run(main, backend=backend) == 7
