"""What the type checkers infer. `assert_type` does nothing at run time: mypy and pyright read this file."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any, assert_type

from flowws import (
    Channel,
    Flow,
    Job,
    MutableSharedFlow,
    MutableStateFlow,
    SharedFlow,
    SharingCommand,
    SharingStarted,
    StateFlow,
    as_flow,
    coroutine_scope,
    empty_flow,
    flow,
    flow_of,
)


class Animal:
    name = "animal"


class Dog(Animal):
    def bark(self) -> str:
        return self.name


async def length(text: str) -> int:
    return len(text)


async def maybe(text: str) -> int | None:
    return len(text) or None


async def add(total: int, text: str) -> int:
    return total + len(text)


async def twice(text: str) -> AsyncIterator[bytes]:
    yield text.encode()
    yield text.encode()


async def is_long(text: str) -> bool:
    return len(text) > 3


texts: Flow[str] = flow_of("a", "bc")
numbers: Flow[int] = flow_of(1, 2)


def test_builders() -> None:
    @flow
    async def counted(until: int, *, step: int = 1) -> AsyncIterator[int]:
        for n in range(0, until, step):
            yield n

    assert_type(counted(3, step=2), Flow[int])
    assert_type(flow_of(1, 2), Flow[int])
    assert_type(empty_flow(), Flow[Any])
    assert_type(as_flow(range(3)), Flow[int])
    assert_type(as_flow("abc"), Flow[str])
    assert_type(as_flow({1: "x"}), Flow[int])
    assert_type(as_flow(counted(3)), Flow[int])
    assert_type(as_flow(lambda: 7), Flow[int])


def test_map() -> None:
    assert_type(texts.map(lambda text: len(text)), Flow[int])  # noqa: PLW0108  # the lambda counts
    assert_type(texts.map(len), Flow[int])
    assert_type(texts.map(str.upper), Flow[str])
    assert_type(texts.map(length), Flow[int])
    assert_type(texts.map(lambda text: length(text)), Flow[int])  # noqa: PLW0108  # the lambda counts
    assert_type(texts.map(int).map(float), Flow[float])


def test_map_not_none() -> None:
    assert_type(texts.map_not_none({"a": 1}.get), Flow[int])
    assert_type(texts.map_not_none(lambda text: len(text) or None), Flow[int])
    assert_type(texts.map_not_none(maybe), Flow[int])
    of_a_lambda: Flow[int] = texts.map_not_none(lambda text: maybe(text))  # noqa: PLW0108  # the lambda counts
    assert_type(of_a_lambda, Flow[int])  # pyright knows it by itself; mypy says Any, as both overloads fit a lambda


def test_what_keeps_the_type() -> None:
    assert_type(texts.filter(lambda text: text.isdigit()), Flow[str])
    assert_type(texts.filter(is_long), Flow[str])
    assert_type(texts.filter(lambda text: is_long(text)), Flow[str])  # noqa: PLW0108  # the lambda counts
    assert_type(texts.on_each(print), Flow[str])
    assert_type(texts.on_each(lambda text: length(text)), Flow[str])  # noqa: PLW0108  # the lambda counts
    assert_type(texts.take(1).drop(1).distinct_until_changed(), Flow[str])
    assert_type(texts.take_while(is_long), Flow[str])
    assert_type(texts.take_while(lambda text: text != ""), Flow[str])


def test_filter_is_instance() -> None:
    mixed: Flow[int | str] = flow_of(1, "a")
    assert_type(mixed.filter_is_instance(int), Flow[int])
    animals: Flow[Animal] = flow_of(Animal(), Dog())
    assert_type(animals.filter_is_instance(Dog).map(lambda dog: dog.bark()), Flow[str])


def test_transform_and_scan() -> None:
    assert_type(texts.transform(twice), Flow[bytes])
    assert_type(texts.transform(lambda text: flow_of(len(text))), Flow[int])
    assert_type(texts.scan(0, lambda total, text: total + len(text)), Flow[int])
    assert_type(texts.scan(0, add), Flow[int])
    assert_type(texts.scan(0, lambda total, text: add(total, text)), Flow[int])  # noqa: PLW0108  # as above


def test_flat_map_latest() -> None:
    async def fetch(text: str) -> Flow[int]:
        return flow_of(len(text))

    assert_type(texts.flat_map_latest(lambda text: flow_of(len(text))), Flow[int])
    assert_type(texts.flat_map_latest(fetch), Flow[int])
    assert_type(texts.flat_map_latest(lambda text: fetch(text)), Flow[int])  # noqa: PLW0108  # the lambda counts
    assert_type(texts.flat_map_latest(lambda text: numbers.filter(lambda n: n > len(text))), Flow[int])


def test_beginning_end_and_failure() -> None:
    async def begin() -> AsyncIterator[str]:
        yield "begin"

    async def end(cause: BaseException | None) -> AsyncIterator[str]:
        yield str(cause)

    async def instead(failure: Exception) -> AsyncIterator[str]:
        yield str(failure)

    assert_type(texts.on_start(begin), Flow[str])
    assert_type(texts.on_completion(end), Flow[str])
    assert_type(texts.catch(instead), Flow[str])
    assert_type(numbers.catch(instead), Flow[int | str])
    assert_type(texts.catch(lambda failure: flow_of(str(failure))), Flow[str])


def dog_state() -> StateFlow[Dog]:
    return MutableStateFlow(Dog())


def test_flows_are_covariant() -> None:
    dogs: Flow[Dog] = flow_of(Dog())
    animals: Flow[Animal] = dogs
    assert_type(animals.map(lambda animal: animal.name), Flow[str])
    shared: SharedFlow[Animal] = dog_state()
    also: Flow[Animal] = shared
    assert_type(also.map(lambda animal: animal.name), Flow[str])


async def test_terminals() -> None:
    assert_type(await texts.to_list(), list[str])
    assert_type(await texts.first(), str)
    assert_type(await texts.first(lambda text: text == "bc"), str)
    assert_type(await texts.first(lambda text: length(text)), str)  # noqa: PLW0108  # the lambda counts
    await texts.collect(print)
    await texts.collect(length)
    async with coroutine_scope() as scope:
        assert_type(texts.launch_in(scope), Job)
    async for text in texts.map(len):
        assert_type(text, int)


async def test_hot_flows() -> None:
    shared = MutableSharedFlow[int](replay=1)
    assert_type(shared.try_emit(1), bool)
    assert_type(shared.replay_cache, tuple[int, ...])
    assert_type(shared.subscription_count, StateFlow[int])
    assert_type(shared.map(str), Flow[str])
    state = MutableStateFlow("a")
    assert_type(state, MutableStateFlow[str])
    assert_type(state.value, str)
    assert_type(state.update_and_get(lambda text: text + "b"), str)
    assert_type(state.compare_and_set("a", "b"), bool)
    async with coroutine_scope() as scope:
        assert_type(texts.state_in(scope, SharingStarted.EAGERLY, ""), StateFlow[str])
    assert_type(SharingStarted.LAZILY.command(shared.subscription_count), Flow[SharingCommand])
    assert_type(SharingStarted.while_subscribed(), SharingStarted)


def test_channels() -> None:
    channel = Channel[int]()
    assert_type(channel.receive_as_flow(), Flow[int])
    assert_type(channel.consume_as_flow().map(str), Flow[str])
