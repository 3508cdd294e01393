"""What the type checkers infer for the operators that look at one value after the other. They read this file."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import assert_type

from flowws import Flow, IndexedValue, Next, Notification, StopFlow, flow_of


async def is_long(text: str) -> bool:
    return len(text) > 3


async def join(before: str, text: str) -> str:
    return before + text


async def add(total: int, text: str) -> int:
    return total + len(text)


async def encoded(text: str) -> AsyncIterator[bytes]:
    yield text.encode()
    raise StopFlow


async def several() -> AsyncIterator[bytes]:
    yield b""


async def fetch(text: str) -> Flow[int]:
    return flow_of(len(text))


texts: Flow[str] = flow_of("a", "bc")
maybe_texts: Flow[str | None] = flow_of("a", None)


def test_what_keeps_the_type() -> None:
    assert_type(texts.filter_not(lambda text: text.isdigit()), Flow[str])
    assert_type(texts.filter_not(is_long), Flow[str])
    assert_type(texts.drop_while(lambda text: text.isdigit()), Flow[str])
    assert_type(texts.drop_while(lambda text: is_long(text)), Flow[str])  # noqa: PLW0108  # the lambda counts
    assert_type(texts.distinct_until_changed(lambda old, new: old.lower() == new.lower()), Flow[str])
    assert_type(texts.distinct_until_changed_by(str.lower), Flow[str])
    assert_type(texts.distinct_until_changed_by(is_long), Flow[str])
    assert_type(texts.cancellable(), Flow[str])
    assert_type(texts.progress(), Flow[str])
    assert_type(texts.progress(7, label="texts"), Flow[str])


def test_without_none() -> None:
    assert_type(maybe_texts.filter_not_none(), Flow[str])
    assert_type(maybe_texts.filter_not_none().map(lambda text: text.upper()), Flow[str])


def test_with_index() -> None:
    assert_type(texts.with_index(), Flow[IndexedValue[str]])
    assert_type(texts.with_index().map(lambda each: each.value), Flow[str])
    assert_type(texts.with_index().map(lambda each: each.index), Flow[int])


def test_accumulating() -> None:
    assert_type(texts.running_fold(0, lambda total, text: total + len(text)), Flow[int])
    assert_type(texts.running_fold(0, add), Flow[int])
    assert_type(texts.running_fold(0, lambda total, text: add(total, text)), Flow[int])  # noqa: PLW0108  # as above
    assert_type(texts.running_reduce(lambda before, text: before + text), Flow[str])
    assert_type(texts.running_reduce(join), Flow[str])
    assert_type(texts.running_reduce(lambda before, text: join(before, text)), Flow[str])  # noqa: PLW0108  # as above


def test_several_at_a_time() -> None:
    assert_type(texts.chunked(2), Flow[list[str]])
    assert_type(texts.chunked(timeout=0.5), Flow[list[str]])
    assert_type(texts.windowed(2, step=3), Flow[tuple[str, ...]])


def test_many_for_one() -> None:
    assert_type(texts.transform_while(encoded), Flow[bytes])
    assert_type(texts.flat_map_concat(lambda text: flow_of(len(text))), Flow[int])
    assert_type(texts.flat_map_concat(fetch), Flow[int])
    assert_type(texts.flat_map_concat(lambda text: fetch(text)), Flow[int])  # noqa: PLW0108  # the lambda counts
    assert_type(flow_of(texts, texts).flatten_concat(), Flow[str])
    assert_type(texts.map(lambda text: flow_of(len(text))).flatten_concat(), Flow[int])


def test_on_empty() -> None:
    assert_type(texts.on_empty(several), Flow[str | bytes])
    assert_type(texts.on_empty(lambda: flow_of("none")), Flow[str])


def test_notifications() -> None:
    assert_type(texts.materialize(), Flow[Notification[str]])
    assert_type(texts.materialize().dematerialize(), Flow[str])
    assert_type(flow_of(Next(1)).dematerialize(), Flow[int])
