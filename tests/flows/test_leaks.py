"""What is over is let go: values, subscribers, chains."""

from __future__ import annotations

import gc
import weakref
from collections.abc import AsyncIterator
from typing import Any

import pytest

from flowws import (
    BufferOverflow,
    Channel,
    CoroutineScope,
    Flow,
    MutableSharedFlow,
    MutableStateFlow,
    SharingStarted,
    coroutine_scope,
    flow,
    flow_of,
)
from tests.flows.upstream import Upstream, settle


class Value:
    """Something that can be watched as it goes."""


def alive(references: list[weakref.ref[Any]]) -> int:
    gc.collect()
    return sum(reference() is not None for reference in references)


def emit_new(shared: MutableSharedFlow[Value], count: int) -> list[weakref.ref[Any]]:
    references: list[weakref.ref[Any]] = []
    for _ in range(count):
        value = Value()
        references.append(weakref.ref(value))
        assert shared.try_emit(value)
    return references


async def test_a_shared_flow_keeps_its_replay_and_no_more() -> None:
    shared = MutableSharedFlow[Value](replay=3)
    references = emit_new(shared, 10)
    assert alive(references) == 3
    shared.reset_replay_cache()
    assert alive(references) == 0


async def test_values_are_let_go_when_all_have_taken_them() -> None:
    shared = MutableSharedFlow[Value](extra_buffer_capacity=10)
    one: Any = aiter(shared)
    two: Any = aiter(shared)
    references = emit_new(shared, 10)
    for _ in range(10):
        await anext(one)
    assert alive(references) == 10
    for _ in range(4):
        await anext(two)
    assert alive(references) == 6 + 1  # and the one that was delivered last
    for _ in range(6):
        await anext(two)
    async with coroutine_scope() as scope:
        waiting = [scope.launch(anext, one), scope.launch(anext, two)]
        await settle()
        assert alive(references) == 0
        for job in waiting:
            job.cancel()
    await two.aclose()
    await one.aclose()
    assert alive(references) == 0


async def test_a_subscriber_that_does_not_read_keeps_no_more_than_the_buffer() -> None:
    shared = MutableSharedFlow[Value](0, 3, BufferOverflow.DROP_OLDEST)
    stalled: Any = aiter(shared)
    reading: Any = aiter(shared)
    references = emit_new(shared, 100)
    assert alive(references) == 3
    await anext(reading)
    references += emit_new(shared, 100)
    assert alive(references) <= 4  # and the one that was delivered last
    await stalled.aclose()
    await reading.aclose()


async def test_a_subscriber_that_does_not_read_keeps_no_trace_of_what_it_missed() -> None:
    def nodes() -> int:
        return sum(type(each).__name__ == "Node" for each in gc.get_objects())

    shared = MutableSharedFlow[int](0, 3, BufferOverflow.DROP_OLDEST)
    stalled: Any = aiter(shared)
    busy: Any = aiter(shared)
    before = nodes()
    assert shared.try_emit(0)
    await anext(busy)
    for n in range(1000):
        assert shared.try_emit(n)
    assert 3 <= nodes() - before <= 5
    await stalled.aclose()
    await busy.aclose()


async def test_a_long_list_of_values_goes_without_exhausting_the_stack() -> None:
    shared = MutableSharedFlow[Value](extra_buffer_capacity=100_000)
    stalled: Any = aiter(shared)
    references = emit_new(shared, 100_000)
    await stalled.aclose()
    assert alive(references) == 0


async def test_the_values_of_cancelled_emitters_are_let_go() -> None:
    shared = MutableSharedFlow[Value]()
    stalled: Any = aiter(shared)
    references: list[weakref.ref[Any]] = []
    async with coroutine_scope() as scope:
        for _ in range(5):
            value = Value()
            references.append(weakref.ref(value))
            scope.launch(shared.emit, value)
        value = Value()
        await settle()
        assert alive(references) == 5
        scope.job.cancel_children()
    await settle()
    assert alive(references) == 0
    await stalled.aclose()


async def test_a_long_backlog_goes_without_running_out_of_stack() -> None:
    shared = MutableSharedFlow[int](extra_buffer_capacity=300_000)
    stalled: Any = aiter(shared)
    for n in range(300_000):
        assert shared.try_emit(n)
    await stalled.aclose()
    assert shared.try_emit(1)


async def test_a_state_lets_old_values_go() -> None:
    state = MutableStateFlow(Value())
    references: list[weakref.ref[Any]] = []
    async with CoroutineScope() as scope:
        state.launch_in(scope)
        unread: Any = aiter(state)
        for _ in range(10):
            value = Value()
            references.append(weakref.ref(value))
            state.value = value
            await settle()
        value = Value()
        assert alive(references) == 1
        del unread


@pytest.mark.parametrize("kind", ["shared", "state"])
async def test_a_hot_flow_keeps_no_former_subscriber(kind: str) -> None:
    hot: Any = MutableSharedFlow[int](replay=1) if kind == "shared" else MutableStateFlow(0)
    references: list[weakref.ref[Any]] = []

    async def subscribe() -> None:
        mine = Value()
        references.append(weakref.ref(mine))
        await hot.on_each(lambda _: mine).collect()

    async with coroutine_scope() as scope:
        for _ in range(10):
            scope.launch(subscribe)
        await settle()
        hot.try_emit(1)
        await settle()
        scope.job.cancel_children()
    assert hot.subscription_count.value == 0
    await settle()
    assert alive(references) == 0


async def test_a_hot_flow_dies_with_its_last_user() -> None:
    shared, state = MutableSharedFlow[int](replay=1), MutableStateFlow(0)
    references: list[weakref.ref[Any]] = [weakref.ref(shared), weakref.ref(state)]
    assert shared.subscription_count.value == state.subscription_count.value == 0
    async with CoroutineScope() as scope:
        shared.launch_in(scope)
        state.launch_in(scope)
        await settle()
    del shared, state
    await settle()
    assert alive(references) == 0


async def test_a_collection_keeps_nothing_of_its_flow() -> None:
    values = [Value() for _ in range(5)]
    references: list[weakref.ref[Any]] = [weakref.ref(value) for value in values]
    start: Any = 0
    chain = flow_of(*values).map(lambda value: value).scan(start, lambda _, value: value).distinct_until_changed()
    latest = chain.flat_map_latest(flow_of)
    assert len(await latest.to_list()) == 6
    del values, chain, latest
    await settle()
    assert alive(references) == 0


async def test_a_failed_collection_keeps_nothing_of_its_flow() -> None:
    references: list[weakref.ref[Any]] = []

    async def fail() -> None:
        value = Value()
        references.append(weakref.ref(value))
        await flow_of(value).on_completion(lambda _: None).map(lambda _: 1 / 0).collect()

    with pytest.raises(ZeroDivisionError):
        await fail()
    await settle()
    assert alive(references) == 0


async def test_a_job_that_a_cleanup_launches_does_not_keep_the_failure() -> None:
    """The reason for a closing is told in a context variable, which a job that is launched meanwhile would copy."""

    class FailureError(ValueError):
        pass

    references: list[weakref.ref[Any]] = []

    def fail(_: int) -> None:
        failure = FailureError("below")
        references.append(weakref.ref(failure))
        raise failure

    async with CoroutineScope() as scope:
        endless = Upstream(1, endless=True).flow()

        def launch_another(_: BaseException | None) -> None:
            endless.launch_in(scope)

        chain = flow_of(1).on_completion(launch_another)
        try:
            await chain.collect(fail)
        except FailureError:
            pass
        await settle()
        assert alive(references) == 0


async def test_a_state_in_that_is_over_lets_its_upstream_go() -> None:
    upstream = Upstream(Value(), endless=True)
    async with CoroutineScope() as scope:
        source: Flow[Any] = upstream.flow()
        kept: list[weakref.ref[Any]] = [weakref.ref(upstream)]
        state: Any = source.state_in(scope, SharingStarted.while_subscribed(), None)
        await state.first(lambda value: value is not None)
        await settle()
    del source, upstream
    await settle()
    assert alive(kept) == 0
    assert state.value is not None


async def test_a_flow_that_was_never_started_lets_go() -> None:
    def begin() -> tuple[weakref.ref[Any], Any]:
        channel = Channel[int]()

        @flow
        async def through() -> AsyncIterator[int]:
            async for n in channel.receive_as_flow():
                yield n

        return weakref.ref(channel), aiter(through().map(lambda n: n))

    reference, iterator = begin()
    assert alive([reference]) == 1
    del iterator
    assert alive([reference]) == 0
