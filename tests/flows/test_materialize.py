"""`materialize`, and the `Notification` that it gives."""

from __future__ import annotations

import dataclasses
from typing import Any

import anyio
import pytest

from flowws import CancellationError, Complete, Error, Next, Notification, coroutine_scope, flow_of
from tests.flows.upstream import Upstream, settle


async def test_ends_with_complete() -> None:
    assert await flow_of(1, None).materialize().to_list() == [Next(1), Next(None), Complete()]
    assert await flow_of().materialize().to_list() == [Complete()]


@pytest.mark.parametrize("failure", [ValueError("above"), CancellationError("above"), TimeoutError()])
async def test_a_failure_above_is_the_last_value(failure: Exception) -> None:
    upstream = Upstream(1, failure=failure)
    assert await upstream.flow().materialize().to_list() == [Next(1), Error(failure)]
    assert upstream.ends == ["failed"]


async def test_what_is_above_is_over_before_the_end_is_told() -> None:
    upstream = Upstream(1)
    await upstream.flow().materialize().collect(upstream.story.append)
    assert upstream.story == ["start", 1, Next(1), "completed", Complete()]


async def test_a_failure_below_is_not_seen() -> None:
    """K149, for materialize"""
    upstream = Upstream(1, 2)
    got: list[Any] = []
    with pytest.raises(ZeroDivisionError):
        await upstream.flow().materialize().on_each(got.append).map(lambda _: 1 / 0).collect()
    assert (got, upstream.ends) == ([Next(1)], ["closed"])


async def test_the_cancellation_of_the_collector_is_not_seen() -> None:
    """K151, for materialize"""
    upstream = Upstream(1, endless=True)
    got: list[Any] = []
    async with coroutine_scope() as scope:
        job = upstream.flow().materialize().on_each(got.append).launch_in(scope)
        await settle()
        job.cancel()
    with anyio.move_on_after(0):
        await upstream.flow().materialize().on_each(got.append).collect()
    assert got == [Next(1), Next(1)]
    assert upstream.ends == ["cancelled", "cancelled"]


async def test_being_cut_short_closes_what_is_above() -> None:
    upstream = Upstream(1, 2)
    assert await upstream.flow().materialize().first() == Next(1)
    assert upstream.ends == ["closed"]


async def test_a_notification_can_be_told_by_its_class() -> None:
    def told(notification: Notification[int]) -> str:
        match notification:
            case Next(value):
                return f"next {value}"
            case Error(cause):
                return f"error {cause}"
            case Complete():
                return "complete"

    assert await flow_of(1).materialize().map(told).to_list() == ["next 1", "complete"]
    failing = Upstream[int](failure=ValueError("x")).flow()
    assert await failing.materialize().map(told).to_list() == ["error x"]


def test_notifications_are_values() -> None:
    failure = ValueError("x")
    assert {Next(1), Next(1), Complete(), Complete(), Error(failure), Error(failure)} == {
        Next(1),
        Complete(),
        Error(failure),
    }
    assert Next(1) != Next(2)
    with pytest.raises(dataclasses.FrozenInstanceError):
        setattr(Next(1), "value", 2)  # noqa: B010  # a type checker would refuse the assignment
    assert [repr(each) for each in (Next(1), Error(failure), Complete())] == [
        "Next(value=1)",
        "Error(cause=ValueError('x'))",
        "Complete()",
    ]
