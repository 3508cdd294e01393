"""`retry_when`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from flowws import coroutine_scope, delay, flow_of
from flowws.testing import TestScope
from tests.flows.upstream import SPELLINGS, Upstream, settle, spelled


def always(asked: list[Exception]) -> Callable[[Exception, int], bool]:
    """Decides for another attempt, and keeps the failures that it was asked about."""

    def decide(failure: Exception, _: int) -> bool:
        asked.append(failure)
        return True

    return decide


@pytest.mark.parametrize("how", SPELLINGS)
async def test_the_attempts_are_counted_from_zero_and_never_anew(how: str) -> None:
    """K160, K161"""
    asked: list[tuple[str, int]] = []

    def decide(failure: Exception, attempt: int) -> bool:
        asked.append((str(failure), attempt))
        return attempt < 3

    got: list[int] = []
    with pytest.raises(ValueError, match="above"):
        await Upstream(1, failure=ValueError("above")).flow().retry_when(spelled(how, decide)).to_list(got)
    assert asked == [("above", 0), ("above", 1), ("above", 2), ("above", 3)]
    assert got == [1, 1, 1, 1]


async def test_the_function_may_wait(test_scope: TestScope) -> None:
    async def decide(_: Exception, attempt: int) -> bool:
        await delay(10)
        return attempt < 2

    assert await Upstream(1, failure=ValueError()).flow().retry_when(decide).catch(lambda _: None).to_list() == [1] * 3
    assert test_scope.current_time == 30


async def test_it_is_cancelled_while_the_function_waits(test_scope: TestScope) -> None:
    async def decide(_: Exception, __: int) -> bool:
        await delay(10)
        return True

    upstream = Upstream(1, failure=ValueError())
    job = upstream.flow().retry_when(decide).launch_in(test_scope)
    await delay(1)
    await job.cancel_and_join()
    assert upstream.ends == ["failed"]
    assert test_scope.current_time == 1


async def test_does_not_see_what_is_below_nor_a_cancellation() -> None:
    """K162"""
    asked: list[Exception] = []
    upstream = Upstream(1, endless=True)
    chain = upstream.flow().retry_when(always(asked))

    def fail(_: int) -> None:
        raise ValueError("below")

    with pytest.raises(ValueError, match="below"):
        await chain.collect(fail)
    async with coroutine_scope() as scope:
        job = chain.launch_in(scope)
        await settle()
        job.cancel()
    assert await chain.first() == 1
    assert asked == []
    assert upstream.ends == ["closed", "cancelled", "closed"]


async def test_what_is_no_exception_passes() -> None:
    asked: list[Exception] = []

    def stop() -> int:
        raise SystemExit

    chain = flow_of(1).map(lambda _: stop()).retry_when(always(asked))
    with pytest.raises(SystemExit):
        await anext(aiter(chain))
    assert asked == []


async def test_what_the_function_raises_goes_down() -> None:
    def decide(failure: Exception, attempt: int) -> bool:
        raise KeyError(attempt) from failure

    with pytest.raises(KeyError, match="0"):
        await Upstream(failure=ValueError()).flow().retry_when(decide).collect()
    assert await flow_of("x").map(int).retry_when(decide).catch(lambda _: flow_of(-1)).to_list() == [-1]


async def test_two_of_them_nest() -> None:
    """The one above is asked anew from the beginning by the one below."""
    upstream = Upstream(1, failure=ValueError())
    chain = upstream.flow().retry_when(lambda _, attempt: attempt < 1).retry_when(lambda _, attempt: attempt < 2)
    assert await chain.catch(lambda _: None).to_list() == [1] * 6


@pytest.mark.parametrize("wrong", [None, 3])
def test_what_is_no_function_is_refused(wrong: Any) -> None:
    with pytest.raises(TypeError, match=f"decide must be a function, sync or async, not {wrong}"):
        flow_of(1).retry_when(wrong)
