"""`state_in`."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import anyio
import pytest

from flowws import (
    Channel,
    CoroutineScope,
    Flow,
    MutableSharedFlow,
    MutableStateFlow,
    ScopeClosedError,
    SharedFlow,
    SharingCommand,
    SharingStarted,
    StateFlow,
    coroutine_scope,
    flow,
    flow_of,
)
from tests.flows.timeless import Clock
from tests.flows.upstream import Upstream, settle

EAGERLY, LAZILY = SharingStarted.EAGERLY, SharingStarted.LAZILY


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr("flowws.flows._sharing_started.delay", clock.delay)
    return clock


async def test_shows_the_initial_value_at_once_and_then_the_newest() -> None:
    """K136, K114: the upstream does not start inside the call"""
    source = MutableSharedFlow[int](extra_buffer_capacity=8)
    async with CoroutineScope() as scope:
        state = source.state_in(scope, EAGERLY, 0)
        assert state.value == 0
        await source.emit(1)
        assert state.value == 0
        await settle()
        assert state.value == 1
        for n in (2, 3, 4):
            await source.emit(n)
        await settle()
        assert state.value == 4


async def test_eagerly_a_hot_flow_is_subscribed_to_before_it_returns() -> None:
    """K75"""
    source = MutableSharedFlow[int](extra_buffer_capacity=8)
    async with CoroutineScope() as scope:
        state = source.map(lambda n: n * 2).state_in(scope, EAGERLY, 0)
        assert source.subscription_count.value == 1
        assert source.try_emit(1)
        await settle()
        assert state.value == 2
    assert source.subscription_count.value == 0


async def test_collectors_see_it_conflated() -> None:
    """K136, K102"""
    got: list[int] = []
    async with CoroutineScope() as scope:
        state = flow_of(1, 2, 3, 3).state_in(scope, EAGERLY, 0)
        state.on_each(got.append).launch_in(scope)
        await settle()
    assert got[-1] == 3
    assert got == sorted(set(got))


async def test_it_is_read_only() -> None:
    """K135"""
    async with CoroutineScope() as scope:
        state: Any = flow_of(1).state_in(scope, EAGERLY, 0)
        assert isinstance(state, StateFlow)
        assert isinstance(state, SharedFlow)
        assert not isinstance(state, MutableStateFlow)
        assert not isinstance(state, MutableSharedFlow)
        assert not hasattr(state, "emit")
        with pytest.raises(AttributeError):
            setattr(state, "value", 2)  # noqa: B010  # a checker would refuse the assignment
        await settle()
        assert state.replay_cache == (1,)
        assert repr(state) == "<StateFlow 1>"
        assert state.distinct_until_changed() is state


async def test_the_end_of_the_upstream_is_not_seen() -> None:
    """K126, K129: with EAGERLY the job ends with the upstream, so that a scope can finish"""
    got: list[int] = []
    async with coroutine_scope() as scope:
        state = flow_of(1).state_in(scope, EAGERLY, 0)
        await settle()
        assert list(scope.job.children) == []
    async with CoroutineScope() as scope:
        job = state.on_each(got.append).launch_in(scope)
        await settle()
        assert job.is_active
    assert (state.value, got) == (1, [1])


@pytest.mark.parametrize("started", [EAGERLY, LAZILY, SharingStarted.while_subscribed()])
async def test_a_failure_of_the_upstream_fails_the_scope_and_no_collector(started: SharingStarted) -> None:
    """K128"""
    failure = ValueError("above")
    raised: list[BaseException] = []
    got: list[int] = []
    scope = CoroutineScope(exception_handler=lambda _, error: raised.append(error))
    state = Upstream(1, failure=failure).flow().state_in(scope, started, 0)
    async with CoroutineScope() as others:
        job = state.on_each(got.append).launch_in(others)
        await scope.join()
        await settle()
        assert job.is_active
    assert raised == [failure]
    assert state.value == 1
    assert got[-1] == 1


async def test_a_failure_is_raised_by_a_lexical_scope_as_itself() -> None:
    """K128"""
    with pytest.raises(ValueError, match="above"):
        async with coroutine_scope() as scope:
            Upstream(1, failure=ValueError("above")).flow().state_in(scope, EAGERLY, 0)


async def test_lazily_starts_with_the_first_collector_and_never_stops() -> None:
    """K115"""
    upstream = Upstream(1, endless=True)
    async with CoroutineScope() as scope:
        state = upstream.flow().state_in(scope, LAZILY, 0)
        await settle()
        assert upstream.starts == 0
        assert await state.first(lambda n: n == 1) == 1
        await settle()
        assert upstream.story == ["start", 1]
        assert await state.first() == 1
        assert upstream.starts == 1
    assert upstream.ends == ["cancelled"]


@pytest.mark.parametrize("started", [LAZILY, SharingStarted.while_subscribed(10.0)])
async def test_a_collector_that_leaves_at_once_has_started_it(started: SharingStarted, clock: Clock) -> None:
    """K138: even before the job of the state has taken its first step"""
    async with CoroutineScope() as scope:
        state = flow_of(1).state_in(scope, started, 0)
        assert await state.first() == 0
        await settle()
        assert state.value == 1
        assert await state.first() == 1


async def test_reading_the_value_starts_nothing() -> None:
    upstream = Upstream(1)
    async with CoroutineScope() as scope:
        state = upstream.flow().state_in(scope, LAZILY, 0)
        assert state.value == 0
        assert state.replay_cache == (0,)
        await settle()
        assert upstream.starts == 0


async def test_lazily_and_without_a_collector_the_job_waits_for_ever() -> None:
    """K129: a scope that waits for its children has to be cancelled"""
    async with coroutine_scope() as scope:
        flow_of(1).state_in(scope, LAZILY, 0)
        await settle()
        (job,) = scope.job.children
        assert job.is_active
        scope.job.cancel_children()


async def test_while_subscribed_runs_the_upstream_anew_for_every_time(clock: Clock) -> None:
    """K116, K127"""
    upstream = Upstream(1, 2)
    async with CoroutineScope() as scope:
        state = upstream.flow().state_in(scope, SharingStarted.while_subscribed(), 0)
        await state.first(lambda n: n == 2)
        await settle()
        assert upstream.story == ["start", 1, 2, "completed"]
        assert state.value == 2  # STOP leaves it
        await state.first()
        await settle()
        assert upstream.starts == 2


async def test_an_upstream_that_is_over_is_run_again_only_after_a_stop(clock: Clock) -> None:
    """K127"""
    upstream = Upstream(1)
    async with CoroutineScope() as scope:
        state = upstream.flow().state_in(scope, SharingStarted.while_subscribed(5.0), 0)
        for pause, starts in ((0.0, 1), (4.0, 1), (5.0, 2)):
            await clock.advance(pause)
            job = state.launch_in(scope)
            await settle()
            assert upstream.starts == starts
            await job.cancel_and_join()
            await settle()


async def test_while_subscribed_cancels_the_upstream_after_the_timeout(clock: Clock) -> None:
    """K116, K117"""
    upstream = Upstream(1, endless=True)
    async with CoroutineScope() as scope:
        state = upstream.flow().state_in(scope, SharingStarted.while_subscribed(5.0), 0)
        job = state.launch_in(scope)
        await settle()
        await job.cancel_and_join()
        await clock.advance(4.9)
        assert upstream.ends == []
        job = state.launch_in(scope)
        await clock.advance(60)
        assert upstream.story == ["start", 1]
        await job.cancel_and_join()
        await clock.advance(5.0)
        assert upstream.ends == ["cancelled"]
        assert state.value == 1


async def test_a_reset_goes_back_to_the_initial_value(clock: Clock) -> None:
    """K118, K120, K121"""
    upstream = Upstream(1, endless=True)
    async with CoroutineScope() as scope:
        state = upstream.flow().state_in(scope, SharingStarted.while_subscribed(4.0, 3.0), 0)
        for away, found in ((3.9, 1), (6.9, 1), (7.0, 0), (100.0, 0)):
            got: list[int] = []
            job = state.on_each(got.append).launch_in(scope)
            await settle()
            await job.cancel_and_join()
            await clock.advance(away)
            assert state.value == found


async def test_a_reset_at_the_stop_goes_back_to_the_initial_value(clock: Clock) -> None:
    """K119, K121"""
    async with CoroutineScope() as scope:
        state = Upstream(1, endless=True).flow().state_in(scope, SharingStarted.while_subscribed(0, 0), 0)
        assert await state.first(lambda n: n == 1) == 1
        await settle()
        assert state.value == 0


async def test_the_old_collection_is_over_before_a_new_one_begins(clock: Clock) -> None:
    story: list[str] = []

    @flow
    async def source() -> AsyncIterator[int]:
        story.append("begin")
        try:
            yield 1
            await anyio.Event().wait()
        finally:
            with anyio.CancelScope(shield=True):
                await settle()
            story.append("end")

    async with CoroutineScope() as scope:
        state = source().state_in(scope, SharingStarted.while_subscribed(), 0)
        await state.first(lambda n: n == 1)
        state.launch_in(scope)
        for _ in range(4):
            await settle()
    assert story == ["begin", "end", "begin", "end"]


class Scripted(SharingStarted):
    """Gives the commands that the test sends."""

    def __init__(self) -> None:
        self.commands = Channel[SharingCommand](Channel.UNLIMITED)

    def command(self, subscription_count: StateFlow[int]) -> Flow[SharingCommand]:
        return self.commands.receive_as_flow()


async def test_equal_commands_in_a_row_and_a_stop_before_the_start_do_nothing() -> None:
    """K122, K123"""
    upstream = Upstream(1, endless=True)
    script = Scripted()
    async with CoroutineScope() as scope:
        state = upstream.flow().state_in(scope, script, 0)
        for command in (SharingCommand.STOP, SharingCommand.START, SharingCommand.START):
            await script.commands.send(command)
            await settle()
        assert upstream.story == ["start", 1]
        for command in (SharingCommand.STOP, SharingCommand.STOP_AND_RESET_REPLAY_CACHE):
            await script.commands.send(command)
            await settle()
        assert upstream.story == ["start", 1, "cancelled"]
        assert state.value == 0


async def test_the_end_of_the_commands_changes_nothing() -> None:
    """K124"""
    upstream = Upstream(1, endless=True)
    script = Scripted()
    async with CoroutineScope() as scope:
        state = upstream.flow().state_in(scope, script, 0)
        await script.commands.send(SharingCommand.START)
        script.commands.close()
        await settle()
        assert upstream.story == ["start", 1]
        assert state.value == 1
    assert upstream.ends == ["cancelled"]


async def test_a_failure_of_the_commands_cancels_the_sharing() -> None:
    """K124"""
    upstream = Upstream(1, endless=True)
    script = Scripted()
    with pytest.raises(ValueError, match="command"):  # noqa: PT012  # the scope is part of it
        async with coroutine_scope() as scope:
            upstream.flow().state_in(scope, script, 0)
            await script.commands.send(SharingCommand.START)
            script.commands.close(ValueError("command"))
    assert upstream.starts == len(upstream.ends)


@pytest.mark.parametrize("started", [EAGERLY, LAZILY, SharingStarted.while_subscribed()])
async def test_a_closed_scope_refuses_and_nothing_is_left(started: SharingStarted) -> None:
    source = MutableSharedFlow[int]()
    scope = CoroutineScope()
    scope.cancel()
    with pytest.raises(ScopeClosedError):
        source.state_in(scope, started, 0)
    assert source.subscription_count.value == 0


async def test_cancelling_the_scope_keeps_the_last_value() -> None:
    """K137, for a state that has its value"""
    async with CoroutineScope() as scope:
        state = flow_of(1).state_in(scope, EAGERLY, 0)
        await settle()
    assert state.value == 1
    assert await state.first() == 1


@pytest.mark.parametrize("wrong", [None, SharingStarted, "EAGERLY"])
async def test_refuses_what_is_no_strategy(wrong: Any) -> None:
    async with CoroutineScope() as scope:
        with pytest.raises(TypeError, match="started must be a SharingStarted"):
            flow_of(1).state_in(scope, wrong, 0)
