"""`ProducerScope`: its `await_close` and its sending end. Facts K68 and K69."""

from __future__ import annotations

from collections.abc import Callable

import anyio
import pytest

from flowws import (
    CancellationError,
    CoroutineScope,
    IllegalStateError,
    ProducerScope,
    ReceiveChannel,
    SendChannel,
    coroutine_scope,
    select,
)
from tests.core.observing import turns

End = Callable[[CoroutineScope, ReceiveChannel[int]], object]

ENDS = [
    pytest.param(lambda _, channel: channel.cancel(), id="the consumer cancels the channel"),
    pytest.param(lambda scope, _: scope.job.cancel_children(), id="the producer is cancelled"),
    pytest.param(lambda scope, _: scope.cancel(), id="the parent is cancelled"),
]


@pytest.mark.parametrize("end", ENDS)
@pytest.mark.parametrize("early", [True, False])
async def test_k68_the_cleanup_runs_exactly_once_whichever_way_it_ends(end: End, early: bool) -> None:
    cleaned: list[str] = []

    async def body(producer: ProducerScope[int]) -> None:
        if early:
            end(scope, channel)
        await producer.await_close(lambda: cleaned.append("once"))

    async with CoroutineScope() as scope:
        channel = scope.produce(body)
        await turns()
        if not early:
            assert cleaned == []
            end(scope, channel)
        await turns()
        assert cleaned == ["once"]
    assert cleaned == ["once"]


async def test_k68_closing_from_inside_ends_it_too_and_the_function_goes_on() -> None:
    log: list[str] = []

    async def body(producer: ProducerScope[int]) -> None:
        producer.launch(close, producer)
        await producer.await_close(lambda: log.append("cleanup"))
        log.append("after")

    async def close(producer: ProducerScope[int]) -> None:
        producer.close()

    async with coroutine_scope() as scope:
        assert await scope.produce(body).to_list() == []
    assert log == ["cleanup", "after"]


async def test_k68_an_async_cleanup_is_awaited_to_its_end_also_under_cancellation() -> None:
    cleaned: list[str] = []

    async def cleanup() -> None:
        await turns(3)
        cleaned.append("to its end")

    async def body(producer: ProducerScope[int]) -> None:
        await producer.await_close(cleanup)

    async with coroutine_scope() as scope:
        scope.produce(body)
        await turns()
        scope.cancel()
    assert cleaned == ["to its end"]


async def test_await_close_needs_no_cleanup() -> None:
    async def body(producer: ProducerScope[int]) -> None:
        producer.close(ValueError("by hand"))
        await producer.await_close()

    async with coroutine_scope() as scope:
        with pytest.raises(ValueError, match="by hand"):
            await scope.produce(body).receive()


async def test_k69_another_job_may_not_wait_and_its_cleanup_does_not_run() -> None:
    cleaned: list[str] = []
    refused: list[str] = []

    async def child(producer: ProducerScope[int]) -> None:
        with pytest.raises(IllegalStateError, match="function of"):
            await producer.await_close(lambda: cleaned.append("never"))
        refused.append("child")

    async def body(producer: ProducerScope[int]) -> None:
        await producer.launch(child, producer).join()
        async with coroutine_scope():
            await child(producer)

    async with coroutine_scope() as scope:
        assert await scope.produce(body).to_list() == []
    assert refused == ["child", "child"]
    assert cleaned == []


async def test_k69_waiting_twice_or_beside_a_close_handler_is_refused() -> None:
    cleaned: list[str] = []

    async def twice(producer: ProducerScope[int]) -> None:
        producer.close()
        await producer.await_close(lambda: cleaned.append("first"))
        with pytest.raises(IllegalStateError, match="handler already"):
            await producer.await_close(lambda: cleaned.append("second"))

    async def beside(producer: ProducerScope[int]) -> None:
        producer.invoke_on_close(lambda _: None)
        with pytest.raises(IllegalStateError, match="handler already"):
            await producer.await_close()

    async with coroutine_scope() as scope:
        assert await scope.produce(twice).to_list() == []
        assert await scope.produce(beside).to_list() == []
    assert cleaned == ["first", "second"]  # what was opened before is cleaned up all the same


async def test_callbacks_become_a_channel() -> None:
    listeners: list[Callable[[int], object]] = []

    async def body(producer: ProducerScope[int]) -> None:
        listeners.append(producer.try_send)
        await producer.await_close(listeners.clear)

    async with coroutine_scope() as scope, scope.produce(body, 10).consuming() as numbers:
        await turns()
        for listener in listeners:
            listener(7)
        assert await numbers.receive() == 7
    assert listeners == []


async def test_it_is_a_scope_and_a_sending_end() -> None:
    closed_with: list[BaseException | None] = []

    async def body(producer: ProducerScope[str]) -> None:
        assert isinstance(producer, SendChannel)
        assert isinstance(producer, CoroutineScope)
        producer.invoke_on_close(closed_with.append)
        assert producer.is_active
        assert not producer.is_closed_for_send
        await producer.send("send")
        assert producer.try_send("try").is_success
        assert await select(producer.on_send("select", lambda same: same is producer))
        assert await select(producer.on_send("select")) is producer
        await producer.channel.send("channel")
        assert producer.close()
        assert producer.is_closed_for_send
        assert producer.channel.is_closed_for_send

    async with coroutine_scope() as scope:
        assert await scope.produce(body, 10).to_list() == ["send", "try", "select", "select", "channel"]
    assert closed_with == [None]


async def test_a_producer_that_cancels_itself_ends_its_channel_as_cancelled() -> None:
    async def body(producer: ProducerScope[int]) -> None:
        producer.cancel("enough of that")
        await anyio.sleep_forever()

    async with coroutine_scope() as scope:
        with pytest.raises(CancellationError, match="enough of that"):
            await scope.produce(body).receive()
