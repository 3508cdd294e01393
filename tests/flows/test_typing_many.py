"""What the type checkers infer for operators over many flows. `assert_type` does nothing at run time."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import assert_type

from flowws import (
    Flow,
    GroupedFlow,
    MutableStateFlow,
    combine,
    combine_transform,
    empty_flow,
    flow_of,
    merge,
    race,
)

texts: Flow[str] = flow_of("a", "bc")
numbers: Flow[int] = flow_of(1, 2)
flags: Flow[bool] = flow_of(True)


async def length(text: str) -> int:
    return len(text)


async def flow_of_bytes(text: str) -> Flow[bytes]:
    return flow_of(text.encode())


async def twice(text: str) -> AsyncIterator[bytes]:
    yield text.encode()
    yield text.encode()


async def weigh(number: int, text: str) -> float:
    return number * len(text)


def total(*each: int) -> int:
    return sum(each)


async def apart(number: int, text: str) -> AsyncIterator[int | str]:
    yield number
    yield text


def test_latest() -> None:
    assert_type(texts.transform_latest(twice), Flow[bytes])
    assert_type(texts.transform_latest(lambda text: flow_of(len(text))), Flow[int])
    assert_type(texts.map_latest(length), Flow[int])
    assert_type(texts.map_latest(lambda text: length(text)), Flow[int])  # noqa: PLW0108  # the lambda counts
    assert_type(texts.map_latest(lambda text: text.encode()), Flow[bytes])
    assert_type(texts.flat_map_latest(lambda text: flow_of(len(text))), Flow[int])
    assert_type(texts.flat_map_latest(flow_of_bytes), Flow[bytes])


def test_merge() -> None:
    assert_type(texts.flat_map_merge(lambda text: flow_of(len(text)), 3), Flow[int])
    assert_type(texts.flat_map_merge(flow_of_bytes), Flow[bytes])
    assert_type(texts.map(lambda text: flow_of(len(text))).flatten_merge(), Flow[int])
    assert_type(merge(texts, texts), Flow[str])
    assert_type(merge(numbers, flags), Flow[int])
    assert_type(race(texts, texts), Flow[str])


def test_concurrent() -> None:
    assert_type(texts.map_concurrent(length, 3), Flow[int])
    assert_type(texts.map_concurrent(lambda text: length(text), 3, ordered=False), Flow[int])  # noqa: PLW0108  # as above
    assert_type(texts.map_concurrent(len, limit=3), Flow[int])


def test_zip() -> None:
    assert_type(numbers.zip(texts), Flow[tuple[int, str]])
    assert_type(numbers.zip(texts, weigh), Flow[float])
    assert_type(numbers.zip(texts, lambda number, text: text * number), Flow[str])


def test_combine() -> None:
    assert_type(numbers.combine(texts), Flow[tuple[int, str]])
    assert_type(numbers.combine(texts, weigh), Flow[float])
    assert_type(numbers.combine(texts, lambda number, text: text * number), Flow[str])
    assert_type(numbers.combine(MutableStateFlow("a")), Flow[tuple[int, str]])
    assert_type(combine(numbers, texts), Flow[tuple[int, str]])
    assert_type(combine(numbers, texts, flags), Flow[tuple[int, str, bool]])
    assert_type(combine(numbers, texts, flags, numbers), Flow[tuple[int, str, bool, int]])
    assert_type(combine(numbers, texts, flags, numbers, texts), Flow[tuple[int, str, bool, int, str]])
    assert_type(combine(*[numbers, numbers]), Flow[tuple[int, ...]])
    assert_type(combine(numbers, texts, transform=weigh), Flow[float])
    assert_type(combine(numbers, texts, transform=lambda number, text: text * number), Flow[str])
    assert_type(combine(numbers, texts, flags, transform=lambda number, text, flag: flag), Flow[bool])
    assert_type(combine(*[numbers, numbers], transform=total), Flow[int])


def test_combine_transform() -> None:
    assert_type(numbers.combine_transform(texts, apart), Flow[int | str])
    assert_type(combine_transform(numbers, texts, transform=apart), Flow[int | str])


def test_beside_others() -> None:
    assert_type(numbers.with_latest_from(texts), Flow[tuple[int, str]])
    assert_type(numbers.with_latest_from(texts, weigh), Flow[float])
    assert_type(numbers.with_latest_from(texts, lambda number, text: text * number), Flow[str])
    assert_type(numbers.take_until(texts), Flow[int])
    assert_type(numbers.take_until(empty_flow()), Flow[int])


def test_groups() -> None:
    assert_type(texts.group_by_key(len), Flow[GroupedFlow[int, str]])
    assert_type(texts.group_by_key(length), Flow[GroupedFlow[int, str]])
    assert_type(texts.group_by_key(lambda text: text[0]), Flow[GroupedFlow[str, str]])
    assert_type(texts.group_by_key(len).flat_map_merge(lambda group: group), Flow[str])
    assert_type(texts.group_by_key(len).map(lambda group: group.key), Flow[int])
