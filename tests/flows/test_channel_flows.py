"""`receive_as_flow` and `consume_as_flow`."""

from __future__ import annotations

from contextlib import aclosing
from typing import Any, cast

import anyio
import pytest

from flowws import Channel, IllegalStateError, consume_as_flow, coroutine_scope, receive_as_flow
from tests.flows.upstream import settle


async def channel_of(*values: int, close: bool = True, cause: Exception | None = None) -> Channel[int]:
    channel = Channel[int](Channel.UNLIMITED)
    for value in values:
        await channel.send(value)
    if close:
        channel.close(cause)
    return channel


# receive_as_flow


async def test_receives_until_the_channel_is_closed() -> None:
    channel = await channel_of(1, 2, 3)
    assert await channel.receive_as_flow().to_list() == [1, 2, 3]


async def test_when_the_channel_is_exhausted_a_new_collection_ends_at_once() -> None:
    """K213"""
    values = (await channel_of(1)).receive_as_flow()
    assert await values.to_list() == [1]
    assert await values.to_list() == []


async def test_a_later_collection_goes_on_where_the_first_one_stopped() -> None:
    """K213"""
    channel = await channel_of(*range(10), close=False)
    values = channel.receive_as_flow()
    assert await values.take(5).to_list() == [0, 1, 2, 3, 4]
    assert not channel.is_closed_for_receive
    assert await values.first() == 5
    async with aclosing(cast("Any", aiter(values.map(lambda n: n)))) as iterator:
        assert await anext(iterator) == 6
    assert await values.take(3).to_list() == [7, 8, 9]
    assert not channel.is_closed_for_send


async def test_collectors_share_the_elements() -> None:
    """K213"""
    channel = Channel[int]()
    got: list[int] = []
    async with coroutine_scope() as scope:
        for _ in range(3):
            channel.receive_as_flow().on_each(got.append).launch_in(scope)
        for n in range(9):
            await channel.send(n)
        channel.close()
    assert sorted(got) == list(range(9))


async def test_a_failed_channel_fails_every_collection() -> None:
    """K215"""
    failure = ValueError("above")
    values = (await channel_of(1, cause=failure)).receive_as_flow()
    got: list[int] = []
    for _ in range(2):
        with pytest.raises(ValueError, match="above") as raised:
            await values.to_list(got)
        assert raised.value is failure
    assert got == [1]


async def test_a_collector_that_fails_or_is_cancelled_leaves_the_channel_open() -> None:
    channel = await channel_of(1, 2, close=False)
    with pytest.raises(ZeroDivisionError):
        await channel.receive_as_flow().collect(lambda n: n / 0)
    with anyio.CancelScope() as scope:
        scope.cancel()
        await channel.receive_as_flow().drop(1).collect()
    assert not channel.is_closed_for_send


async def test_a_cancelled_collector_loses_nothing() -> None:
    """K217, stronger: what it had just been handed goes to the next one"""
    channel = Channel[int]()
    got: list[int] = []
    async with coroutine_scope() as scope:
        job = channel.receive_as_flow().launch_in(scope)
        await settle()
        sending = scope.launch(channel.send, 1)
        job.cancel()
        await settle()
        channel.receive_as_flow().take(1).on_each(got.append).launch_in(scope)
        await sending.join()
    assert got in ([1], [])
    if not got:
        pytest.fail("the element is lost")


# consume_as_flow


async def test_consumes_until_the_channel_is_closed() -> None:
    assert await (await channel_of(1, 2)).consume_as_flow().to_list() == [1, 2]


async def test_a_second_collection_is_refused() -> None:
    """K214"""
    values = (await channel_of(1, 2)).consume_as_flow()
    await values.first()
    with pytest.raises(IllegalStateError, match="only once"):
        await values.to_list()
    with pytest.raises(IllegalStateError, match="only once"):
        aiter(values.map(lambda n: n))


@pytest.mark.parametrize("end", ["take", "first", "break", "failure", "cancellation", "dropped"])
async def test_the_channel_is_cancelled_however_the_collection_ends(end: str) -> None:
    """K214, K59"""
    channel = await channel_of(*range(10), close=False)
    values = channel.consume_as_flow()
    match end:
        case "take":
            assert await values.take(5).to_list() == [0, 1, 2, 3, 4]
        case "first":
            assert await values.first() == 0
        case "break":
            async with aclosing(cast("Any", aiter(values))) as iterator:
                await anext(iterator)
        case "failure":
            with pytest.raises(ZeroDivisionError):
                await values.collect(lambda n: n // 0)
        case "cancellation":
            with anyio.CancelScope() as scope:
                scope.cancel()
                await values.collect()
        case _:
            aiter(values.map(lambda n: n))
    assert channel.is_closed_for_send
    assert channel.is_closed_for_receive


async def test_a_failed_channel_fails_the_one_collection() -> None:
    """K215"""
    failure = ValueError("above")
    values = (await channel_of(1, cause=failure)).consume_as_flow()
    got: list[int] = []
    with pytest.raises(ValueError, match="above") as raised:
        await values.to_list(got)
    assert raised.value is failure
    assert got == [1]
    with pytest.raises(IllegalStateError):
        await values.to_list()


async def test_a_flow_that_is_never_collected_leaves_the_channel_alone() -> None:
    channel = await channel_of(1, close=False)
    channel.consume_as_flow().map(lambda n: n)
    assert not channel.is_closed_for_send


async def test_the_functions_are_the_methods() -> None:
    channel = await channel_of(1, 2, close=False)
    assert await receive_as_flow(channel).first() == 1
    assert await consume_as_flow(channel).first() == 2
    assert channel.is_closed_for_receive
    assert repr(channel.receive_as_flow()).endswith(".receive_as_flow()")
    assert repr(channel.consume_as_flow()).endswith(".consume_as_flow()")
