"""`Deferred` and `CompletableDeferred`. Facts of section M by number."""

from __future__ import annotations

import traceback

import anyio
import pytest

from flowws import (
    CancellationError,
    CompletableDeferred,
    CompletableJob,
    CoroutineScope,
    IllegalStateError,
    coroutine_scope,
    supervisor_scope,
)
from tests.core.observing import reported, turns


async def double(number: int) -> int:
    await turns(2)
    return 2 * number


async def fail(error: Exception) -> int:
    raise error


async def test_k289_await_gives_the_same_value_to_everybody_every_time() -> None:
    got: list[int] = []
    async with coroutine_scope() as scope:
        deferred = scope.async_(double, 21)

        async def awaits() -> None:
            got.append(await deferred)

        for _ in range(3):
            scope.launch(awaits)
    assert got == [42, 42, 42]
    assert await deferred == 42


async def test_k289_await_raises_the_same_failure_every_time_and_its_traceback_does_not_grow() -> None:
    error = ValueError("kept")
    async with supervisor_scope() as scope:
        deferred = scope.async_(fail, error)
        lengths: list[int] = []
        for _ in range(20):
            with pytest.raises(ValueError, match="kept") as caught:
                await deferred
            assert caught.value is error
            lengths.append(len(traceback.extract_tb(error.__traceback__)))
    assert len(set(lengths)) == 1


async def test_k288_a_failure_that_nobody_awaits_is_reported_to_nobody() -> None:
    with reported() as errors:
        async with CoroutineScope(supervisor=True) as scope:
            deferred = scope.async_(fail, ValueError("kept"))
            await deferred.join()
    assert errors == []


async def test_k290_a_cancelled_async_whose_cleanup_returns_a_value_is_still_cancelled() -> None:
    async def body() -> int:
        try:
            await anyio.sleep_forever()
        except anyio.get_cancelled_exc_class():
            return 5
        return 6

    async def shielded() -> int:
        with anyio.CancelScope(shield=True):
            await turns()
        return 5

    async with coroutine_scope() as scope:
        for main in (body, shielded):
            deferred = scope.async_(main)
            await turns(3)
            deferred.cancel("enough")
            with pytest.raises(CancellationError, match="enough"):
                await deferred
            assert deferred.is_cancelled


async def test_k290_one_that_raises_another_error_while_being_cancelled_completes_with_that() -> None:
    async def body() -> int:
        with anyio.CancelScope(shield=True):
            await cleaning_up.wait()
        raise KeyError("in cleanup")

    cleaning_up = anyio.Event()
    async with supervisor_scope() as scope:
        deferred = scope.async_(body)
        await turns()
        deferred.cancel()
        cleaning_up.set()
        with pytest.raises(KeyError, match="in cleanup"):
            await deferred


async def test_k299_get_completed_before_after_and_on_failure() -> None:
    error = ValueError("bad")
    good, bad = CompletableDeferred[int](), CompletableDeferred[int]()
    for promise in (good, bad):
        with pytest.raises(IllegalStateError, match="not complete"):
            promise.get_completed()
        with pytest.raises(IllegalStateError, match="not complete"):
            promise.get_completion_exception_or_none()
    good.complete(1)
    bad.complete_exceptionally(error)
    assert good.get_completed() == 1
    assert good.get_completion_exception_or_none() is None
    assert bad.get_completion_exception_or_none() is error
    with pytest.raises(ValueError, match="bad"):
        bad.get_completed()


async def test_cancelling_the_one_who_awaits_leaves_the_deferred_alone() -> None:
    promise = CompletableDeferred[int]()
    with anyio.CancelScope() as waiter:
        waiter.cancel()
        await promise
    assert waiter.cancelled_caught
    assert promise.is_active
    promise.complete(3)
    assert await promise == 3


async def test_awaiting_a_cancelled_deferred_raises_an_ordinary_exception_not_the_loops_cancellation() -> None:
    promise = CompletableDeferred[int]()
    promise.cancel("gone")
    with pytest.raises(CancellationError, match="gone") as caught:
        await promise
    assert isinstance(caught.value, Exception)
    assert not isinstance(caught.value, anyio.get_cancelled_exc_class())


# ------------------------------------------------------------------------------------------------- CompletableDeferred


async def test_k298_complete_is_true_for_the_first_call_only() -> None:
    promise = CompletableDeferred[str]()
    assert promise.complete("first")
    assert not promise.complete("second")
    assert not promise.complete_exceptionally(ValueError())
    promise.cancel()
    assert not promise.is_cancelled
    assert await promise == "first"


async def test_none_is_a_value() -> None:
    promise = CompletableDeferred[None].completed(None)
    assert promise.is_completed
    promise.get_completed()
    await promise


async def test_k298_its_failure_fails_its_parent_and_cancelling_it_does_not() -> None:
    with reported() as errors:
        parent = CompletableJob(name="parent")
        CompletableDeferred[int](parent).cancel()
        assert parent.is_active
        CompletableDeferred[int](parent).complete_exceptionally(ValueError("up"))
        assert parent.is_cancelled
    assert errors == []  # it is kept for those who await


async def test_k298_with_children_it_stays_active_until_they_end() -> None:
    promise = CompletableDeferred[int]()
    child = CompletableJob(promise, name="child")
    assert promise.complete(4)
    assert promise.is_active
    assert not promise.is_completed
    assert not promise.complete(5)
    child.complete()
    assert await promise == 4


async def test_a_promise_keeps_its_scope_waiting_and_is_cancelled_with_it() -> None:
    async with coroutine_scope() as scope:
        promise = CompletableDeferred[int](scope.job)
        scope.cancel()
    assert promise.is_cancelled
    with pytest.raises(CancellationError):
        await promise


def test_a_promise_needs_no_loop_to_be_kept() -> None:
    promise = CompletableDeferred[int](name="answer")
    assert promise.complete(42)
    assert promise.get_completed() == 42
    assert repr(promise) == "<CompletableDeferred 'answer' completed>"


async def test_an_element_whose_comparison_raises_is_a_fine_value() -> None:
    class Hostile:
        def __eq__(self, other: object) -> bool:
            raise AssertionError("compared")

        def __bool__(self) -> bool:
            raise AssertionError("asked")

        __hash__ = None  # type: ignore[assignment]  # as hostile as can be

    value = Hostile()
    assert await CompletableDeferred.completed(value) is value
