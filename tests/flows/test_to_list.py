"""`to_list`."""

from __future__ import annotations

import pytest

from flowws import MutableSharedFlow, coroutine_scope, empty_flow, flow_of
from tests.flows.upstream import Upstream, settle


async def test_gives_every_value_in_a_new_list() -> None:
    chain = flow_of(1, None, 2)
    one, two = await chain.to_list(), await chain.to_list()
    assert one == two == [1, None, 2]
    assert one is not two
    assert await empty_flow().to_list() == []


async def test_appends_to_a_list_that_is_given() -> None:
    into = [0]
    assert await flow_of(1, 2).to_list(into) is into
    assert into == [0, 1, 2]


async def test_an_empty_list_that_is_given_is_used_too() -> None:
    into: list[int] = []
    assert await flow_of(1).to_list(into) is into


async def test_a_failure_leaves_what_came_before_it() -> None:
    """K61, for flows"""
    into: list[int] = []
    with pytest.raises(ValueError, match="above"):
        await Upstream(1, 2, failure=ValueError("above")).flow().to_list(into)
    assert into == [1, 2]


async def test_fills_a_list_from_a_shared_flow_until_it_is_cancelled() -> None:
    """K98, K74"""
    shared = MutableSharedFlow[int]()
    into: list[int] = []
    async with coroutine_scope() as scope:
        job = scope.launch(shared.to_list, into)
        await settle()
        await shared.emit(1)
        await shared.emit(2)
        await settle()
        assert job.is_active
        job.cancel()
    assert into == [1, 2]
    assert shared.subscription_count.value == 0
