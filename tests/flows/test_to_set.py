"""`to_set` and `to_collection`."""

from __future__ import annotations

from collections import deque
from typing import Any

import pytest

from flowws import MutableSharedFlow, coroutine_scope, empty_flow, flow_of
from tests.flows.upstream import Upstream, settle


async def test_a_set_of_every_value() -> None:
    chain = flow_of(1, None, 1, 2)
    one, two = await chain.to_set(), await chain.to_set()
    assert one == two == {1, None, 2}
    assert one is not two
    assert await empty_flow().to_set() == set()


async def test_adds_to_a_set_that_is_given_also_an_empty_one() -> None:
    into: set[int] = set()
    assert await flow_of(1, 2).to_set(into) is into
    assert await flow_of(2, 3).to_set(into) is into
    assert into == {1, 2, 3}


@pytest.mark.parametrize("kind", [list, set, deque])
async def test_a_collection_is_filled_and_returned(kind: Any) -> None:
    into = kind()
    assert await flow_of(1, 2).to_collection(into) is into
    assert list(into) == [1, 2]


@pytest.mark.parametrize("kind", [list, set])
async def test_a_failure_leaves_what_came_before_it(kind: Any) -> None:
    into = kind()
    with pytest.raises(ValueError, match="above"):
        await Upstream(1, 2, failure=ValueError("above")).flow().to_collection(into)
    assert list(into) == [1, 2]


async def test_a_collection_that_fails_ends_the_flow() -> None:
    class Full:
        def append(self, value: int) -> None:
            raise OverflowError(value)

    upstream = Upstream(1, 2)
    with pytest.raises(OverflowError):
        await upstream.flow().to_collection(Full())
    assert upstream.ends == ["closed"]


async def test_fills_a_set_from_a_shared_flow_until_it_is_cancelled() -> None:
    """K98"""
    shared = MutableSharedFlow[int]()
    into: set[int] = set()
    async with coroutine_scope() as scope:
        job = scope.launch(shared.to_set, into)
        await settle()
        await shared.emit(1)
        await shared.emit(2)
        await settle()
        assert job.is_active
        job.cancel()
    assert into == {1, 2}


@pytest.mark.parametrize("wrong", [None, (1,), {1: 2}])
async def test_refuses_what_cannot_be_filled(wrong: Any) -> None:
    upstream = Upstream(1)
    with pytest.raises(TypeError, match="append or add"):
        await upstream.flow().to_collection(wrong)
    assert upstream.story == []
