"""What the type checkers infer for hot flows: mypy and pyright read this file."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import assert_type

from flowws import (
    Flow,
    Lag,
    MutableSharedFlow,
    MutableStateFlow,
    SharedFlow,
    SharingStarted,
    StateFlow,
    Subscription,
    combine_states,
    coroutine_scope,
    flow_of,
)


class Animal: ...


class Dog(Animal): ...


async def greet() -> AsyncIterator[str]:
    yield "hello"


def total(*values: int) -> int:
    return sum(values)


def test_shared_flows() -> None:
    shared = MutableSharedFlow[int](replay=1)
    assert_type(shared.as_shared_flow(), SharedFlow[int])
    assert_type(shared.as_flow(), Flow[int])
    assert_type(shared.on_subscription(greet), SharedFlow[int | str])
    assert_type(shared.subscribe(Lag.CONFLATE), Subscription[int])
    assert_type(shared.subscribe(Lag.conflate_by(lambda n: n)).lost, int)
    assert_type(shared.subscribe(Lag.DISCONNECT(after=10)).map(str), Flow[str])
    assert_type(shared.close(ValueError("over")), bool)
    assert_type(shared.is_closed, bool)


def dog_news() -> SharedFlow[Dog]:
    return MutableSharedFlow[Dog]()


def test_they_are_covariant() -> None:
    animals: SharedFlow[Animal] = dog_news()
    animal: StateFlow[Animal] = MutableStateFlow(Dog()).as_state_flow()
    subscription: Subscription[Animal] = dog_news().subscribe()
    assert isinstance(animal.value, Dog)
    assert (animals.replay_cache, subscription.lost) == ((), 0)


def test_states() -> None:
    number, text = MutableStateFlow(1), MutableStateFlow("a")
    assert_type(number.as_state_flow(), StateFlow[int])
    assert_type(number.on_subscription(greet), StateFlow[int | str])
    assert_type(number.map_state(str), StateFlow[str])
    assert_type(number.map_state(lambda n: n / 2).value, float)
    assert_type(combine_states(number, transform=lambda n: [n]), StateFlow[list[int]])
    assert_type(combine_states(number, text, transform=lambda n, text: text * n), StateFlow[str])
    assert_type(combine_states(number, text, number, transform=lambda a, b, c: (a, b, c)).value, tuple[int, str, int])
    assert_type(combine_states(*[number, number], transform=total), StateFlow[int])
    assert_type(number.get_and_update(lambda n: n + 1), int)


async def test_sharing() -> None:
    async with coroutine_scope() as scope:
        assert_type(flow_of(1).share_in(scope, SharingStarted.EAGERLY), SharedFlow[int])
        assert_type(flow_of(1).share_in(scope, SharingStarted.EAGERLY, 1, complete=True), SharedFlow[int])
        assert_type(flow_of(1).state_in(scope, SharingStarted.EAGERLY, 0), StateFlow[int])
        assert_type(await flow_of("a").await_state_in(scope), StateFlow[str])
