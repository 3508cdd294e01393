"""`coroutine_scope`: its end, and failures in it. Facts of section M by number."""

# ruff: noqa: PT012  # a scope raises at its end, and a loop in its middle: all of it stands inside `raises`

from __future__ import annotations

import anyio
import pytest

from flowws import (
    CoroutineScope,
    coroutine_scope,
    current_job,
    supervisor_scope,
    yield_now,
)
from tests.core.observing import turns


async def forever() -> None:
    await anyio.sleep_forever()


async def fail(error: BaseException) -> None:
    await yield_now()
    raise error


# ------------------------------------------------------------------------------------------------------- the happy end


async def test_k293_the_end_of_the_block_waits_for_every_child_and_their_children() -> None:
    log: list[str] = []

    async def grandchild() -> None:
        await turns()
        log.append("grandchild")

    async def child(scope: CoroutineScope) -> None:
        scope.launch(grandchild)
        await turns(3)
        log.append("child")

    async with coroutine_scope() as scope:
        scope.launch(child, scope)
        log.append("block")
    assert log == ["block", "child", "grandchild"]
    assert scope.job.is_completed
    assert not scope.job.is_cancelled


async def test_an_empty_scope_ends() -> None:
    async with coroutine_scope():
        pass
    async with supervisor_scope():
        pass


async def test_it_is_a_child_of_the_current_job() -> None:
    async with coroutine_scope("outer") as outer:
        async with coroutine_scope("inner") as inner:
            assert inner.job.parent is outer.job
            assert current_job() is inner.job
        assert current_job() is outer.job
        assert list(outer.job.children) == []


def test_it_has_a_repr_before_it_is_entered() -> None:
    assert "not entered" in repr(coroutine_scope("later"))


# ------------------------------------------------------------------------------------------------------------- failure


@pytest.mark.parametrize("error", [ValueError("first"), TimeoutError("late"), ExceptionGroup("mine", [KeyError()])])
async def test_k280_k293_the_failure_of_a_child_is_raised_as_itself(error: Exception) -> None:
    with pytest.raises(type(error)) as caught:
        async with coroutine_scope() as scope:
            scope.launch(fail, error)
            await anyio.sleep_forever()
    assert caught.value is error
    assert error.__context__ is None
    assert error.__cause__ is None


async def test_a_childs_own_context_and_cause_survive() -> None:
    async def child() -> None:
        try:
            raise KeyError("inner")
        except KeyError as inner:
            raise ValueError("outer") from inner

    with pytest.raises(ValueError, match="outer") as caught:
        async with coroutine_scope() as scope:
            scope.launch(child)
            await anyio.sleep_forever()
    assert isinstance(caught.value.__cause__, KeyError)
    assert caught.value.__context__ is caught.value.__cause__


async def test_k293_the_failure_of_the_block_cancels_the_children_and_is_raised_as_itself() -> None:
    error = ValueError("of the block")
    with pytest.raises(ValueError, match="of the block") as caught:
        async with coroutine_scope() as scope:
            job = scope.launch(forever)
            await turns()
            raise error
    assert caught.value is error
    assert job.is_cancelled
    assert not hasattr(error, "__notes__")


async def test_k293_the_callers_own_job_stays_active() -> None:
    async with coroutine_scope() as outer:
        with pytest.raises(ValueError, match="inner"):
            async with coroutine_scope() as scope:
                scope.launch(fail, ValueError("inner"))
        assert outer.is_active
        await outer.launch(turns).join()


async def test_k281_a_block_that_fails_in_its_cleanup_is_a_note_on_the_first_failure() -> None:
    first = ValueError("first")
    with pytest.raises(ValueError, match="first") as caught:
        async with coroutine_scope() as scope:
            scope.launch(fail, first)
            try:
                await anyio.sleep_forever()
            finally:
                raise KeyError("in cleanup")
    assert caught.value is first
    assert "in cleanup" in first.__notes__[1]
    assert first.__context__ is None


async def test_k287_catching_the_failure_around_await_does_not_save_the_scope() -> None:
    caught: list[BaseException] = []
    with pytest.raises(ValueError, match="of async"):
        async with coroutine_scope() as scope:
            deferred = scope.async_(fail, ValueError("of async"))
            try:
                await deferred
            except ValueError as error:
                caught.append(error)
            await anyio.sleep_forever()
    assert len(caught) <= 1


async def test_a_failure_travels_through_nested_scopes_and_jobs_as_itself() -> None:
    error = ValueError("deep below")

    async def middle() -> None:
        async with coroutine_scope() as inner:
            inner.launch(fail, error)

    with pytest.raises(ValueError, match="deep below") as caught:
        async with coroutine_scope() as outer:
            outer.launch(middle)
    assert caught.value is error
    assert error.__notes__ == ["in job 'fail' of scope 'coroutine_scope'"]


async def test_ten_children_that_fail_at_once_raise_one_error() -> None:
    with pytest.raises(ValueError, match="boom") as caught:
        async with coroutine_scope() as scope:
            for number in range(10):
                scope.launch(fail, ValueError(f"boom {number}"))
    assert len(getattr(caught.value, "__notes__", [])) <= 1 + 9
