"""`tap`: a function that hears every emission of a hot flow in the moment in which it happens."""

from __future__ import annotations

import logging
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flowws import (
    BufferOverflow,
    Flow,
    MutableSharedFlow,
    MutableStateFlow,
    SharedFlow,
    SharingStarted,
    combine_states,
    coroutine_scope,
    flow_of,
)
from tests.flows.upstream import settle


def test_it_has_heard_before_emitting_returns() -> None:
    shared, heard = MutableSharedFlow[int](), list[int]()
    shared.try_emit(0)
    shared.tap(heard.append)
    assert heard == []
    assert shared.try_emit(1)
    assert heard == [1]


async def test_emit_tells_it_too() -> None:
    shared, heard = MutableSharedFlow[int](2), list[int]()
    await shared.emit(0)
    shared.tap(heard.append)
    for n in range(1, 1000):
        await shared.emit(n)
        assert heard[-1] == n
    assert heard == list(range(1, 1000))


def test_the_replay_has_the_value_that_is_told() -> None:
    shared = MutableSharedFlow[int](1)
    replays: list[Any] = []
    shared.tap(lambda _: replays.append(shared.replay_cache))
    shared.try_emit(1)
    shared.try_emit(2)
    assert replays == [(1,), (2,)]


def test_a_closed_one_hears_nothing() -> None:
    shared, heard, ends = MutableSharedFlow[int](), list[int](), list[Any]()
    tap = shared.tap(heard.append, ends.append)
    assert not tap.is_closed
    assert repr(tap).startswith("<Tap open, of <built-in method append")
    shared.try_emit(1)
    tap.close()
    tap.close()
    shared.try_emit(2)
    shared.close()
    assert (heard, ends, tap.is_closed) == ([1], [], True)
    assert repr(tap).startswith("<Tap closed")


def test_it_counts_as_a_subscriber() -> None:
    shared, counts = MutableSharedFlow[int](), list[int]()
    shared.subscription_count.tap(counts.append)
    taps = [shared.tap(print) for _ in range(3)]
    for tap in taps:
        tap.close()
    assert counts == [1, 2, 3, 2, 1, 0]
    assert repr(shared) == "<MutableSharedFlow of 0 subscribers>"


async def test_nobody_waits_for_it_and_everybody_else_gets_all() -> None:
    shared, heard = MutableSharedFlow[int](0, 2), list[int]()
    shared.tap(heard.append)
    async with coroutine_scope() as scope:
        got: list[int] = []
        shared.on_each(got.append).launch_in(scope)
        for n in range(5):
            await shared.emit(n)
        shared.close()
    assert heard == got == list(range(5))


async def test_an_emitter_that_waits_is_heard_when_its_turn_has_come() -> None:
    shared, heard = MutableSharedFlow[int](0, 1), list[int]()
    slow = aiter(shared)
    shared.tap(heard.append)
    async with coroutine_scope() as scope:
        await shared.emit(1)
        emitter = scope.launch(shared.emit, 2)
        await settle()
        assert heard == [1]
        assert await anext(slow) == 1
        assert heard == [1, 2]
        await emitter.join()
    await slow.aclose()


def test_a_value_that_everybody_misses_is_not_heard() -> None:
    shared, heard = MutableSharedFlow[int](0, 1, BufferOverflow.DROP_LATEST), list[int]()
    slow = aiter(shared)
    shared.tap(heard.append)
    for n in range(3):
        shared.try_emit(n)
    assert heard == [0]
    del slow


# What a tap does to its own flow


def test_what_it_emits_comes_after_what_it_hears_for_everybody() -> None:
    shared, first, second = MutableSharedFlow[int](), list[int](), list[int]()

    def count_down(n: int) -> None:
        first.append(n)
        if n:
            shared.try_emit(n - 1)

    shared.tap(count_down)
    shared.tap(second.append)
    shared.try_emit(3)
    assert first == second == [3, 2, 1, 0]


def test_one_that_is_opened_in_another_hears_what_is_emitted_later() -> None:
    shared, heard = MutableSharedFlow[int](), list[int]()

    def once(n: int) -> None:
        tap.close()
        shared.try_emit(2)
        shared.tap(heard.append)
        shared.try_emit(3)

    tap = shared.tap(once)
    shared.try_emit(1)
    assert heard == [3]


def test_one_may_close_the_other() -> None:
    shared, heard = MutableSharedFlow[int](), list[int]()
    shared.tap(lambda _: other.close())
    other = shared.tap(heard.append)
    shared.try_emit(1)
    assert heard == []


def test_one_may_close_the_flow() -> None:
    shared, heard = MutableSharedFlow[int](), list[Any]()
    shared.tap(lambda _: shared.close(), lambda cause: heard.append(("end", cause)))
    shared.tap(heard.append, lambda cause: heard.append(("the other's end", cause)))
    shared.try_emit(1)
    assert heard == [1, ("end", None), ("the other's end", None)]
    assert shared.subscription_count.value == 0


# Failures


def test_a_failing_one_is_closed_and_nobody_else_notices(caplog: pytest.LogCaptureFixture) -> None:
    shared, heard = MutableSharedFlow[int](), list[int]()
    tap = shared.tap(lambda n: 1 // n)
    shared.tap(heard.append)
    for n in (1, 0, 2):
        assert shared.try_emit(n)
    assert heard == [1, 0, 2]
    assert tap.is_closed
    (record,) = caplog.records
    assert record.name == "flowws"
    assert record.levelno == logging.ERROR
    assert "ZeroDivisionError" in caplog.text


def test_an_end_that_fails_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    shared, ends = MutableSharedFlow[int](), list[Any]()
    shared.tap(print, lambda cause: ends[0])
    shared.tap(print, ends.append)
    shared.close()
    assert ends == [None]
    assert "IndexError" in caplog.text


def test_an_interruption_is_not_held_up() -> None:
    shared, heard = MutableSharedFlow[int](), list[int]()

    def interrupted(n: int) -> None:
        if n == 1:
            raise KeyboardInterrupt

    shared.tap(interrupted)
    shared.tap(heard.append)
    with pytest.raises(KeyboardInterrupt):
        shared.try_emit(1)
    shared.try_emit(2)
    assert heard == [2]


# The end


async def test_it_hears_the_end_when_all_is_emitted() -> None:
    shared, heard = MutableSharedFlow[int](), list[Any]()
    failure = ValueError("no more")
    slow = aiter(shared)
    async with coroutine_scope() as scope:
        scope.launch(shared.emit, 1)
        await settle()
        scope.launch(shared.emit, 2)
        await settle()
        shared.tap(heard.append, heard.append)
        shared.close(failure)
        assert heard == []
        assert [await anext(slow), await anext(slow)] == [1, 2]
        with pytest.raises(ValueError, match="no more"):
            await anext(slow)
        assert heard == [2, failure]


def test_a_flow_that_has_ended_says_so_at_once() -> None:
    shared, ends = MutableSharedFlow[int](), list[Any]()
    shared.close()
    assert shared.tap(print, ends.append).is_closed
    assert ends == [None]
    assert shared.tap(print).is_closed


async def test_a_shared_cold_flow_begins_for_it_and_tells_its_end() -> None:
    heard: list[Any] = []
    async with coroutine_scope() as scope:
        shared = flow_of(1, 2).share_in(scope, SharingStarted.LAZILY, complete=True)
        shared.tap(heard.append, heard.append)
    assert heard == [1, 2, None]


# States and views


def test_a_state_tells_each_change() -> None:
    state, heard = MutableStateFlow(1), list[int]()
    tap = state.as_state_flow().tap(heard.append)
    assert state.subscription_count.value == 1
    state.value = 2
    state.value = 2
    state.update(lambda n: n + 1)
    assert state.compare_and_set(3, 4)
    assert heard == [2, 3, 4]
    tap.close()
    state.value = 5
    assert heard == [2, 3, 4]
    assert state.subscription_count.value == 0


def test_a_state_that_its_tap_changes() -> None:
    state, heard = MutableStateFlow(0), list[int]()
    state.tap(lambda n: state.update(lambda n: min(n + 1, 3)))
    state.tap(heard.append)
    state.value = 1
    assert heard == [1, 2, 3]


async def test_what_state_in_returns_can_be_tapped() -> None:
    heard: list[int] = []
    async with coroutine_scope() as scope:
        flow_of(1, 2).state_in(scope, SharingStarted.EAGERLY, 0).tap(heard.append)
    assert heard == [1, 2]


def test_a_view_is_tapped_where_it_looks_at() -> None:
    shared, heard = MutableSharedFlow[int](), list[int]()
    shared.as_shared_flow().tap(heard.append)
    shared.try_emit(1)
    assert heard == [1]


@pytest.mark.parametrize(
    "hot",
    [
        MutableSharedFlow[int]().on_subscription(print),
        MutableStateFlow(1).on_subscription(print),
        MutableStateFlow(1).map_state(str),
        combine_states(MutableStateFlow(1), MutableStateFlow(2), transform=lambda a, b: a + b),
    ],
)
def test_what_cannot_be_tapped_says_so(hot: SharedFlow[Any]) -> None:
    with pytest.raises(TypeError, match="cannot be tapped: tap what it is made of"):
        hot.tap(print)


def test_a_cold_flow_has_no_tap() -> None:
    assert not hasattr(Flow, "tap")


async def a_coroutine_function(_: Any) -> None: ...


def test_bad_arguments_are_refused() -> None:
    shared = MutableSharedFlow[int]()
    no_function: Any = 3
    for refused in (no_function, a_coroutine_function):
        with pytest.raises(TypeError, match="on_value must be a plain function, as emitting does not wait for it; got"):
            shared.tap(refused)
        with pytest.raises(TypeError, match="on_end must be a plain function"):
            shared.tap(print, refused)
    assert shared.subscription_count.value == 0


@given(st.lists(st.sampled_from(["emit", "open", "close", "emit in a tap", "open in a tap"]), max_size=30))
def test_every_tap_hears_what_is_emitted_while_it_is_open(story: list[str]) -> None:
    shared = MutableSharedFlow[int](1)
    heard: list[list[int]] = []
    expected: list[list[int]] = []
    taps: list[Any] = []
    asked: list[str] = []
    emitted = 0

    def emit() -> None:
        nonlocal emitted
        emitted += 1
        for tap, values in zip(taps, expected, strict=True):
            if not tap.is_closed:
                values.append(emitted)
        shared.try_emit(emitted)

    def open_one() -> None:
        heard.append(values := list[int]())
        expected.append([])
        taps.append(shared.tap(values.append))

    def obey(_: int) -> None:
        while asked:
            {"emit in a tap": emit, "open in a tap": open_one}[asked.pop()]()

    shared.tap(obey)
    for step in story:
        if step == "open":
            open_one()
        elif step == "close" and taps:
            taps[len(story) % len(taps)].close()
        elif step != "close":
            asked.extend([step] if step != "emit" else [])
            emit()
    assert heard == expected
