"""`new_waiter`: one parked task, the same on both loops."""

from __future__ import annotations

import anyio
import pytest

from flowws import coroutine_scope, yield_now
from flowws._core import Waiter, checkpoint, new_waiter
from tests.core.observing import turns


async def test_a_value_is_handed_over() -> None:
    waiter: Waiter[str] = new_waiter()
    got: list[str] = []

    async def parked() -> None:
        got.append(await waiter)

    async with coroutine_scope() as scope:
        scope.launch(parked)
        await turns()
        assert not waiter.done()
        waiter.set_result("value")
        assert waiter.done()
        assert not waiter.cancelled()
    assert got == ["value"]
    assert waiter.result() == "value"


async def test_an_exception_is_handed_over() -> None:
    waiter: Waiter[str] = new_waiter()
    error = ValueError("for the parked one")
    got: list[BaseException] = []

    async def parked() -> None:
        try:
            await waiter
        except ValueError as raised:
            got.append(raised)

    async with coroutine_scope() as scope:
        scope.launch(parked)
        await turns()
        waiter.set_exception(error)
    assert got == [error]
    with pytest.raises(ValueError, match="for the parked one"):
        waiter.result()


@pytest.mark.parametrize("value", [None, 0, ...])
async def test_a_waiter_may_be_resolved_before_it_is_awaited(value: object) -> None:
    waiter: Waiter[object] = new_waiter()
    waiter.set_result(value)
    assert await waiter is value


async def test_a_waiter_that_failed_before_it_is_awaited() -> None:
    waiter: Waiter[object] = new_waiter()
    waiter.set_exception(KeyError("early"))
    with pytest.raises(KeyError, match="early"):
        await waiter


async def test_a_cancelled_task_leaves_a_cancelled_waiter() -> None:
    waiter: Waiter[str] = new_waiter()
    with anyio.CancelScope() as scope:
        scope.cancel()
        await waiter
    assert waiter.done()
    assert waiter.cancelled()


async def test_a_task_that_is_cancelled_after_the_hand_over_does_not_lose_the_value() -> None:
    """asyncio: the await raises and the value is in `result()`; trio: the value arrives."""
    waiter: Waiter[str] = new_waiter()
    got: list[str] = []

    async def parked() -> None:
        try:
            got.append(await waiter)
        except BaseException:
            assert waiter.done()
            assert not waiter.cancelled()
            got.append(waiter.result())
            raise

    async with coroutine_scope() as scope:
        job = scope.launch(parked)
        await turns()
        waiter.set_result("value")
        job.cancel()
    assert got == ["value"]


async def test_checkpoint_lets_others_run_and_notices_cancellation() -> None:
    ran: list[str] = []

    async def other() -> None:
        ran.append("other")

    async with coroutine_scope() as scope:
        scope.launch(other)
        await checkpoint()
        await checkpoint()  # trio may step the caller first once
        assert ran == ["other"]
    passed = False
    with anyio.CancelScope() as cancelled:
        cancelled.cancel()
        await checkpoint()
        passed = True
    assert not passed
    await yield_now()


def test_outside_of_a_loop_there_is_no_waiter() -> None:
    with pytest.raises(RuntimeError):
        _ = new_waiter()
