"""`with_timeout` beside other ends: cancellation from outside, failures, a cancelled scope. Facts K304 and K306."""

# ruff: noqa: PT012  # a scope raises at its end, and a loop in its middle: all of it stands inside `raises`

from __future__ import annotations

import anyio
import pytest

from flowws import (
    CancellationError,
    CoroutineScope,
    FlowTimeoutError,
    Job,
    await_cancellation,
    coroutine_scope,
    current_job,
    with_timeout,
    with_timeout_or_none,
    yield_now,
)
from tests.core.observing import turns

SOON = 1e-6  # over by the next turn of the loop


async def fail(error: Exception) -> None:
    raise error


async def test_a_cancellation_from_outside_passes() -> None:
    reached = False
    with anyio.CancelScope() as outer:
        async with with_timeout(60):
            outer.cancel()
            await anyio.sleep_forever()
        reached = True
    assert outer.cancelled_caught
    assert not reached


async def test_a_cancellation_from_outside_passes_even_after_the_deadline() -> None:
    with anyio.CancelScope() as outer:
        async with with_timeout(SOON):
            try:
                await anyio.sleep_forever()
            finally:
                outer.cancel()
                await yield_now()
    assert outer.cancelled_caught


@pytest.mark.parametrize("child", [False, True], ids=["", "child"])
@pytest.mark.parametrize("at_the_end", ["raises on", "swallows", "fails"])
@pytest.mark.parametrize("what", ["deadline", "outer", "deadline, then outer", "outer, then deadline"])
async def test_k304_every_meeting_of_deadline_outer_cancellation_and_block(
    what: str, at_the_end: str, child: bool
) -> None:
    """The block's own error comes first, then a cancellation that passes, then the timeout."""
    ended: list[str] = []
    jobs: list[Job] = []
    with anyio.CancelScope() as outer:
        try:
            async with with_timeout(60 if what == "outer" else SOON) as scope:
                jobs.append(scope.job)
                if child:
                    scope.launch(await_cancellation)
                if what.startswith("outer"):
                    outer.cancel()
                try:
                    await anyio.sleep_forever()
                except anyio.get_cancelled_exc_class():
                    with anyio.CancelScope(shield=True):
                        await turns(3)  # the deadline passes, if it has not
                    if what.endswith("outer"):
                        outer.cancel()
                    if at_the_end == "fails":
                        raise ValueError("of the block") from None
                    if at_the_end == "raises on":
                        raise
            ended.append("quietly")
        except (ValueError, FlowTimeoutError) as error:
            ended.append(type(error).__name__)
    late, cancelled = "deadline" in what, "outer" in what
    if at_the_end == "fails":
        assert ended == ["ValueError"]
    elif at_the_end == "swallows" and late:
        assert ended == ["FlowTimeoutError"]
    elif (cancelled and at_the_end == "raises on") or (child and not late):
        assert ended == []
        assert outer.cancelled_caught
    else:
        assert ended == ["FlowTimeoutError" if late else "quietly"]
    assert jobs[0].is_completed


async def test_a_cancelled_job_is_cancelled_not_late() -> None:
    async with coroutine_scope() as scope:
        job = scope.launch(with_timeout, 60, await_cancellation)
        told: list[BaseException | None] = []
        job.invoke_on_completion(told.append)
        await turns()
        job.cancel()
        await job.join()
    assert [type(each) for each in told] == [CancellationError]


async def test_an_outer_timeout_is_not_taken_for_the_inner_one() -> None:
    with pytest.raises(FlowTimeoutError) as caught:
        async with with_timeout(SOON):
            await with_timeout_or_none(60, await_cancellation)
    assert caught.value.seconds == SOON


async def test_a_failure_of_the_block_is_raised_as_itself() -> None:
    error = ValueError("of the block")
    with pytest.raises(ValueError, match="of the block") as caught:
        await with_timeout(60, fail, error)
    assert caught.value is error
    with pytest.raises(ValueError, match="of the block"):
        async with with_timeout(60) as scope:
            scope.launch(fail, error)
            await anyio.sleep_forever()


async def test_cancelling_the_scope_ends_a_block_quietly_and_a_call_with_an_error() -> None:
    async with with_timeout(60) as scope:
        scope.cancel()
        await anyio.sleep_forever()

    async def gives_up() -> None:
        job = current_job()
        assert job is not None
        job.cancel("no use")
        await yield_now()

    with pytest.raises(CancellationError, match="no use"):
        await with_timeout(60, gives_up)


async def test_the_job_of_the_caller_stays_active() -> None:
    async with CoroutineScope() as scope:

        async def survives() -> str:
            with pytest.raises(TimeoutError):
                await with_timeout(SOON, await_cancellation)
            await turns()
            return "alive"

        assert await scope.async_(survives) == "alive"
        assert scope.is_active
