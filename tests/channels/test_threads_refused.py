"""The bridge from plain threads fails, and never hangs, where there is nothing to wait for."""

from __future__ import annotations

import asyncio
import threading
from typing import Any

import anyio
import pytest
from anyio.to_thread import run_sync

from flowws import (
    BufferOverflow,
    CancellationError,
    Channel,
    ChannelResult,
    ClosedSendChannelError,
    ProducerScope,
    coroutine_scope,
)
from flowws.channels import _threads
from tests.channels.threads import Caller, parked
from tests.core.observing import turns


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Threads knock at once, so that no test has to wait for it."""
    monkeypatch.setattr(_threads, "_KNOCK_EVERY", 0.01)


@pytest.mark.parametrize("cause", [None, ValueError("cause")])
async def test_a_closed_channel_refuses_threads_as_it_refuses_tasks(cause: ValueError | None) -> None:
    lost: list[int] = []
    channel = Channel[int](on_undelivered_element=lost.append)
    channel.close(cause)
    error = await Caller(channel.send_from_thread, 1).ends()
    assert error is cause if cause is not None else isinstance(error, ClosedSendChannelError)
    assert lost == [1]
    result = await run_sync(channel.try_send_from_thread, 2)
    assert result.is_closed
    assert cause is None or result.exception_or_none() is cause
    assert lost == [1]


@pytest.mark.parametrize("cause", [None, ValueError("cause")])
async def test_closing_fails_the_threads_that_wait_and_leaves_the_tasks(cause: ValueError | None) -> None:
    lost: list[str] = []
    channel = Channel[str](on_undelivered_element=lost.append)
    async with coroutine_scope() as scope:
        scope.launch(channel.send, "task")
        await parked(channel)
        callers = [Caller(channel.send_from_thread, f"thread {number}") for number in range(2)]
        await parked(channel, 3)
        assert channel.close(cause)
        for caller in callers:
            error = await caller.ends()
            assert error is cause if cause is not None else isinstance(error, ClosedSendChannelError)
        assert (await channel.receive_catching()).get_or_none() == "task"
    assert sorted(lost) == ["thread 0", "thread 1"]
    assert channel.is_closed_for_receive


async def test_a_close_handler_that_raises_does_not_keep_threads_waiting() -> None:
    def bad(_: BaseException | None) -> None:
        raise KeyError("bad handler")

    channel = Channel[int]()
    channel.invoke_on_close(bad)
    caller = Caller(channel.send_from_thread, 1)
    await parked(channel)
    with pytest.raises(KeyError, match="bad handler"):
        channel.close()
    assert isinstance(await caller.ends(), ClosedSendChannelError)


async def test_cancelling_fails_the_threads_that_wait() -> None:
    lost: list[int] = []
    cause = CancellationError("enough")
    channel = Channel[int](on_undelivered_element=lost.append)
    caller = Caller(channel.send_from_thread, 1)
    await parked(channel)
    channel.cancel(cause)
    assert await caller.ends() is cause
    assert lost == [1]


async def test_a_thread_that_works_for_a_job_stops_waiting_when_that_is_cancelled() -> None:
    lost: list[int] = []
    errors: list[BaseException] = []

    def work(producer: ProducerScope[int]) -> None:
        producer.send_from_thread(1)
        try:
            producer.send_from_thread(2)
        except CancellationError as error:
            errors.append(error)
            raise

    async def body(producer: ProducerScope[int]) -> None:
        await run_sync(work, producer)

    async with coroutine_scope() as scope:
        channel = scope.produce(body, name="worker", on_undelivered_element=lost.append)
        assert await channel.receive() == 1
        assert isinstance(channel, Channel)
        await parked(channel)
        scope.cancel()
    [error] = errors
    assert "worker" in str(error)
    assert lost == [2]


async def test_what_the_hook_raises_reaches_the_thread() -> None:
    def bad(element: int) -> None:
        raise KeyError(element)

    channel = Channel[int](1, BufferOverflow.DROP_OLDEST, bad)
    channel.try_send(1)
    assert isinstance(await Caller(channel.send_from_thread, 2).ends(), KeyError)
    assert isinstance(await Caller(channel.try_send_from_thread, 3).ends(), KeyError)


@pytest.mark.parametrize("way", ["send_from_thread", "try_send_from_thread"])
async def test_a_thread_that_is_interrupted_before_the_loop_has_heard_of_it_sends_nothing(way: str) -> None:
    class Heard:
        """A loop that says when it was first posted to."""

        def __init__(self, home: Any) -> None:
            self._home = home
            self.posted = threading.Event()

        def post(self, *call: Any) -> None:
            self._home.post(*call)
            self.posted.set()

    lost: list[int] = []
    channel = Channel[int](1, on_undelivered_element=lost.append)
    heard = Heard(channel._home)
    channel._home = heard  # type: ignore[assignment]  # all of a loop that the bridge needs
    caller = Caller(getattr(channel, way), 1)
    heard.posted.wait()
    caller.interrupt()
    assert isinstance(caller.ended(), KeyboardInterrupt)  # this loop was blocked all the time
    await turns()
    assert channel.is_empty
    assert lost == ([1] if way == "send_from_thread" else [])


async def test_a_thread_that_is_interrupted_leaves_the_queue() -> None:
    lost: list[int] = []
    channel = Channel[int](on_undelivered_element=lost.append)
    caller = Caller(channel.send_from_thread, 1)
    await parked(channel)
    caller.interrupt()
    assert isinstance(await caller.ends(), KeyboardInterrupt)
    await parked(channel, 0)
    assert lost == [1]
    assert channel.try_receive() == ChannelResult.failure()


@pytest.fixture(params=["asyncio", "trio"])
def backend(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def test_a_thread_fails_when_the_loop_ends_while_it_waits(backend: str) -> None:
    lost: list[int] = []
    callers: list[Caller] = []

    async def main() -> None:
        channel = Channel[int](on_undelivered_element=lost.append)
        callers.append(Caller(channel.send_from_thread, 1))
        await parked(channel)

    anyio.run(main, backend=backend)
    error = callers[0].ended()
    assert isinstance(error, ClosedSendChannelError)
    assert "loop" in str(error)
    assert lost == [1]


def test_after_the_end_of_the_loop_every_thread_is_refused(backend: str) -> None:
    lost: list[int] = []

    async def main() -> Channel[int]:
        return Channel[int](1, on_undelivered_element=lost.append)

    channel = anyio.run(main, backend=backend)
    with pytest.raises(ClosedSendChannelError, match="event loop"):
        channel.send_from_thread(1)
    result = channel.try_send_from_thread(2)
    assert isinstance(result.exception_or_none(), ClosedSendChannelError)
    assert lost == [1]


def test_a_loop_that_is_closed_without_a_word_is_noticed() -> None:
    loop = asyncio.new_event_loop()

    async def made() -> Channel[int]:
        return Channel[int]()

    channel = loop.run_until_complete(made())
    waiting = Caller(channel.send_from_thread, 1)
    loop.run_until_complete(parked(channel))
    loop.close()
    assert isinstance(waiting.ended(), ClosedSendChannelError)


def test_a_loop_that_closes_before_it_has_heard_of_the_thread_is_noticed() -> None:
    loop = asyncio.new_event_loop()

    async def made() -> Channel[int]:
        return Channel[int]()

    channel = loop.run_until_complete(made())
    trying = Caller(channel.try_send_from_thread, 1)
    loop.close()
    result = trying.ended()
    assert isinstance(result, ChannelResult)
    assert result.is_closed
