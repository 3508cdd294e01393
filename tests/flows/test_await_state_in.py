"""`await_state_in`."""

from __future__ import annotations

from typing import Any

import anyio
import pytest

from flowws import (
    CancellationError,
    Channel,
    CoroutineScope,
    MutableSharedFlow,
    MutableStateFlow,
    NoSuchElementError,
    ScopeClosedError,
    StateFlow,
    coroutine_scope,
    empty_flow,
    flow_of,
)
from tests.flows.upstream import Upstream, settle


async def test_it_returns_with_the_first_value_and_goes_on() -> None:
    """K137"""
    source = Channel[int](Channel.UNLIMITED)
    async with coroutine_scope() as scope:
        waiting = scope.async_(source.receive_as_flow().await_state_in, scope)
        await settle()
        assert waiting.is_active
        source.try_send(1)
        state = await waiting
        assert state.value == 1
        source.try_send(2)
        await settle()
        assert state.value == 2
        source.close()


async def test_it_is_a_read_only_state() -> None:
    """K135"""
    async with CoroutineScope() as scope:
        state: Any = await flow_of(1).await_state_in(scope)
        assert isinstance(state, StateFlow)
        assert not isinstance(state, MutableStateFlow)
        assert await state.first() == 1


async def test_a_hot_flow_is_subscribed_to_before_the_first_wait() -> None:
    """K75"""
    source = MutableSharedFlow[int](replay=1)
    await source.emit(1)
    async with CoroutineScope() as scope:
        state = await source.await_state_in(scope)
        assert source.subscription_count.value == 1
        assert source.try_emit(2)
        await settle()
        assert state.value == 2
    assert source.subscription_count.value == 0


async def test_without_values_it_raises_and_leaves_the_scope_alone() -> None:
    """K137"""
    async with coroutine_scope() as scope:
        with pytest.raises(NoSuchElementError, match="empty_flow"):
            await empty_flow().await_state_in(scope)
        assert scope.is_active


async def test_a_failure_before_the_first_value_is_raised_and_fails_the_scope() -> None:
    """K137"""
    failed: list[BaseException] = []
    failure = ValueError("above")
    scope = CoroutineScope(exception_handler=lambda _, error: failed.append(error))
    with pytest.raises(ValueError, match="above") as raised:
        await Upstream[int](failure=failure).flow().await_state_in(scope)
    await scope.join()
    assert raised.value is failure
    assert failed == [failure]


async def test_a_failure_after_it_fails_the_scope_only() -> None:
    """K128"""
    failed: list[BaseException] = []
    scope = CoroutineScope(exception_handler=lambda _, error: failed.append(error))
    state = await Upstream(1, failure=ValueError("later")).flow().await_state_in(scope)
    await scope.join()
    assert state.value == 1
    assert [str(each) for each in failed] == ["later"]


async def test_a_scope_that_is_cancelled_meanwhile_is_told_and_does_not_hang() -> None:
    """K137"""
    scope = CoroutineScope()
    upstream = Upstream[int](endless=True)
    async with coroutine_scope() as others:

        async def wait() -> None:
            with pytest.raises(CancellationError):
                await upstream.flow().await_state_in(scope)

        others.launch(wait)
        await settle()
        scope.cancel()
    with pytest.raises(ScopeClosedError):
        await upstream.flow().await_state_in(scope)
    assert upstream.ends == ["cancelled"]


async def test_cancelling_the_wait_leaves_the_job_alone() -> None:
    upstream = Upstream[int](endless=True)
    async with CoroutineScope() as scope:
        with anyio.CancelScope() as wait:
            wait.cancel()
            await upstream.flow().await_state_in(scope)
        await settle()
        assert upstream.story == ["start"]
