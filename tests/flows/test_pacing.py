"""What the operators of time have in common: `debounce`, `sample`, `timeout`, `throttle_latest`, `chunked` in time."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import aclosing
from contextvars import ContextVar
from typing import Any, TypeAlias, cast

import anyio
import pytest

from flowws import (
    CancellationError,
    Flow,
    MutableSharedFlow,
    await_cancellation,
    coroutine_scope,
    current_job,
    delay,
    flow,
    yield_now,
)
from flowws.testing import TestScope
from tests.flows.upstream import Upstream, settle

Operator: TypeAlias = "Callable[[Flow[Any]], Flow[Any]]"

OPERATORS: dict[str, Operator] = {
    "debounce": lambda above: above.debounce(1),
    "debounce each": lambda above: above.debounce(lambda _: 1),
    "sample": lambda above: above.sample(1),
    "timeout": lambda above: above.timeout(3600),
    "throttle_latest": lambda above: above.throttle_latest(1),
    "chunked": lambda above: above.chunked(timeout=1),
}
ALL = pytest.mark.parametrize("operator", OPERATORS.values(), ids=OPERATORS)


@flow
async def slow() -> AsyncIterator[int]:
    """A value every two seconds."""
    n = 0
    while True:
        yield n
        await delay(2)
        n += 1


@ALL
@pytest.mark.parametrize("end", ["take", "first", "break", "deadline", "cancel", "failure", "unstarted"])
async def test_ending_early_ends_what_is_above(test_scope: TestScope, operator: Operator, end: str) -> None:
    upstream = Upstream(1, endless=True)
    chain = operator(upstream.flow())

    def fail(_: object) -> None:
        raise ValueError("below")

    match end:
        case "take":
            assert len(await chain.take(1).to_list()) == 1
        case "first":
            await chain.first()
        case "break":
            async with aclosing(cast("Any", aiter(chain))) as values:
                async for _ in values:
                    break
        case "deadline":
            with anyio.move_on_after(5) as scope:
                await chain.collect()
            assert scope.cancelled_caught
        case "cancel":
            job = chain.launch_in(test_scope)
            await delay(5)
            await job.cancel_and_join()
        case "failure":
            with pytest.raises(ValueError, match="below"):
                await chain.collect(fail)
        case _:
            aiter(chain)
    assert upstream.ends == ([] if end == "unstarted" else ["cancelled"])


@ALL
async def test_a_collector_that_is_cancelled_between_two_values(test_scope: TestScope, operator: Operator) -> None:
    """K151: no `catch` below sees it, also when its jobs end before it has noticed."""
    upstream, seen = Upstream(1, endless=True), list[Exception]()

    async def cancel_me(_: object) -> None:
        job.cancel()
        with anyio.CancelScope(shield=True):
            await settle()

    job = operator(upstream.flow()).catch(seen.append).on_each(cancel_me).launch_in(test_scope)
    await job.join()
    assert job.is_cancelled
    assert seen == []
    assert upstream.ends == ["cancelled"]


@ALL
async def test_a_cancellation_before_the_first_step_is_heard_above(test_scope: TestScope, operator: Operator) -> None:
    heard: list[BaseException | None] = []
    with anyio.CancelScope() as scope:
        scope.cancel()
        await operator(slow().on_completion(heard.append)).collect()
    assert [type(each) for each in heard] == [CancellationError]


@ALL
async def test_a_cleanup_that_fails_on_an_early_end_is_raised(test_scope: TestScope, operator: Operator) -> None:
    """K153"""

    @flow
    async def source() -> AsyncIterator[int]:
        yield 1
        try:
            await await_cancellation()
        finally:
            raise KeyError("cleanup")

    with pytest.raises(KeyError, match="cleanup"):
        await operator(source()).first()


@ALL
async def test_a_failure_that_nobody_asked_for_is_not_raised(test_scope: TestScope, operator: Operator) -> None:
    """Who leaves early does not hear what happened above in the meantime."""

    @flow
    async def source() -> AsyncIterator[int]:
        yield 1
        await delay(5)
        raise ValueError("above")

    async with aclosing(cast("Any", aiter(operator(source())))) as values:
        await anext(values)
        await delay(60)


@ALL
async def test_cancelling_the_children_of_the_collecting_job_is_told(test_scope: TestScope, operator: Operator) -> None:
    """K285"""

    def cancel_children(_: object) -> None:
        job = current_job()
        assert job is not None
        job.cancel_children()

    with pytest.raises(CancellationError):
        await operator(slow()).collect(cancel_children)


@ALL
async def test_a_hot_flow_is_subscribed_to_at_once(test_scope: TestScope, operator: Operator) -> None:
    feed = MutableSharedFlow[int](extra_buffer_capacity=1)
    got: list[Any] = []
    job = operator(feed).on_each(got.append).launch_in(test_scope)
    assert feed.subscription_count.value == 1
    assert feed.try_emit(7)
    await delay(5)
    assert got in ([7], [[7]])
    await job.cancel_and_join()
    assert feed.subscription_count.value == 0


@ALL
async def test_works_outside_of_any_job(operator: Operator) -> None:
    assert current_job() is None
    assert await operator(Upstream(1).flow()).to_list() in ([1], [[1]], [])


@ALL
async def test_what_is_above_sees_the_context_variables_of_the_collector(operator: Operator) -> None:
    who: ContextVar[str] = ContextVar("who", default="nobody")
    seen: list[str] = []

    @flow
    async def source() -> AsyncIterator[int]:
        seen.append(who.get())
        yield 1

    who.set("me")
    await operator(source()).collect()
    assert seen == ["me"]


@ALL
async def test_they_nest(test_scope: TestScope, operator: Operator) -> None:
    chain = operator(operator(slow().take(4)))
    assert len(await chain.to_list()) >= 1


@ALL
async def test_a_failure_above_keeps_its_traceback_short_however_often_it_is_raised(operator: Operator) -> None:
    """And it is raised as itself: no group, no copy."""
    failure = ValueError("above")
    chain = operator(Upstream(failure=failure).flow())
    for _ in range(2):
        failure.__traceback__ = None
        with pytest.raises(ValueError, match="above") as raised:
            await chain.collect()
        assert raised.value is failure


@ALL
async def test_a_source_that_never_waits_does_not_keep_the_loop_to_itself(operator: Operator) -> None:
    turns: list[int] = []

    @flow
    async def source() -> AsyncIterator[int]:
        for n in range(2_000):
            yield n

    async def neighbour() -> None:
        for turn in range(10):
            turns.append(turn)
            await yield_now()

    async with coroutine_scope() as scope:
        scope.launch(neighbour)
        await operator(source()).collect()
        assert len(turns) == 10


async def test_alarms_that_ring_again_and_again_leave_the_source_its_turn() -> None:
    @flow
    async def source() -> AsyncIterator[int]:
        await settle()
        yield 1
        await settle()
        await delay(0.01)

    assert await source().sample(1e-12).first() == 1
    assert await source().throttle_latest(1e-12).to_list() == [1]
