"""`supervisor_scope`. Fact K295."""

# ruff: noqa: PT012  # a scope raises at its end, and a loop in its middle: all of it stands inside `raises`

from __future__ import annotations

import anyio
import pytest

from flowws import (
    supervisor_scope,
    yield_now,
)
from tests.core.observing import reported, turns


async def forever() -> None:
    await anyio.sleep_forever()


async def fail(error: BaseException) -> None:
    await yield_now()
    raise error


async def test_k295_children_of_a_supervisor_fail_one_by_one() -> None:
    told: list[BaseException] = []
    async with supervisor_scope(exception_handler=lambda job, error: told.append(error)) as scope:
        launched = scope.launch(fail, ValueError("launched"))
        deferred = scope.async_(fail, KeyError("async"))
        sibling = scope.launch(turns)
        with pytest.raises(KeyError):
            await deferred
        await launched.join()
        await sibling.join()
        assert not sibling.is_cancelled
        assert scope.is_active
    assert [str(error) for error in told] == ["launched"]


async def test_k295_a_failure_of_the_block_cancels_the_children() -> None:
    with pytest.raises(ValueError, match="of the block"):
        async with supervisor_scope() as scope:
            job = scope.launch(forever)
            await turns()
            raise ValueError("of the block")
    assert job.is_cancelled


async def test_k295_external_cancellation_cancels_all() -> None:
    with anyio.CancelScope() as outer:
        async with supervisor_scope() as scope:
            job = scope.launch(forever)
            outer.cancel()
            await anyio.sleep_forever()
    assert job.is_completed


async def test_k295_without_a_handler_the_loop_is_told() -> None:
    with reported() as errors:
        async with supervisor_scope() as scope:
            scope.launch(fail, ValueError("alone"))
    assert [str(error) for error in errors] == ["alone"]
