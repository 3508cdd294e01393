"""What the type checkers infer for terminals and bridges. `assert_type` does nothing at run time."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Iterator
from typing import assert_type

import anyio

from flowws import CompletableDeferred, Flow, as_flow, flow_of

texts: Flow[str] = flow_of("a", "bc")


async def length(text: str) -> int:
    return len(text)


async def longer(one: str, two: str) -> str:
    return max(one, two, key=len)


async def add(total: int, text: str) -> int:
    return total + len(text)


async def pair(text: str) -> tuple[str, int]:
    return text, len(text)


async def test_one_value() -> None:
    assert_type(await texts.first_or_none(), str | None)
    assert_type(await texts.first_or_none(lambda text: text == "bc"), str | None)
    assert_type(await texts.last(), str)
    assert_type(await texts.last_or_none(), str | None)
    assert_type(await flow_of("a").single(), str)
    assert_type(await texts.single_or_none(), str | None)


async def test_one_result() -> None:
    assert_type(await texts.fold(0, lambda total, text: total + len(text)), int)
    assert_type(await texts.fold(0, add), int)
    assert_type(await texts.reduce(lambda one, two: one + two), str)
    assert_type(await texts.reduce(longer), str)
    assert_type(await texts.count(), int)
    assert_type(await texts.count(lambda text: text.isalpha()), int)
    assert_type(await texts.any(lambda text: text.isalpha()), bool)
    assert_type(await texts.all(length), bool)
    assert_type(await texts.none(str.isalpha), bool)


async def test_collections() -> None:
    assert_type(await texts.to_set(), set[str])
    assert_type(await texts.to_collection(deque[str]()), deque[str])
    assert_type(await texts.associate(lambda text: (text, len(text))), dict[str, int])
    assert_type(await texts.associate(pair), dict[str, int])
    assert_type(await texts.associate_by(len), dict[int, str])
    assert_type(await texts.associate_by(lambda text: text[0]), dict[str, str])
    assert_type(await texts.associate_by(length), dict[int, str])
    assert_type(await texts.associate_by(lambda text: text[0], value=lambda text: len(text)), dict[str, int])  # noqa: PLW0108  # the lambda counts
    assert_type(await texts.associate_by(lambda text: text[0], value=length), dict[str, int])
    assert_type(await texts.associate_by(length, value=length), dict[int, int])
    assert_type(await texts.associate_with(lambda text: len(text)), dict[str, int])  # noqa: PLW0108  # the lambda counts
    assert_type(await texts.associate_with(length), dict[str, int])
    assert_type(await texts.group_by(lambda text: len(text)), dict[int, list[str]])  # noqa: PLW0108  # the lambda counts
    assert_type(await texts.group_by(length), dict[int, list[str]])
    assert_type(await texts.group_by(len, value=str.encode), dict[int, list[bytes]])
    assert_type(await texts.group_by(len, value=length), dict[int, list[int]])


async def test_effects() -> None:
    await texts.collect_indexed(lambda index, text: print(index, text.upper()))


def test_as_flow() -> None:
    def numbers() -> Iterator[int]:
        yield 1

    async def letters() -> AsyncIterator[str]:
        yield "a"

    promise: CompletableDeferred[int] = CompletableDeferred.completed(1)
    assert_type(as_flow(promise), Flow[int])
    assert_type(as_flow(letters()), Flow[str])
    assert_type(as_flow(numbers()), Flow[int])
    assert_type(as_flow(letters), Flow[str])
    assert_type(as_flow(numbers), Flow[int])
    assert_type(as_flow(lambda: iter([1])), Flow[int])
    assert_type(as_flow(lambda: length("a")), Flow[int])
    send, receive = anyio.create_memory_object_stream[int](1)
    with send, receive:
        assert_type(as_flow(receive), Flow[int])


async def of_a_queue(queue: asyncio.Queue[int]) -> Flow[int]:
    return as_flow(queue)
