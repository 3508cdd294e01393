"""`subscribe`: subscribers of a hot flow with a policy of their own."""

from __future__ import annotations

import gc
from itertools import pairwise
from typing import Any

import anyio.lowlevel
import pytest

from flowws import (
    BufferOverflow,
    Lag,
    LaggedError,
    MutableSharedFlow,
    MutableStateFlow,
    SharedFlow,
    SharingStarted,
    Subscription,
    coroutine_scope,
)
from tests.flows.subscriber import Subscriber
from tests.flows.upstream import settle

POLICIES = (Lag.DROP_OLDEST, Lag.DROP_LATEST, Lag.CONFLATE, Lag.conflate_by(lambda n: n % 2), Lag.DISCONNECT(3))


async def emit_all(shared: MutableSharedFlow[int], *values: int) -> None:
    for value in values:
        await shared.emit(value)


async def after(policy: Lag, *values: int, replay: int = 0, extra: int = 2) -> tuple[list[int], int]:
    """What a subscriber gets that reads only after all values were emitted, and what it has lost."""
    shared = MutableSharedFlow[int](replay, extra)
    subscription = shared.subscribe(on_lag=policy)
    subscriber = aiter(subscription)
    await emit_all(shared, *values)
    shared.close()
    return [n async for n in subscriber], subscription.lost


async def test_drop_oldest_keeps_the_newest_of_the_size_of_the_buffer() -> None:
    assert await after(Lag.DROP_OLDEST, 1, 2, 3, 4, 5) == ([4, 5], 3)
    assert await after(Lag.DROP_OLDEST, 1, 2, 3, extra=0) == ([3], 2)


async def test_drop_latest_keeps_the_oldest_of_the_size_of_the_buffer() -> None:
    assert await after(Lag.DROP_LATEST, 1, 2, 3, 4, 5) == ([1, 2], 3)
    assert await after(Lag.DROP_LATEST, 1, 2, 3, extra=0) == ([1], 2)


async def test_conflate_keeps_the_newest() -> None:
    assert await after(Lag.CONFLATE, 1, 2, 3, 4, 5, extra=10) == ([5], 4)


async def test_conflate_by_keeps_the_newest_of_every_key_in_the_order_of_the_keys() -> None:
    assert await after(Lag.conflate_by(lambda n: n // 10), 11, 21, 12, 31, 22) == ([12, 22, 31], 2)


async def test_disconnect_loses_nothing_up_to_its_limit() -> None:
    assert await after(Lag.DISCONNECT(4), 1, 2, 3) == ([1, 2, 3], 0)
    with pytest.raises(LaggedError, match="3 values behind") as raised:
        await after(Lag.DISCONNECT(3), 1, 2, 3, 4)
    assert raised.value.behind == 3


async def test_a_disconnected_subscriber_is_gone_and_what_waited_for_it_is_lost() -> None:
    shared = MutableSharedFlow[int](extra_buffer_capacity=1)
    subscription = shared.subscribe(Lag.DISCONNECT(2))
    late: Any = aiter(subscription)
    await emit_all(shared, 1, 2, 3)
    assert subscription.lost == 3
    with pytest.raises(LaggedError):
        await anext(late)
    assert shared.subscription_count.value == 0
    await emit_all(shared, 4, 5)
    assert subscription.lost == 3


async def test_suspend_is_the_ordinary_way() -> None:
    shared = MutableSharedFlow[int](extra_buffer_capacity=2)
    subscription = shared.subscribe()
    subscriber = Subscriber(subscription)  # type: ignore[arg-type]  # it is only iterated over
    assert [shared.try_emit(n) for n in range(3)] == [True, True, False]
    assert await subscriber.take(2) == [0, 1]
    assert subscription.lost == 0
    await subscriber.leave()


@pytest.mark.parametrize("policy", POLICIES, ids=repr)
async def test_it_holds_up_nobody(policy: Lag) -> None:
    shared = MutableSharedFlow[int]()
    stalled: Any = aiter(shared.subscribe(policy))
    assert shared.subscription_count.value == 1
    for n in range(100):
        assert shared.try_emit(n)
    quick = Subscriber(shared)
    async with coroutine_scope() as scope:
        emitting = scope.launch(emit_all, shared, 1, 2, 3)
        taken = scope.async_(quick.take, 3)
        assert await taken == [1, 2, 3]
        await emitting.join()
    await quick.leave()
    await stalled.aclose()
    assert shared.subscription_count.value == 0


@pytest.mark.parametrize("policy", POLICIES, ids=repr)
async def test_a_subscriber_that_keeps_up_loses_nothing(policy: Lag) -> None:
    shared = MutableSharedFlow[int](extra_buffer_capacity=2)
    subscription = shared.subscribe(policy)
    got: list[int] = []
    async with coroutine_scope() as scope:
        job = subscription.on_each(got.append).launch_in(scope)
        assert shared.subscription_count.value == 1  # before the job's first step
        for n in range(20):
            await shared.emit(n)
            await settle()
        job.cancel()
    assert got == list(range(20))
    assert subscription.lost == 0


@pytest.mark.parametrize(
    ("policy", "expected"),
    [
        (Lag.DROP_OLDEST, [2, 3, 4]),
        (Lag.DROP_LATEST, [1, 2, 3]),
        (Lag.CONFLATE, [4]),
        (Lag.DISCONNECT(2), [1, 2, 3, 4]),
    ],
)
async def test_the_replay_comes_first_and_does_not_count_as_lag(policy: Lag, expected: list[int]) -> None:
    shared = MutableSharedFlow[int](replay=3)
    await emit_all(shared, 0, 1, 2, 3)
    subscription = shared.subscribe(policy)
    values = aiter(subscription)
    assert subscription.lost == 0
    await shared.emit(4)
    shared.close()
    assert [n async for n in values] == expected


async def test_lost_is_counted_over_all_collections() -> None:
    shared = MutableSharedFlow[int](extra_buffer_capacity=1)
    subscription = shared.subscribe(Lag.DROP_OLDEST)
    one: Any = aiter(subscription)
    two: Any = aiter(subscription)
    await emit_all(shared, 1, 2, 3)
    assert subscription.lost == 4
    assert await anext(one) == 3
    await one.aclose()
    assert subscription.lost == 4
    await shared.emit(4)
    assert subscription.lost == 5
    del two
    gc.collect()
    assert subscription.lost == 5
    assert shared.subscription_count.value == 0


async def test_what_is_dropped_for_everybody_is_no_loss_of_one() -> None:
    """K87"""
    shared = MutableSharedFlow[int](0, 1, BufferOverflow.DROP_LATEST)
    stalled: Any = aiter(shared)
    subscription = shared.subscribe(Lag.CONFLATE)
    values: Any = aiter(subscription)
    await emit_all(shared, 1, 2)
    assert await anext(values) == 1
    assert subscription.lost == 0
    await stalled.aclose()
    await values.aclose()


async def test_a_failure_of_the_key_is_the_subscribers_own() -> None:
    shared = MutableSharedFlow[int](extra_buffer_capacity=3)
    subscription = shared.subscribe(Lag.conflate_by(lambda n: 1 // n))
    values: Any = aiter(subscription)
    await emit_all(shared, 1, 0, 1)
    with pytest.raises(ZeroDivisionError):
        await anext(values)
    assert shared.subscription_count.value == 0


async def test_on_what_share_in_returns_and_behind_on_subscription() -> None:
    source = MutableSharedFlow[int](extra_buffer_capacity=8)
    async with coroutine_scope() as scope:
        shared: SharedFlow[int] = source.share_in(scope, SharingStarted.EAGERLY)
        chain = shared.on_subscription(lambda: None).subscribe(Lag.CONFLATE)
        values: Any = aiter(chain)
        await emit_all(source, 1, 2, 3)
        await settle()
        assert (await anext(values), chain.lost) == (3, 2)
        await values.aclose()
        scope.job.cancel_children()


async def test_nobody_can_lag_behind_a_state() -> None:
    state = MutableStateFlow(1)
    assert await state.subscribe().first() == 1
    with pytest.raises(ValueError, match=r"nobody can lag behind it: got Lag\.CONFLATE"):
        state.subscribe(Lag.CONFLATE)


def test_refuses_bad_arguments() -> None:
    wrong: Any = "DROP_OLDEST"
    with pytest.raises(TypeError, match="on_lag must be a Lag, not 'DROP_OLDEST'"):
        MutableSharedFlow[int]().subscribe(wrong)
    with pytest.raises(ValueError, match="after must be 1 or more, not 0"):
        Lag.DISCONNECT(0)
    with pytest.raises(TypeError, match="key must be a function"):
        Lag.conflate_by(wrong)

    async def key(n: int) -> int:
        return n

    asynchronous: Any = key
    with pytest.raises(TypeError, match="key must not be async"):
        Lag.conflate_by(asynchronous)


def test_they_are_shown_as_they_are_written() -> None:
    assert [repr(policy) for policy in POLICIES] == [
        "Lag.DROP_OLDEST",
        "Lag.DROP_LATEST",
        "Lag.CONFLATE",
        "Lag.conflate_by(<lambda>)",
        "Lag.DISCONNECT(3)",
    ]
    subscription = MutableSharedFlow[int]().subscribe(Lag.CONFLATE)
    assert isinstance(subscription, Subscription)
    assert repr(subscription) == "<MutableSharedFlow of 0 subscribers>.subscribe(Lag.CONFLATE)"


async def test_a_full_mailbox_does_not_starve_the_neighbours() -> None:
    shared = MutableSharedFlow[int](extra_buffer_capacity=1000)
    values = aiter(shared.subscribe(Lag.DROP_OLDEST))
    for n in range(1000):
        assert shared.try_emit(n)
    shared.close()
    got: list[int] = []
    turns: list[int] = []

    async def neighbour() -> None:
        while len(got) < 1000:
            turns.append(len(got))
            await anyio.lowlevel.checkpoint()

    async with coroutine_scope() as scope:
        scope.launch(neighbour)
        async for n in values:
            got.append(n)  # noqa: PERF401  # the neighbour counts them
    assert max(after - before for before, after in pairwise(turns)) <= 3 * 129  # trio may let a task run twice in a row


async def test_disconnect_allows_no_more_once_the_replay_is_taken() -> None:
    shared = MutableSharedFlow[int](replay=2, extra_buffer_capacity=8)
    for n in (1, 2):
        await shared.emit(n)
    values = aiter(shared.subscribe(on_lag=Lag.DISCONNECT(3)))
    assert [await anext(values), await anext(values)] == [1, 2]
    for n in (3, 4, 5):
        await shared.emit(n)
    with pytest.raises(LaggedError):
        await anext(values)


async def test_what_waited_when_the_key_failed_is_counted_as_lost() -> None:
    shared = MutableSharedFlow[int](extra_buffer_capacity=8)
    subscription = shared.subscribe(on_lag=Lag.conflate_by({0: 0, 1: 1, 3: 3}.__getitem__))
    values = aiter(subscription)
    for n in range(4):
        await shared.emit(n)
    with pytest.raises(KeyError):
        await anext(values)
    assert subscription.lost == 4
