"""`dematerialize`."""

from __future__ import annotations

from typing import Any

import pytest

from flowws import CancellationError, Complete, Error, Flow, Next, Notification, flow_of
from tests.flows.upstream import Upstream


def told(*notifications: Notification[Any]) -> Upstream[Notification[Any]]:
    return Upstream(*notifications)


async def test_complete_ends_it_and_closes_what_is_above() -> None:
    upstream = told(Next(1), Next(None), Complete(), Next(2))
    assert await upstream.flow().dematerialize().to_list() == [1, None]
    assert upstream.story[-2:] == [Complete(), "closed"]


@pytest.mark.parametrize("failure", [ValueError("told"), CancellationError("told")])
async def test_error_fails_it_with_that_very_failure_and_closes_what_is_above(failure: Exception) -> None:
    upstream = told(Next(1), Error(failure), Next(2))
    got: list[int] = []
    with pytest.raises(type(failure), match="told") as raised:
        await upstream.flow().dematerialize().to_list(got)
    assert raised.value is failure
    assert (got, upstream.ends) == ([1], ["closed"])


async def test_the_end_without_either_is_the_end() -> None:
    assert await told(Next(1)).flow().dematerialize().to_list() == [1]


@pytest.mark.parametrize("failing", [False, True])
async def test_is_the_way_back_from_materialize(failing: bool) -> None:
    failure = ValueError("above") if failing else None
    causes: list[BaseException | None] = []
    chain = Upstream(1, 2, failure=failure).flow().materialize().dematerialize().on_completion(causes.append)
    got: list[int] = []
    await chain.catch(lambda _: None).to_list(got)
    assert (got, causes) == ([1, 2], [failure])


async def test_a_failure_can_be_looked_at_on_its_way() -> None:
    def soften(notification: Notification[int]) -> Notification[int]:
        return Next(-1) if isinstance(notification, Error) else notification

    chain = Upstream(1, failure=ValueError("above")).flow().materialize().map(soften).dematerialize()
    assert await chain.to_list() == [1, -1]


@pytest.mark.parametrize("wrong", [3, None, ValueError("x"), Next])
async def test_refuses_what_is_no_notification(wrong: Any) -> None:
    upstream: Upstream[Any] = Upstream(wrong)
    chain: Flow[Any] = upstream.flow().dematerialize()
    with pytest.raises(TypeError, match="takes notifications, not"):
        await chain.collect()
    assert upstream.ends == ["closed"]


async def test_what_ends_it_ends_only_what_is_above_it() -> None:
    """K176"""
    inner = told(Next("a"), Complete(), Next("b"))
    assert await flow_of(1, 2).transform(lambda _: inner.flow().dematerialize()).to_list() == ["a", "a"]
    assert inner.ends == ["closed", "closed"]
