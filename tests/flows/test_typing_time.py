"""What the type checkers infer for the operators of time and for `retry`."""

from __future__ import annotations

from datetime import timedelta
from typing import assert_type

from flowws import Backoff, Flow, MutableStateFlow, StateFlow, flow_of, interval


class Update:
    patience = 1.0


async def patience(update: Update) -> timedelta:
    return timedelta(seconds=update.patience)


async def is_transient(failure: Exception) -> bool:
    return isinstance(failure, OSError)


async def once(failure: Exception, attempt: int) -> bool:
    return attempt < 1 and await is_transient(failure)


updates: Flow[Update] = flow_of(Update())


def test_interval() -> None:
    assert_type(interval(1), Flow[int])
    assert_type(interval(timedelta(seconds=1), 0.5).map(lambda n: str(n)), Flow[str])  # noqa: PLW0108  # the lambda counts


def test_what_keeps_the_type() -> None:
    assert_type(updates.debounce(1).debounce(timedelta(seconds=1)), Flow[Update])
    assert_type(updates.sample(1).sample(timedelta(seconds=1)), Flow[Update])
    assert_type(updates.timeout(1).throttle_first(1).throttle_latest(timedelta(seconds=1)), Flow[Update])


def test_debounce_with_a_function() -> None:
    assert_type(updates.debounce(patience), Flow[Update])
    assert_type(updates.debounce(lambda update: update.patience), Flow[Update])
    assert_type(updates.debounce(lambda update: timedelta(seconds=update.patience)), Flow[Update])
    assert_type(updates.debounce(lambda update: patience(update)), Flow[Update])  # noqa: PLW0108  # the lambda counts


def test_chunked_in_time() -> None:
    assert_type(updates.chunked(timeout=1), Flow[list[Update]])
    assert_type(updates.chunked(3, timedelta(seconds=1)), Flow[list[Update]])


def test_retry() -> None:
    assert_type(updates.retry(), Flow[Update])
    assert_type(updates.retry(3, is_transient, backoff=Backoff(), reset_on_value=True), Flow[Update])
    assert_type(updates.retry(3, lambda failure: bool(failure.args), backoff=lambda n: 2.0**n), Flow[Update])
    assert_type(updates.retry_when(once).retry_when(lambda _, attempt: attempt < 3), Flow[Update])
    assert_type(Backoff(timedelta(seconds=1))(3), float)


def test_pausable() -> None:
    gate: StateFlow[bool] = MutableStateFlow(True)
    assert_type(updates.pausable(gate), Flow[Update])
