"""`pausable`."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest

from flowws import (
    CancellationError,
    MutableSharedFlow,
    MutableStateFlow,
    SharingStarted,
    coroutine_scope,
    delay,
    flow,
    flow_of,
    interval,
)
from flowws.testing import TestScope
from tests.flows.timed import at, stamped
from tests.flows.upstream import Upstream, settle


async def test_an_open_gate_is_no_gate() -> None:
    assert await flow_of(1, None, 3).pausable(MutableStateFlow(True)).to_list() == [1, None, 3]


async def test_nothing_passes_while_the_gate_is_closed_and_nothing_is_dropped(test_scope: TestScope) -> None:
    gate = MutableStateFlow(True)
    came = test_scope.async_(stamped, test_scope, at((0, 1), (1, 2), (2, 3), (9, 4)).pausable(gate))
    await delay(0.5)
    gate.value = False
    await delay(5)
    gate.value = True
    assert await came == [(0, 1), (5.5, 2), (6.5, 3), (13.5, 4)]


async def test_what_is_above_does_not_begin_before_the_gate_opens() -> None:
    gate = MutableStateFlow(False)
    upstream = Upstream(1, 2, endless=True)
    async with coroutine_scope() as scope:
        job = upstream.flow().pausable(gate).launch_in(scope)
        await settle()
        assert upstream.starts == 0
        gate.value = True
        await settle()
        assert upstream.story == ["start", 1, 2]
        job.cancel()


async def test_a_gate_that_closes_on_a_value_keeps_the_next_one_from_being_asked_for() -> None:
    gate = MutableStateFlow(True)
    upstream = Upstream(1, 2, endless=True)
    got: list[int] = []

    def close(n: int) -> None:
        got.append(n)
        gate.value = False

    async with coroutine_scope() as scope:
        job = upstream.flow().pausable(gate).on_each(close).launch_in(scope)
        await settle()
        assert (upstream.story, got) == (["start", 1], [1])
        gate.value = True
        await settle()
        assert (upstream.story, got) == (["start", 1, 2], [1, 2])
        job.cancel()
    assert gate.subscription_count.value == 0
    assert upstream.starts == len(upstream.ends)


async def test_a_hot_flow_is_subscribed_to_all_the_same() -> None:
    gate = MutableStateFlow(False)
    feed = MutableSharedFlow[int](extra_buffer_capacity=2)
    got: list[int] = []
    async with coroutine_scope() as scope:
        job = feed.pausable(gate).on_each(got.append).launch_in(scope)
        assert [feed.try_emit(n) for n in (1, 2, 3)] == [True, True, False]
        await settle()
        assert got == []
        gate.value = True
        await settle()
        assert got == [1, 2]
        job.cancel()


async def test_a_gate_that_opens_and_closes_at_once_opens_nothing() -> None:
    gate = MutableStateFlow(False)
    got: list[int] = []
    async with coroutine_scope() as scope:
        job = flow_of(1).pausable(gate).on_each(got.append).launch_in(scope)
        await settle()
        gate.value = True
        gate.value = False
        await settle()
        assert got == []
        job.cancel()


async def test_an_end_or_a_failure_passes_a_closed_gate(test_scope: TestScope) -> None:
    for failure in (None, ValueError("above"), CancellationError("above")):
        gate = MutableStateFlow(True)
        seen: list[BaseException | None] = []

        def close(_: int, gate: MutableStateFlow[bool] = gate) -> None:
            gate.value = False

        chain = at((0, 1), end=5, failure=failure).on_each(close)
        job = chain.pausable(gate).on_completion(seen.append).catch(lambda _: None).launch_in(test_scope)
        await delay(1)
        gate.value = True
        await delay(1)
        gate.value = False
        await job.join()
        assert seen == [failure]


async def test_two_collections_share_the_gate(test_scope: TestScope) -> None:
    gate = MutableStateFlow(False)
    chain = interval(1).take(2).pausable(gate)
    one, other = (test_scope.async_(stamped, test_scope, chain) for _ in range(2))
    await delay(3)
    gate.value = True
    assert await one == await other == [(3, 0), (4, 1)]


async def test_a_gate_made_of_any_flow(test_scope: TestScope) -> None:
    async with coroutine_scope() as scope:
        awake = at((2, True), end=60).state_in(scope, SharingStarted.EAGERLY, initial=False)
        assert await stamped(test_scope, flow_of("a").pausable(awake)) == [(2, "a")]
        scope.cancel()


@pytest.mark.parametrize("gate", [True, False])
async def test_ending_early_closes_what_is_above(gate: bool) -> None:
    closed = MutableStateFlow(gate)
    upstream = Upstream(1, endless=True)
    chain = upstream.flow().pausable(closed)
    if gate:
        assert await chain.first() == 1
        assert upstream.ends == ["closed"]
    async with coroutine_scope() as scope:
        job = chain.launch_in(scope)
        await settle()
        job.cancel()
    assert upstream.starts == len(upstream.ends)
    assert closed.subscription_count.value == 0


async def test_a_failure_below_is_known_above() -> None:
    seen: list[BaseException | None] = []

    @flow
    async def source() -> AsyncIterator[int]:
        yield 1

    def fail(_: int) -> None:
        raise ValueError("below")

    with pytest.raises(ValueError, match="below"):
        await source().on_completion(seen.append).pausable(MutableStateFlow(True)).collect(fail)
    assert [str(each) for each in seen] == ["below"]


@pytest.mark.parametrize("wrong", [None, True, flow_of(True)])
def test_what_is_no_state_is_refused(wrong: Any) -> None:
    with pytest.raises(TypeError, match="gate must be a StateFlow of bools, not"):
        flow_of(1).pausable(wrong)
