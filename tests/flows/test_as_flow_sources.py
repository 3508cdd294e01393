"""`as_flow` over what is no iterable: streams, queues, awaitables, generator functions."""

from __future__ import annotations

import asyncio
import queue
from collections.abc import AsyncIterator, Iterator
from typing import Any

import anyio
import anyio.lowlevel
import pytest

from flowws import CompletableDeferred, IllegalStateError, as_flow, coroutine_scope, flow_of
from tests.flows.upstream import settle

# Streams


async def test_a_memory_stream_is_shared_by_its_collectors_and_ends_the_flow_with_its_last_sender() -> None:
    send, receive = anyio.create_memory_object_stream[int](8)
    async with receive:
        for n in range(4):
            await send.send(n)
        assert await as_flow(receive).take(2).to_list() == [0, 1]
        send.close()
        assert await as_flow(receive).map(lambda n: n * 10).to_list() == [20, 30]
        assert await as_flow(receive).to_list() == []


async def test_a_stream_that_is_closed_by_its_reader_fails_the_flow() -> None:
    send, receive = anyio.create_memory_object_stream[int](1)
    send.close()
    receive.close()
    with pytest.raises(anyio.ClosedResourceError):
        await as_flow(receive).to_list()


# Queues


@pytest.mark.asyncio_only("the queue is asyncio's")
async def test_every_item_of_a_queue_goes_to_one_collector() -> None:
    items = asyncio.Queue[int]()
    chain = as_flow(items)
    for n in range(4):
        items.put_nowait(n)
    assert await chain.take(2).to_list() == [0, 1]
    assert await chain.first() == 2
    assert items.get_nowait() == 3


@pytest.mark.asyncio_only("the queue is asyncio's")
async def test_an_item_is_done_when_the_next_one_is_asked_for_or_nobody_asks() -> None:
    items = asyncio.Queue[int]()
    for n in range(3):
        items.put_nowait(n)
    seen: list[bool] = []
    async with coroutine_scope() as scope:
        everything_done = scope.launch(items.join)
        async for n in as_flow(items).take(3):
            await settle()
            seen.append(everything_done.is_completed)
            assert n == len(seen) - 1
    assert seen == [False, False, False]


@pytest.mark.asyncio_only("the queue is asyncio's")
async def test_a_collector_that_waits_for_an_item_can_be_cancelled() -> None:
    items = asyncio.Queue[int]()
    async with coroutine_scope() as scope:
        job = as_flow(items).launch_in(scope)
        await settle()
        job.cancel()
    items.put_nowait(1)
    assert items.get_nowait() == 1


class QueueShutDown(Exception):  # noqa: N818  # the name that Python 3.13 gave it
    pass


class LikeAsyncio:
    """A queue of another library."""

    def __init__(self, *items: Any, end: Exception) -> None:
        self.items = list(items)
        self.end = end
        self.done = 0

    async def get(self) -> Any:
        await anyio.lowlevel.checkpoint()
        if self.items:
            return self.items.pop(0)
        raise self.end

    def task_done(self) -> None:
        self.done += 1


async def test_a_queue_that_is_shut_down_ends_the_flow() -> None:
    items = LikeAsyncio(1, None, 2, end=QueueShutDown())
    assert await as_flow(items).to_list() == [1, None, 2]
    assert items.done == 3


async def test_a_queue_that_fails_fails_the_flow() -> None:
    items = LikeAsyncio(1, end=ValueError("broken"))
    with pytest.raises(ValueError, match="broken"):
        await as_flow(items).to_list()
    assert items.done == 1


@pytest.mark.skipif(not hasattr(asyncio, "QueueShutDown"), reason="Python 3.13 brought it")
@pytest.mark.asyncio_only("the queue is asyncio's")
async def test_the_real_shutdown_of_a_queue_ends_the_flow() -> None:
    items: Any = asyncio.Queue[int]()
    items.put_nowait(1)
    items.shutdown()
    assert await as_flow(items).to_list() == [1]


def test_a_queue_for_threads_is_refused() -> None:
    wrong: Any = queue.Queue[int]()
    with pytest.raises(TypeError, match="Queue object"):
        as_flow(wrong)


# Awaitables


async def test_an_awaitable_gives_one_value_to_every_collection() -> None:
    promise = CompletableDeferred[int]()
    chain = as_flow(promise)
    promise.complete(7)
    assert await chain.to_list() == [7]
    assert await chain.map(lambda n: n + 1).to_list() == [8]


@pytest.mark.asyncio_only("the future is asyncio's")
async def test_a_future_is_awaited_though_it_can_be_iterated() -> None:
    future = asyncio.get_running_loop().create_future()
    future.set_result([1, 2])
    assert await as_flow(future).to_list() == [[1, 2]]


async def test_a_coroutine_can_be_collected_once() -> None:
    async def fetch() -> int:
        await anyio.lowlevel.checkpoint()
        return 7

    chain = as_flow(fetch())
    assert await chain.to_list() == [7]
    with pytest.raises(IllegalStateError, match="fetch"):
        await chain.to_list()


async def test_an_awaitable_that_fails_fails_the_flow() -> None:
    async def fail() -> int:
        raise ValueError("above")

    with pytest.raises(ValueError, match="above"):
        await as_flow(fail()).to_list()


# Functions


async def test_a_generator_function_gives_all_that_it_yields_anew_for_every_collection() -> None:
    ends: list[str] = []

    def numbers() -> Iterator[int]:
        yield 1
        yield 2

    async def letters() -> AsyncIterator[str]:
        try:
            yield "a"
            yield "b"
        finally:
            ends.append("closed")

    for _ in range(2):
        assert await as_flow(numbers).to_list() == [1, 2]
        assert await as_flow(letters).to_list() == ["a", "b"]
    assert await as_flow(letters).first() == "a"
    assert ends == ["closed"] * 3


async def test_a_function_that_returns_an_iterator_gives_all_of_that() -> None:
    assert await as_flow(lambda: iter([1, 2])).take(1).to_list() == [1]
    assert await as_flow(lambda: aiter(flow_of(1, 2))).to_list() == [1, 2]


async def test_a_function_that_gives_a_list_gives_one_value() -> None:
    assert await as_flow(lambda: [1, 2]).to_list() == [[1, 2]]


# How it shows


async def test_it_shows_where_it_comes_from() -> None:
    def number() -> int:
        return 7

    assert repr(as_flow(number)).startswith("as_flow(")
    assert repr(as_flow(LikeAsyncio(end=ValueError()))).startswith("as_flow(<")
    assert "number" in repr(as_flow(number))
    assert repr(as_flow(flow_of(1))) == "flow_of(1)"
