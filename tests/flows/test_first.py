"""`first`."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import anyio
import anyio.lowlevel
import pytest

from flowws import MutableSharedFlow, NoSuchElementError, empty_flow, flow, flow_of
from tests.flows.upstream import SPELLINGS, Upstream, spelled


async def test_gives_the_first_value_and_closes_what_is_above() -> None:
    upstream = Upstream(1, 2)
    assert await upstream.flow().first() == 1
    assert upstream.story == ["start", 1, "closed"]


@pytest.mark.parametrize("how", SPELLINGS)
async def test_gives_the_first_value_that_passes(how: str) -> None:
    upstream = Upstream(1, 2, 3)
    assert await upstream.flow().first(spelled(how, lambda n: n > 1)) == 2
    assert upstream.story == ["start", 1, 2, "closed"]


async def test_none_is_a_value() -> None:
    """K185"""
    assert await flow_of(None, 1).first() is None
    assert await flow_of(1, None).first(lambda value: value is None) is None


async def test_of_nothing_is_an_error_that_says_what_was_empty() -> None:
    with pytest.raises(NoSuchElementError, match=r"empty_flow\(\)"):
        await empty_flow().first()
    with pytest.raises(LookupError, match="passes the test"):
        await flow_of(1).first(lambda n: n > 1)


async def test_a_failure_before_the_first_value_is_raised_and_one_after_it_is_not_met() -> None:
    with pytest.raises(ValueError, match="above"):
        await Upstream[int](failure=ValueError("above")).flow().first()
    assert await Upstream(1, failure=ValueError("above")).flow().first() == 1


async def test_a_failing_test_is_raised_and_closes_what_is_above() -> None:
    upstream = Upstream(0)
    with pytest.raises(ZeroDivisionError):
        await upstream.flow().first(lambda n: 1 / n)
    assert upstream.ends == ["closed"]


async def test_a_failing_cleanup_is_raised_instead_of_the_value() -> None:
    @flow
    async def source() -> AsyncIterator[int]:
        try:
            yield 1
        finally:
            raise ValueError("cleanup")

    with pytest.raises(ValueError, match="cleanup"):
        await source().first()


async def test_cancelled_during_the_cleanup_it_does_not_return_the_value() -> None:
    """K179"""
    got: list[int] = []
    with anyio.CancelScope() as scope:

        @flow
        async def source() -> AsyncIterator[int]:
            try:
                yield 1
            finally:
                scope.cancel()
                await anyio.lowlevel.checkpoint()

        got.append(await source().first())
    assert scope.cancelled_caught
    assert got == []


async def test_a_flow_that_goes_on_in_spite_of_the_closing_is_an_error_and_does_not_change_the_value() -> None:
    """K178: the upstream that ignores the abort and emits again; Python itself calls that a mistake"""

    @flow
    async def stubborn() -> AsyncIterator[int]:
        try:
            yield 1
        except GeneratorExit:
            yield 2

    with pytest.raises(RuntimeError, match="ignored GeneratorExit"):
        await stubborn().first()


async def test_of_a_hot_flow_leaves_no_subscriber() -> None:
    """K91"""
    shared = MutableSharedFlow[int](replay=1)
    await shared.emit(1)
    assert await shared.first() == 1
    assert shared.subscription_count.value == 0


@pytest.mark.parametrize("wrong", [3, "text"])
async def test_refuses_what_is_no_function(wrong: Any) -> None:
    with pytest.raises(TypeError, match=repr(wrong)):
        await flow_of(1).first(wrong)
