"""What the type checkers infer about buffers and flows that send: mypy and pyright read this file."""

from __future__ import annotations

from contextvars import Context
from typing import assert_type

from flowws import (
    BufferOverflow,
    Channel,
    CoroutineContext,
    Flow,
    ProducerScope,
    ReceiveChannel,
    callback_flow,
    channel_flow,
    coroutine_scope,
    flow_of,
)

texts: Flow[str] = flow_of("a", "bc")


async def length(text: str) -> int:
    return len(text)


@channel_flow
async def lengths(producer: ProducerScope[int], *words: str, extra: int = 0) -> None:
    for word in words:
        await producer.send(len(word) + extra)


@callback_flow
async def clicks(producer: ProducerScope[str]) -> None:
    producer.close()
    await producer.await_close()


def test_what_keeps_the_type() -> None:
    assert_type(texts.buffer(), Flow[str])
    assert_type(texts.buffer(Channel.UNLIMITED), Flow[str])
    assert_type(texts.buffer(3, BufferOverflow.DROP_LATEST), Flow[str])
    assert_type(texts.conflate(), Flow[str])
    assert_type(texts.conflate_by(lambda text: len(text)), Flow[str])  # noqa: PLW0108  # the lambda counts
    assert_type(texts.conflate_by(len), Flow[str])
    assert_type(texts.conflate_by(length), Flow[str])
    assert_type(texts.conflate_by(lambda text: length(text)), Flow[str])  # noqa: PLW0108  # the lambda counts
    assert_type(texts.flow_on(CoroutineContext(name="feed")), Flow[str])
    assert_type(texts.flow_on(Context()), Flow[str])
    assert_type(texts.buffer().map(len), Flow[int])


def test_functions_that_send() -> None:
    assert_type(lengths("a", "bc", extra=1), Flow[int])
    assert_type(lengths("a").map(str), Flow[str])
    assert_type(clicks(), Flow[str])


async def test_a_channel_of_a_flow() -> None:
    async with coroutine_scope() as scope:
        channel = texts.map(len).produce_in(scope)
        assert_type(channel, ReceiveChannel[int])
        assert_type(await channel.receive(), int)
        channel.cancel()
