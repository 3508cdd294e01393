"""`channel_flow`: a function that sends."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import aclosing
from typing import Any, cast

import anyio
import pytest

from flowws import (
    BufferOverflow,
    ClosedSendChannelError,
    Flow,
    ProducerScope,
    channel_flow,
    coroutine_scope,
    current_job,
    non_cancellable,
)
from tests.flows.upstream import settle


@channel_flow
async def counted(producer: ProducerScope[int], until: int, *, step: int = 1) -> None:
    for n in range(0, until, step):
        await producer.send(n)


@channel_flow
async def endless(producer: ProducerScope[int]) -> None:
    await producer.send(1)
    await anyio.Event().wait()


async def test_gives_what_is_sent() -> None:
    assert await counted(6, step=2).to_list() == [0, 2, 4]


async def test_runs_anew_for_every_collection() -> None:
    """K148"""
    values = counted(3)
    assert await values.to_list() == await values.to_list() == [0, 1, 2]


async def test_building_it_runs_nothing() -> None:
    """K139"""
    counted(3).map(str)
    wrong: Any = channel_flow(cast("Any", _explode))
    wrong(1)


async def _explode(_: Any) -> None:
    raise AssertionError("nobody collects this")


async def test_jobs_may_send_too_and_are_waited_for() -> None:
    """K143, K208"""

    @channel_flow
    async def both(producer: ProducerScope[str]) -> None:
        async def later(value: str) -> None:
            await settle()
            await producer.send(value)

        producer.launch(later, "a job")
        producer.launch(later, "another job")
        await producer.send("the function")

    assert sorted(await both().to_list()) == ["a job", "another job", "the function"]


async def test_a_send_from_elsewhere_after_the_end_is_refused() -> None:
    """K208"""
    producers: list[ProducerScope[int]] = []

    @channel_flow
    async def leaky(producer: ProducerScope[int]) -> None:
        producers.append(producer)
        await producer.send(1)

    assert await leaky().to_list() == [1]
    with pytest.raises(ClosedSendChannelError):
        await producers[0].send(2)
    assert producers[0].try_send(2).is_closed


@pytest.mark.parametrize("where", ["function", "job"])
async def test_a_failure_fails_the_flow_and_cancels_the_rest(where: str) -> None:
    """K209"""
    failure = ValueError(where)
    cancelled: list[str] = []

    async def wait(name: str) -> None:
        try:
            await anyio.Event().wait()
        finally:
            cancelled.append(name)

    @channel_flow
    async def failing(producer: ProducerScope[int]) -> None:
        async def fail() -> None:
            await settle()
            raise failure

        await producer.send(1)
        producer.launch(wait, "sibling")
        if where == "job":
            producer.launch(fail)
            await wait("function")
        else:
            await fail()

    got: list[int] = []
    with pytest.raises(ValueError, match=where) as raised:
        await failing().to_list(got)
    assert raised.value is failure
    assert got == [1]
    assert sorted(cancelled) == (["sibling"] if where == "function" else ["function", "sibling"])


@pytest.mark.parametrize("end", ["take", "failure", "break", "cancel"])
async def test_when_the_collection_ends_the_function_is_cancelled_and_the_channel_closed(end: str) -> None:
    """K209"""
    story: list[str] = []

    @channel_flow
    async def source(producer: ProducerScope[int]) -> None:
        producer.invoke_on_close(lambda _: story.append("closed"))
        try:
            await producer.send(1)
            await anyio.Event().wait()
        finally:
            story.append("cancelled")
            with non_cancellable():
                await settle()
            story.append(f"sends in vain: {producer.try_send(2).is_closed}")

    match end:
        case "take":
            assert await source().take(1).to_list() == [1]
        case "failure":
            with pytest.raises(ZeroDivisionError):
                await source().collect(lambda n: n // 0)
        case "break":
            async with aclosing(cast("Any", aiter(source()))) as values:
                await anext(values)
        case _:
            async with coroutine_scope() as scope:
                job = source().launch_in(scope)
                await settle()
                job.cancel()
    assert sorted(story) == ["cancelled", "closed", "sends in vain: True"]


async def test_closing_by_hand_ends_the_flow_and_then_the_function() -> None:
    """K210"""
    story: list[str] = []

    @channel_flow
    async def source(producer: ProducerScope[int]) -> None:
        await producer.send(1)
        producer.close()
        story.append("goes on")
        try:
            await anyio.Event().wait()
        finally:
            story.append("cancelled")

    assert await source().to_list() == [1]
    assert story == ["goes on", "cancelled"]


async def test_closing_by_hand_with_a_cause_fails_the_flow() -> None:
    @channel_flow
    async def source(producer: ProducerScope[int]) -> None:
        await producer.send(1)
        producer.close(ValueError("cause"))

    got: list[int] = []
    with pytest.raises(ValueError, match="cause"):
        await source().to_list(got)
    assert got == [1]


async def test_a_failure_after_closing_by_hand_is_not_lost() -> None:
    """K210: the function is still part of the collection"""

    @channel_flow
    async def source(producer: ProducerScope[int]) -> None:
        await producer.send(1)
        producer.close()
        try:
            await anyio.Event().wait()
        finally:
            raise ValueError("in the end")

    with pytest.raises(ValueError, match="in the end"):
        await source().to_list()


# Its channel


def trying(tries: list[bool]) -> Flow[int]:
    @channel_flow
    async def source(producer: ProducerScope[int]) -> None:
        tries.extend(producer.try_send(n).is_success for n in range(4))

    return source()


async def test_a_buffer_behind_it_is_its_own() -> None:
    """K206: the first was handed over, the second buffered, for the third there was no room"""
    tries: list[bool] = []
    assert await trying(tries).buffer(1).to_list() == [0, 1]
    assert tries == [True, True, False, False]


async def test_so_is_what_it_drops() -> None:
    """K206"""
    assert await trying([]).conflate().to_list() == [0, 3]
    assert await trying([]).buffer(2, BufferOverflow.DROP_LATEST).to_list() == [0, 1, 2]


async def test_without_one_it_has_room_for_64() -> None:
    """K206"""
    tries: list[bool] = []

    @channel_flow
    async def source(producer: ProducerScope[int]) -> None:
        tries.extend(producer.try_send(n).is_success for n in range(100))

    await source().collect()
    assert tries == [True] * 65 + [False] * 35


async def test_and_so_is_the_channel_of_produce_in() -> None:
    """K206"""
    tries: list[bool] = []
    async with coroutine_scope() as scope:
        channel = trying(tries).buffer(1).produce_in(scope)
        assert await channel.to_list() == [0, 1]
    assert tries == [True, True, False, False]


async def test_an_operator_in_between_makes_it_another_channel() -> None:
    tries: list[bool] = []
    assert await trying(tries).map(lambda n: n).buffer(1).to_list() == [0, 1, 2, 3]
    assert tries == [True] * 4


async def test_what_is_left_in_the_channel_when_the_collector_goes_is_dropped() -> None:
    assert await counted(10).take(3).to_list() == [0, 1, 2]
    assert await counted(1000).take(3).to_list() == [0, 1, 2]


async def test_the_producer_is_a_job_that_is_called_after_the_function() -> None:
    @channel_flow
    async def named(producer: ProducerScope[str]) -> None:
        job = current_job()
        assert job is producer.job
        await producer.send(job.name)

    assert await named().map(lambda name: name.rsplit(".", 1)[1]).to_list() == ["named"]


async def test_nested() -> None:
    @channel_flow
    async def outer(producer: ProducerScope[int]) -> None:
        await counted(3).collect(producer.send)
        await counted(3).buffer(0).map(lambda n: n * 10).collect(producer.send)

    assert await outer().to_list() == [0, 1, 2, 0, 10, 20]


async def test_ending_before_it_began() -> None:
    """K202, K218: it begins all the same, and meets its cancellation at its first wait"""
    story: list[str] = []

    @channel_flow
    async def source(_: ProducerScope[int]) -> None:
        story.append("began")
        await anyio.lowlevel.checkpoint()
        story.append("never")

    with anyio.CancelScope() as deadline:
        deadline.cancel()
        await source().collect()
    assert story == ["began"]
    aiter(source())
    assert story == ["began"]


def test_reading_it() -> None:
    assert repr(counted(3, step=2)) == "counted(3, step=2)"
    assert repr(counted(3).buffer(7).map(str)) == "counted(3).buffer(7).map(str)"
    assert counted.__name__ == "counted"


async def generator(_: Any) -> AsyncIterator[int]:
    yield 1


@pytest.mark.parametrize("wrong", [None, generator, lambda producer: producer])
def test_refuses_what_is_no_async_function(wrong: Any) -> None:
    with pytest.raises(TypeError, match="@channel_flow wraps an async function"):
        channel_flow(wrong)
