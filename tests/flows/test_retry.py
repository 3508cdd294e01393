"""`retry`."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterator
from datetime import timedelta
from typing import Any, TypeVar

import anyio
import pytest

from flowws import (
    Backoff,
    CancellationError,
    Channel,
    MutableSharedFlow,
    await_cancellation,
    coroutine_scope,
    flow,
    flow_of,
    with_timeout,
)
from flowws.testing import TestScope
from tests.flows.upstream import SPELLINGS, Upstream, settle, spelled

T = TypeVar("T")
R = TypeVar("R")


def remembering(into: list[T], answer: R) -> Callable[[T], R]:
    """A function that always gives the same answer, and keeps what it was asked."""

    def ask(question: T) -> R:
        into.append(question)
        return answer

    return ask


async def test_collects_anew_at_most_so_many_times() -> None:
    """K158, K161: what came before each failure has been given"""
    failure = ValueError("above")
    upstream = Upstream(1, 2, failure=failure)
    got: list[int] = []
    with pytest.raises(ValueError, match="above") as raised:
        await upstream.flow().retry(2).to_list(got)
    assert raised.value is failure
    assert got == [1, 2, 1, 2, 1, 2]
    assert upstream.ends == ["failed", "failed", "failed"]


async def test_ends_with_the_first_attempt_that_does() -> None:
    outcomes = iter([ValueError(), ValueError(), None])

    @flow
    async def source() -> AsyncIterator[int]:
        failure = next(outcomes)
        yield 1
        if failure is not None:
            raise failure

    assert await source().retry().to_list() == [1, 1, 1]


@pytest.mark.parametrize("wrong", [0, -1])
def test_no_retries_at_all_are_refused(wrong: int) -> None:
    """K158"""
    with pytest.raises(ValueError, match=f"retries must be 1 or more, not {wrong}"):
        flow_of(1).retry(wrong)


@pytest.mark.parametrize("how", SPELLINGS)
async def test_the_predicate_decides(how: str) -> None:
    """K159"""
    asked: list[Exception] = []

    def predicate(failure: Exception) -> bool:
        asked.append(failure)
        return len(asked) < 3

    upstream = Upstream(1, failure=ValueError("above"))
    with pytest.raises(ValueError, match="above"):
        await upstream.flow().retry(None, spelled(how, predicate)).collect()
    assert upstream.starts == 3
    assert [str(each) for each in asked] == ["above"] * 3


async def test_the_predicate_is_not_asked_once_the_attempts_are_used_up() -> None:
    """K159"""
    asked: list[Exception] = []
    with pytest.raises(ValueError, match="above"):
        await Upstream(failure=ValueError("above")).flow().retry(2, remembering(asked, True)).collect()
    assert len(asked) == 2


async def test_sees_what_is_above_and_nothing_else() -> None:
    """K162: a failure below is none of its business, nor is an early end"""
    upstream = Upstream(1, 2)

    def fail(_: int) -> None:
        raise ValueError("below")

    with pytest.raises(ValueError, match="below"):
        await upstream.flow().retry().on_each(fail).collect()
    assert await upstream.flow().retry().take(1).to_list() == [1]
    assert await upstream.flow().retry().first() == 1
    assert upstream.starts == 3
    assert upstream.ends == ["closed"] * 3


async def test_a_cleanup_that_fails_on_an_early_end_is_not_retried() -> None:
    """K153"""
    starts = 0

    @flow
    async def source() -> AsyncIterator[int]:
        nonlocal starts
        starts += 1
        try:
            yield 1
        finally:
            raise KeyError("cleanup")

    with pytest.raises(KeyError, match="cleanup"):
        await source().retry().first()
    assert starts == 1


async def test_does_not_see_the_cancellation_of_the_collector() -> None:
    """K151, K162"""
    upstream = Upstream(1, endless=True)
    for chain in (upstream.flow(), upstream.flow().sample(60)):
        async with coroutine_scope() as scope:
            job = chain.retry().launch_in(scope)
            await settle()
            job.cancel()
        assert job.is_cancelled
    assert upstream.ends == ["cancelled", "cancelled"]


async def test_retries_time_outs_and_cancellation_errors_of_what_is_above(test_scope: TestScope) -> None:
    """K152"""
    outcomes = iter(["time-out", "cancelled", "anyio's time-out"])

    @flow
    async def source() -> AsyncIterator[str]:
        outcome = next(outcomes, None)
        if outcome == "cancelled":
            raise CancellationError("not ours")
        if outcome == "time-out":
            await with_timeout(1, await_cancellation)
        if outcome == "anyio's time-out":
            with anyio.fail_after(1):
                await anyio.Event().wait()
        yield "at last"

    assert await source().retry().to_list() == ["at last"]
    assert test_scope.current_time == 2


@pytest.mark.parametrize("how", SPELLINGS)
async def test_waits_as_the_backoff_says(test_scope: TestScope, how: str) -> None:
    asked: list[int] = []

    def backoff(attempt: int) -> float | timedelta:
        asked.append(attempt)
        return timedelta(seconds=10) if attempt else 1

    with pytest.raises(ValueError, match="above"):
        await Upstream(failure=ValueError("above")).flow().retry(3, backoff=spelled(how, backoff)).collect()
    assert asked == [0, 1, 2]
    assert test_scope.current_time == 21


async def test_a_value_can_begin_the_count_anew() -> None:
    outcomes: Iterator[int | Exception] = iter(
        [ValueError(1), ValueError(2), 1, ValueError(3), ValueError(4), 2, ValueError(5)]
    )

    @flow
    async def source() -> AsyncIterator[int]:
        for outcome in outcomes:
            if isinstance(outcome, Exception):
                raise outcome
            yield outcome

    attempts: list[int] = []
    chain = source().retry(2, backoff=remembering(attempts, 0), reset_on_value=True)
    assert await chain.to_list() == [1, 2]
    assert attempts == [0, 1, 0, 1, 0]


async def test_without_it_the_count_goes_on() -> None:
    """K160"""
    attempts: list[int] = []
    chain = Upstream(1, failure=ValueError()).flow().retry(3, backoff=remembering(attempts, 0))
    assert await chain.catch(lambda _: None).to_list() == [1] * 4
    assert attempts == [0, 1, 2]


async def test_a_hot_flow_is_subscribed_to_at_once_and_again() -> None:
    feed = MutableSharedFlow[int](extra_buffer_capacity=4)
    got: list[int] = []

    def odd(n: int) -> int:
        if n % 2 == 0:
            raise ValueError(n)
        return n

    async with coroutine_scope() as scope:
        job = feed.map(odd).retry().on_each(got.append).launch_in(scope)
        for n in (1, 2, 3, 4, 5):
            assert feed.try_emit(n)
            await settle()
        assert feed.subscription_count.value == 1
        job.cancel()
    assert got == [1, 3, 5]
    assert feed.subscription_count.value == 0


async def test_what_fails_without_a_wait_lets_others_run() -> None:
    """A flow that can be collected once fails for ever after: as in Kotlin, that is retried too."""
    channel = Channel[int]()
    channel.close(ValueError("once"))
    with anyio.move_on_after(0.01) as scope:
        await channel.consume_as_flow().retry().collect()
    assert scope.cancelled_caught


async def test_a_failing_predicate_or_backoff_fails_the_flow() -> None:
    def fail(_: object) -> Any:
        raise KeyError("mine")

    failing = Upstream[int](failure=ValueError("above")).flow()
    for chain in (failing.retry(1, fail), failing.retry(backoff=fail)):
        with pytest.raises(KeyError, match="mine") as raised:
            await chain.collect()
        assert isinstance(raised.value.__context__, ValueError)


async def test_closing_it_between_two_attempts(test_scope: TestScope) -> None:
    upstream = Upstream(1, failure=ValueError())
    job = upstream.flow().retry(backoff=lambda _: 60).launch_in(test_scope)
    await test_scope.run_current()
    await job.cancel_and_join()
    assert upstream.ends == ["failed"]


@pytest.mark.parametrize("wrong", [1.5, True, "1"])
def test_what_is_no_number_is_refused(wrong: Any) -> None:
    with pytest.raises(TypeError, match="retries must be a whole number"):
        flow_of(1).retry(wrong)


def test_what_is_no_function_is_refused() -> None:
    wrong: Any = 3
    with pytest.raises(TypeError, match="predicate must be a function, sync or async, not 3"):
        flow_of(1).retry(1, wrong)
    with pytest.raises(TypeError, match="backoff must be a function, sync or async, not 3"):
        flow_of(1).retry(1, backoff=wrong)


def test_it_shows_what_it_was_given() -> None:
    chain = flow_of(1).retry(3, bool, backoff=Backoff(), reset_on_value=True)
    assert repr(chain) == f"flow_of(1).retry(3, predicate=bool, backoff={Backoff()!r}, reset_on_value=True)"
    assert repr(flow_of(1).retry()) == "flow_of(1).retry()"
