"""`SharingStarted`: the commands that the strategies give."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import timedelta
from math import inf
from typing import Any

import pytest

from flowws import (
    Flow,
    MutableSharedFlow,
    SharingCommand,
    SharingStarted,
    StateFlow,
    coroutine_scope,
    flow,
)
from tests.flows.timeless import Clock
from tests.flows.upstream import settle

START, STOP, RESET = SharingCommand.START, SharingCommand.STOP, SharingCommand.STOP_AND_RESET_REPLAY_CACHE


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr("flowws.flows._sharing_started.delay", clock.delay)
    return clock


class Audience:
    """A hot flow whose subscribers come and go; `heard` are the commands of the strategy, with the time."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._shared = MutableSharedFlow[int]()
        self._subscribers: list[Any] = []
        self.heard: list[tuple[float, SharingCommand]] = []

    @property
    def count(self) -> StateFlow[int]:
        return self._shared.subscription_count

    async def comes(self) -> None:
        self._subscribers.append(aiter(self._shared))
        await settle()

    async def leaves(self) -> None:
        await self._subscribers.pop().aclose()
        await settle()

    def hear(self, command: SharingCommand) -> None:
        self.heard.append((self._clock.now, command))


async def test_eagerly_starts_at_once_and_never_stops(clock: Clock) -> None:
    audience = Audience(clock)
    await SharingStarted.EAGERLY.command(audience.count).collect(audience.hear)
    assert audience.heard == [(0, START)]


async def test_lazily_starts_with_the_first_subscriber_and_never_stops(clock: Clock) -> None:
    """K115"""
    audience = Audience(clock)
    async with coroutine_scope() as scope:
        SharingStarted.LAZILY.command(audience.count).on_each(audience.hear).launch_in(scope)
        await settle()
        assert audience.heard == []
        await audience.comes()
        await audience.leaves()
        await audience.comes()
        await audience.leaves()
    assert audience.heard == [(0, START)]


async def test_a_short_visit_is_enough_to_start(clock: Clock) -> None:
    """K91, K138"""
    for strategy in (SharingStarted.LAZILY, SharingStarted.while_subscribed()):
        audience = Audience(clock)
        async with coroutine_scope() as scope:
            job = strategy.command(audience.count).on_each(audience.hear).launch_in(scope)
            visitor: Any = aiter(audience._shared)
            del visitor
            await settle()
            job.cancel()
        assert audience.heard[0] == (0, START)


async def listen(clock: Clock, strategy: SharingStarted, *story: str | float) -> list[tuple[float, SharingCommand]]:
    """The commands over a story of "+" (a subscriber comes), "-" (one leaves) and seconds that pass."""
    audience = Audience(clock)
    async with coroutine_scope() as scope:
        commands = strategy.command(audience.count).distinct_until_changed()
        job = commands.on_each(audience.hear).launch_in(scope)
        await settle()
        for step in story:
            if step == "+":
                await audience.comes()
            elif step == "-":
                await audience.leaves()
            else:
                await clock.advance(float(step))
        job.cancel()
    assert clock.alarms == []
    return audience.heard


async def test_while_subscribed_stops_with_the_last_and_restarts_with_the_next(clock: Clock) -> None:
    """K116"""
    heard = await listen(clock, SharingStarted.while_subscribed(), 1, "+", 1, "+", 1, "-", 1, "-", 1, "+", 1, "-")
    assert heard == [(1, START), (4, STOP), (5, START), (6, STOP)]


async def test_a_gap_shorter_than_the_timeout_is_no_gap(clock: Clock) -> None:
    """K117: the timer starts when the last one leaves"""
    strategy = SharingStarted.while_subscribed(0.4)
    assert await listen(clock, strategy, "+", "+", "-", 5, "-", 0.3, "+", 5, "-", 0.39, "+", 9) == [(0, START)]
    clock.now = 0
    assert await listen(clock, strategy, "+", 1, "-", 0.4) == [(0, START), (1.4, STOP)]


async def test_the_expiration_counts_from_the_stop(clock: Clock) -> None:
    """K118: 400 and 300"""
    strategy = SharingStarted.while_subscribed(400, 300)
    assert await listen(clock, strategy, "+", 100, "-", 1000) == [(0, START), (500, STOP), (800, RESET)]


async def test_no_expiration_is_one_command(clock: Clock) -> None:
    """K119"""
    assert await listen(clock, SharingStarted.while_subscribed(4, 0), "+", "-", 9) == [(0, START), (4, RESET)]
    clock.now = 0
    assert await listen(clock, SharingStarted.while_subscribed(0, 0), "+", "-", 9) == [(0, START), (0, RESET)]


async def test_a_return_cancels_what_is_pending(clock: Clock) -> None:
    """K120"""
    strategy = SharingStarted.while_subscribed(4, 3)
    heard = await listen(clock, strategy, "+", "-", 6, "+", 9, "-", 4)
    assert heard == [(0, START), (4, STOP), (6, START), (19, STOP)]


async def test_nothing_is_stopped_before_the_first_start(clock: Clock) -> None:
    """K122: neither while nobody has come"""
    for strategy in (SharingStarted.while_subscribed(), SharingStarted.while_subscribed(1, 2)):
        assert await listen(clock, strategy, 10) == []


async def test_by_default_the_replay_never_expires(clock: Clock) -> None:
    assert await listen(clock, SharingStarted.while_subscribed(), "+", "-", 1e12) == [(0, START), (0, STOP)]
    assert await listen(clock, SharingStarted.while_subscribed(inf), "+", "-", 1e12) == [(1e12, START)]


async def test_a_strategy_of_ones_own(clock: Clock) -> None:
    """K123: start at two, stop below"""

    class AtLeastTwo(SharingStarted):
        def command(self, subscription_count: StateFlow[int]) -> Flow[SharingCommand]:
            @flow
            async def commands() -> AsyncIterator[SharingCommand]:
                async for count in subscription_count:
                    yield START if count >= 2 else STOP

            return commands()

    heard = await listen(clock, AtLeastTwo(), 1, "+", 1, "+", 1, "+", 1, "-", 1, "-", 1)
    assert heard == [(0, STOP), (2, START), (5, STOP)]


def test_strategies_with_equal_parameters_are_equal() -> None:
    """K125"""
    one = SharingStarted.while_subscribed(1.5, timedelta(seconds=2))
    assert one == SharingStarted.while_subscribed(timedelta(seconds=1.5), 2)
    assert hash(one) == hash(SharingStarted.while_subscribed(1.5, 2.0))
    assert one != SharingStarted.while_subscribed(1.5)
    assert one.__eq__("something else") is False
    assert SharingStarted.EAGERLY != SharingStarted.LAZILY


@pytest.mark.parametrize("bad", [-1, timedelta(seconds=-1), -inf])
def test_negative_durations_are_refused(bad: float | timedelta) -> None:
    """K125"""
    with pytest.raises(ValueError, match="stop_timeout must not be negative"):
        SharingStarted.while_subscribed(bad)
    with pytest.raises(ValueError, match="replay_expiration must not be negative"):
        SharingStarted.while_subscribed(0, bad)


@pytest.mark.parametrize("bad", ["1", None, True])
def test_what_is_no_duration_is_refused(bad: Any) -> None:
    with pytest.raises(TypeError, match="stop_timeout must be seconds or a timedelta"):
        SharingStarted.while_subscribed(bad)


def test_they_are_shown_as_they_are_written() -> None:
    assert repr(SharingStarted.EAGERLY) == "SharingStarted.EAGERLY"
    assert repr(SharingStarted.LAZILY) == "SharingStarted.LAZILY"
    assert repr(SharingStarted.while_subscribed(1, 2)) == "SharingStarted.while_subscribed(1.0, 2.0)"
    assert repr(START) == "SharingCommand.START"
