"""What type checkers make of producers, actors and tickers. mypy and pyright read this file; pytest runs it as well."""

from __future__ import annotations

from typing import assert_type

from flowws import (
    ActorScope,
    Channel,
    ChannelResult,
    ProducerScope,
    ReceiveChannel,
    SendChannel,
    coroutine_scope,
    select,
    ticker,
)


async def numbers(producer: ProducerScope[int]) -> None:
    assert_type(producer.channel, SendChannel[int])
    assert_type(await producer.send(1), None)
    assert_type(producer.try_send(2), ChannelResult[None])
    assert_type(await select(producer.on_send(3)), ProducerScope[int])


async def printer(actor: ActorScope[str]) -> None:
    assert_type(actor.channel, Channel[str])
    assert_type(await actor.receive(), str)
    assert_type(await actor.receive_catching(), ChannelResult[str])
    assert_type([text async for text in actor], list[str])


async def test_the_types_of_producers_and_actors() -> None:
    async with coroutine_scope() as scope:
        channel = scope.produce(numbers, 10)
        assert_type(channel, ReceiveChannel[int])
        assert_type(await channel.receive(), int)
        async with channel.consuming() as elements:
            assert_type(elements, ReceiveChannel[int])
            into: set[object] = set()
            await elements.consume_to(into)
        mailbox = scope.actor(printer, 10)
        assert_type(mailbox, SendChannel[str])
        for text in ("one", "two", "three"):
            await mailbox.send(text)
        mailbox.close()
        with ticker(0).consume() as ticks:
            assert_type(ticks, ReceiveChannel[None])
    assert into == {2, 3}


def test_the_types_of_results() -> None:
    result = ChannelResult.success(3)
    assert_type(result.on_success(lambda value: assert_type(value, int)), ChannelResult[int])
    assert_type(result.on_failure(lambda cause: assert_type(cause, BaseException | None)), ChannelResult[int])
