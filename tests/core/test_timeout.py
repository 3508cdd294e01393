"""`with_timeout` and `with_timeout_or_none`. Facts K303 to K309."""

# ruff: noqa: PT012  # a scope raises at its end, and a loop in its middle: all of it stands inside `raises`

from __future__ import annotations

from datetime import timedelta
from math import inf, nan

import anyio
import pytest
import trio
import trio.testing

from flowws import (
    CoroutineStart,
    FlowTimeoutError,
    Job,
    await_cancellation,
    coroutine_scope,
    current_job,
    non_cancellable,
    with_timeout,
    with_timeout_or_none,
    yield_now,
)
from tests.core.observing import turns

SOON = 1e-6  # over by the next turn of the loop


async def nothing() -> None:
    pass


async def answer(value: int = 42) -> int:
    await yield_now()
    return value


async def endless() -> int:
    await anyio.sleep_forever()
    return 0


async def fail(error: Exception) -> None:
    raise error


# --------------------------------------------------------------------------------------------------------- in good time


async def test_k303_the_block_begins_without_yielding_and_its_children_are_awaited() -> None:
    log: list[str] = []

    async def other() -> None:
        log.append("other")

    async def child() -> None:
        await turns()
        log.append("child")

    async with coroutine_scope() as outer:
        outer.launch(other)
        async with with_timeout(60) as scope:
            log.append("block")
            scope.launch(child)
        log.append("after")
    assert log == ["block", "other", "child", "after"]


@pytest.mark.parametrize("timeout", [60, 60.0, timedelta(minutes=1), inf])
async def test_a_call_in_good_time_gives_its_result(timeout: float | timedelta) -> None:
    assert await with_timeout(timeout, answer, 7) == 7
    assert await with_timeout_or_none(timeout, answer, 7) == 7


async def test_the_current_job_is_that_of_the_block() -> None:
    async with coroutine_scope() as outer:
        async with with_timeout(60) as scope:
            assert current_job() is scope.job
            assert scope.job.parent is outer.job
        assert current_job() is outer.job


# ------------------------------------------------------------------------------------------------------------- too late


async def test_k304_the_timeout_is_raised_when_the_block_is_late() -> None:
    reached = False
    with pytest.raises(FlowTimeoutError):
        async with with_timeout(SOON):
            await anyio.sleep_forever()
            reached = True
    assert not reached


@pytest.mark.parametrize("form", [with_timeout, with_timeout_or_none])
async def test_k304_it_is_raised_even_if_the_block_caught_the_cancellation_and_returned(form: object) -> None:
    async def stubborn() -> int:
        try:
            await anyio.sleep_forever()
        except anyio.get_cancelled_exc_class():
            return 1
        return 2

    if form is with_timeout:
        with pytest.raises(FlowTimeoutError):
            await with_timeout(SOON, stubborn)
    else:
        assert await with_timeout_or_none(SOON, stubborn) is None


async def test_k304_another_error_of_the_block_goes_first() -> None:
    async def breaks() -> None:
        try:
            await anyio.sleep_forever()
        finally:
            raise ValueError("in cleanup")

    with pytest.raises(ValueError, match="in cleanup"):
        await with_timeout(SOON, breaks)
    with pytest.raises(ValueError, match="in cleanup"):
        await with_timeout_or_none(SOON, breaks)


async def test_k304_so_does_the_failure_of_a_child() -> None:
    async def breaks() -> None:
        try:
            await anyio.sleep_forever()
        finally:
            raise ValueError("of the child")

    with pytest.raises(ValueError, match="of the child"):
        async with with_timeout(SOON) as scope:
            scope.launch(breaks, start=CoroutineStart.ATOMIC)
            await anyio.sleep_forever()


@pytest.mark.parametrize("timeout", [0, -1.0, timedelta(0)])
async def test_k305_without_time_the_block_does_not_run(timeout: float | timedelta) -> None:
    ran: list[str] = []

    async def body() -> int:
        ran.append("body")
        return 1

    with pytest.raises(FlowTimeoutError):
        await with_timeout(timeout, body)
    with pytest.raises(FlowTimeoutError):
        async with with_timeout(timeout):
            ran.append("block")
    assert await with_timeout_or_none(timeout, body) is None
    assert ran == []


async def test_k306_none_stands_for_its_own_time_only() -> None:
    async def inner() -> int:
        return await with_timeout(SOON, await_cancellation)

    with pytest.raises(FlowTimeoutError):
        await with_timeout_or_none(60, inner)
    assert await with_timeout_or_none(SOON, with_timeout, 60, endless) is None


async def test_k307_a_timeout_is_an_ordinary_failure() -> None:
    """Deliberately different from Kotlin, where it would pass as a cancellation."""
    with pytest.raises(TimeoutError):
        async with coroutine_scope() as scope:
            scope.launch(with_timeout, SOON, await_cancellation)
            await anyio.sleep_forever()


async def test_k308_the_message_names_the_duration_and_the_job() -> None:
    async def slow() -> None:
        await with_timeout(timedelta(microseconds=250), await_cancellation)

    with pytest.raises(FlowTimeoutError) as nobody:
        await slow()
    assert str(nobody.value) == "not done within 0.00025 s"
    assert (nobody.value.seconds, nobody.value.job) == (0.00025, None)
    with pytest.raises(FlowTimeoutError, match=r"not done within 0.00025 s in job 'slow one'") as named:
        async with coroutine_scope() as scope:
            scope.launch(slow, name="slow one")
    assert named.value.job == "slow one"


def test_k309_a_block_that_passes_its_deadline_without_waiting_may_end_either_way() -> None:
    ends: list[object] = []

    async def main(clock: trio.testing.MockClock) -> None:
        async def no_wait() -> int:
            clock.jump(2)
            return 1

        ends.append(await with_timeout_or_none(1, no_wait))
        await yield_now()  # and nothing of the deadline is left
        ends.append(await answer())

    clock = trio.testing.MockClock()
    trio.run(main, clock, clock=clock)
    assert ends in ([1, 42], [None, 42])


def test_the_deadline_is_that_of_the_loops_own_clock() -> None:
    times: list[float] = []

    async def main() -> None:
        assert await with_timeout_or_none(3600, endless) is None
        times.append(anyio.current_time())
        async with with_timeout(60) as scope:
            times.append(anyio.current_effective_deadline())
            assert scope.is_active

    clock = trio.testing.MockClock(autojump_threshold=0)
    start = clock.current_time()
    trio.run(main, clock=clock)
    assert times == [pytest.approx(start + 3600), pytest.approx(start + 3660)]


# ------------------------------------------------------------------------------------------------------------- children


async def test_children_are_cancelled_and_awaited_before_the_timeout_is_raised() -> None:
    log: list[str] = []

    async def child() -> None:
        try:
            await anyio.sleep_forever()
        finally:
            with non_cancellable():
                await turns()
            log.append("cleaned up")

    with pytest.raises(FlowTimeoutError):
        async with with_timeout(SOON) as scope:
            scope.launch(child, start=CoroutineStart.ATOMIC)
            await anyio.sleep_forever()
    assert log == ["cleaned up"]


async def test_the_deadline_holds_while_only_children_are_at_work() -> None:
    with pytest.raises(FlowTimeoutError):
        async with with_timeout(SOON) as scope:
            child = scope.launch(await_cancellation)
    assert child.is_completed


async def test_children_hear_of_the_deadline_when_it_passes_not_when_the_block_leaves() -> None:
    with pytest.raises(FlowTimeoutError):
        async with with_timeout(SOON) as scope:
            child = scope.launch(await_cancellation)
            with non_cancellable():
                await child.join()


async def test_children_of_a_scope_inside_hear_of_it_too() -> None:
    children: list[Job] = []

    async def block() -> None:
        async with coroutine_scope() as inner:
            children.append(inner.launch(await_cancellation))

    with pytest.raises(FlowTimeoutError):
        await with_timeout(SOON, block)
    assert children[0].is_completed


async def test_no_watcher_is_left_after_a_block_in_good_time() -> None:
    async with with_timeout(3600) as scope:
        scope.launch(nothing)
    assert scope.job.is_completed
    assert list(scope.job.children) == []


@pytest.mark.parametrize(("wrong", "error"), [("1", TypeError), (None, TypeError), (nan, ValueError)])
async def test_what_is_no_duration_is_refused(wrong: object, error: type[Exception]) -> None:
    with pytest.raises(error, match="timeout must be"):
        with_timeout(wrong)  # type: ignore[call-overload]  # the mistake under test
    with pytest.raises(error, match="timeout must be"):
        await with_timeout_or_none(wrong, nothing)  # type: ignore[arg-type]  # the mistake under test
