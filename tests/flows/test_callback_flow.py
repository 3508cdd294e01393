"""`callback_flow`: what callbacks and threads report."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable
from typing import Any

import anyio
import pytest
from anyio.to_thread import run_sync

from flowws import (
    BufferOverflow,
    Channel,
    ClosedSendChannelError,
    IllegalStateError,
    ProducerScope,
    callback_flow,
    coroutine_scope,
)
from tests.channels.threads import Caller
from tests.flows.upstream import settle


class Button:
    """What has callbacks."""

    def __init__(self) -> None:
        self.listeners: list[Callable[[str], object]] = []

    def click(self, how: str) -> None:
        for listener in tuple(self.listeners):
            listener(how)


@callback_flow
async def clicks(producer: ProducerScope[str], button: Button) -> None:
    def clicked(how: str) -> None:
        if how == "gone":
            producer.close()
        elif how == "broken":
            producer.close(ValueError("broken"))
        else:
            producer.try_send(how)

    button.listeners.append(clicked)
    await producer.await_close(lambda: button.listeners.remove(clicked))


async def test_gives_what_the_callback_reports_until_it_says_that_it_is_over() -> None:
    """K212"""
    button, got = Button(), list[str]()
    async with coroutine_scope() as scope:
        job = clicks(button).on_each(got.append).launch_in(scope)
        await settle()
        button.click("left")
        button.click("right")
        await settle()
        assert job.is_active
        assert got == ["left", "right"]
        button.click("gone")
    assert button.listeners == []


async def test_a_failure_that_it_reports_fails_the_flow() -> None:
    button, got = Button(), list[str]()

    async def collect() -> None:
        with pytest.raises(ValueError, match="broken"):
            await clicks(button).to_list(got)

    async with coroutine_scope() as scope:
        scope.launch(collect)
        await settle()
        button.click("left")
        button.click("broken")
    assert got == ["left"]
    assert button.listeners == []


@pytest.mark.parametrize("end", ["take", "failure", "cancel"])
async def test_the_callback_is_unregistered_when_the_collector_goes(end: str) -> None:
    """K209, K212"""
    button = Button()

    async def collect() -> None:
        match end:
            case "take":
                assert await clicks(button).take(1).to_list() == ["left"]
            case "failure":
                with pytest.raises(ZeroDivisionError):
                    await clicks(button).collect(lambda _: 1 // 0)
            case _:
                await clicks(button).collect()

    async with coroutine_scope() as scope:
        job = scope.launch(collect)
        await settle()
        assert len(button.listeners) == 1
        button.click("left")
        await settle()
        job.cancel()
    assert button.listeners == []


@pytest.mark.parametrize("kind", ["take", "cancel"])
async def test_an_async_cleanup_is_awaited(kind: str) -> None:
    story: list[str] = []

    async def unregister() -> None:
        await settle()
        story.append("unregistered")

    @callback_flow
    async def source(producer: ProducerScope[int]) -> None:
        producer.try_send(1)
        await producer.await_close(unregister)

    if kind == "take":
        await source().take(1).collect()
    else:
        async with coroutine_scope() as scope:
            job = source().launch_in(scope)
            await settle()
            job.cancel()
    assert story == ["unregistered"]


@callback_flow
async def hasty(producer: ProducerScope[int]) -> None:
    await producer.send(1)


async def test_a_function_that_just_returns_is_a_mistake() -> None:
    """K211"""
    got: list[int] = []
    with pytest.raises(IllegalStateError, match=r"hasty returned with its channel still open.*await_close"):
        await hasty().to_list(got)
    assert got == [1]


async def test_what_somebody_else_sends_then_fails_in_the_same_way() -> None:
    """K211"""
    producers: list[ProducerScope[int]] = []

    @callback_flow
    async def leaky(producer: ProducerScope[int]) -> None:
        producers.append(producer)
        await producer.send(1)

    with pytest.raises(IllegalStateError, match="await_close") as raised:
        await leaky().collect()
    with pytest.raises(IllegalStateError) as again:
        await producers[0].send(2)
    assert again.value is raised.value


async def test_and_so_does_what_somebody_else_is_sending_just_then_to_a_collector_who_leaves() -> None:
    """K211: a collector who stays gets it before the failure, for it was sent before"""
    failures: list[BaseException] = []
    got: list[int] = []
    async with coroutine_scope() as scope:

        async def send(producer: ProducerScope[int], n: int) -> None:
            try:
                await producer.send(n)
            except IllegalStateError as failure:
                failures.append(failure)

        @callback_flow
        async def leaky(producer: ProducerScope[int]) -> None:
            for n in (1, 2):
                scope.launch(send, producer, n)
                await settle()

        async def slowly(n: int) -> None:
            got.append(n)
            for _ in range(3):  # until the function has returned
                await settle()

        await leaky().buffer(0).on_each(slowly).take(1).collect()
        await settle()
        assert len(failures) == 1
        with pytest.raises(IllegalStateError, match="await_close"):
            await leaky().buffer(0).collect(slowly)
        assert len(failures) == 1
    assert got == [1, 1, 2]


async def test_a_function_that_has_closed_its_channel_may_return() -> None:
    """K211"""

    @callback_flow
    async def source(producer: ProducerScope[int]) -> None:
        await producer.send(1)
        producer.close()

    assert await source().to_list() == [1]


async def test_a_failure_of_the_function_comes_first() -> None:
    @callback_flow
    async def source(_: ProducerScope[int]) -> None:
        raise ValueError("function")

    with pytest.raises(ValueError, match="function"):
        await source().collect()


async def test_a_buffer_behind_it_is_its_own() -> None:
    """K206"""
    button, got = Button(), list[str]()
    async with coroutine_scope() as scope:
        gate = anyio.Event()
        conflated = clicks(button).buffer(2, BufferOverflow.DROP_OLDEST)
        conflated.on_each(got.append).on_each(lambda _: gate.wait()).launch_in(scope)
        await settle()
        for how in "abcde":
            button.click(how)
        button.click("gone")
        gate.set()
    assert got == ["a", "d", "e"]


# Threads


async def test_a_thread_that_sends_is_held_up_by_a_slow_collector() -> None:
    sent: list[int] = []
    threads: list[Caller] = []

    def work(producer: ProducerScope[int]) -> None:
        for n in range(5):
            producer.send_from_thread(n)
            sent.append(n)
        producer.send_from_thread(-1)

    @callback_flow
    async def numbers(producer: ProducerScope[int]) -> None:
        threads.append(Caller(work, producer))
        await producer.await_close()

    got: list[int] = []

    async def slowly(n: int) -> None:
        got.append(n)
        assert len(sent) <= len(got) + 2
        await settle()

    await numbers().buffer(1).take_while(lambda n: n >= 0).collect(slowly)
    assert got == [0, 1, 2, 3, 4]
    assert await threads[0].ends() is None


async def test_a_thread_that_waits_is_let_go_when_the_collector_goes() -> None:
    threads: list[Caller] = []

    def work(producer: ProducerScope[int]) -> None:
        for n in range(1000):
            producer.send_from_thread(n)

    @callback_flow
    async def numbers(producer: ProducerScope[int]) -> None:
        threads.append(Caller(work, producer))
        await producer.await_close()

    assert await numbers().buffer(0).take(2).to_list() == [0, 1]
    assert isinstance(await threads[0].ends(), Exception)


async def test_a_queue_that_a_thread_reads() -> None:
    """The shape of most sources that block: a thread reads, the end is a value."""
    source: queue.SimpleQueue[int | None] = queue.SimpleQueue()

    def pump(producer: ProducerScope[int]) -> None:
        while (value := source.get()) is not None:
            producer.send_from_thread(value)

    @callback_flow
    async def of_queue(producer: ProducerScope[int]) -> None:
        await run_sync(pump, producer)
        producer.close()

    for value in (1, 2, 3, None):
        source.put(value)
    assert await of_queue().to_list() == [1, 2, 3]


async def test_a_thread_that_never_waits() -> None:
    outcome: list[bool] = []

    def work(producer: ProducerScope[int]) -> None:
        outcome.extend(producer.try_send_from_thread(n).is_success for n in range(3))

    @callback_flow
    async def numbers(producer: ProducerScope[int]) -> None:
        thread = threading.Thread(target=work, args=(producer,))
        thread.start()
        await run_sync(thread.join)
        producer.close()

    assert await numbers().buffer(Channel.UNLIMITED).to_list() == [0, 1, 2]
    assert outcome == [True] * 3


async def test_a_thread_that_comes_too_late_is_told() -> None:
    producers: list[ProducerScope[int]] = []

    @callback_flow
    async def numbers(producer: ProducerScope[int]) -> None:
        producers.append(producer)
        producer.close()

    assert await numbers().to_list() == []
    with pytest.raises(ClosedSendChannelError):
        await run_sync(producers[0].send_from_thread, 1)


@pytest.mark.parametrize("wrong", [None, lambda producer: producer])
def test_refuses_what_is_no_async_function(wrong: Any) -> None:
    with pytest.raises(TypeError, match="@callback_flow wraps an async function"):
        callback_flow(wrong)
