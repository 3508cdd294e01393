"""What type checkers make of jobs: read by mypy and pyright, and run like any test."""

from __future__ import annotations

from typing import assert_type

import pytest

from flowws import (
    CompletableDeferred,
    CoroutineContext,
    CoroutineScope,
    CoroutineStart,
    Deferred,
    Job,
    await_all,
    coroutine_scope,
    join_all,
    with_context,
    with_timeout,
    with_timeout_or_none,
)


async def fetch(url: str, size: int = 3) -> bytes:
    return url.encode()[:size]


async def test_results_of_calls_with_a_time_or_a_context() -> None:
    assert_type(await with_timeout(60, fetch, "url"), bytes)
    assert_type(await with_timeout_or_none(60, fetch, "url", 1), bytes | None)
    assert_type(await with_context(CoroutineContext(name="feed"), fetch, "url"), bytes)
    async with with_timeout(60) as scope:
        assert_type(scope, CoroutineScope)


async def test_jobs_and_their_results() -> None:
    async with coroutine_scope() as scope:
        assert_type(scope.launch(fetch, "url"), Job)
        assert_type(scope.async_(fetch, "url", start=CoroutineStart.LAZY), Deferred[bytes]).cancel()
        assert_type(await scope.async_(fetch, "url"), bytes)
        one, other = scope.async_(fetch, "a"), scope.async_(fetch, "b")
        assert_type(await await_all(one, other), list[bytes])
        assert_type(await await_all([one, other]), list[bytes])
        await join_all(one, scope.launch(fetch, "c"))
        await join_all([one, other])
        assert_type(scope + CoroutineContext(name="feed"), CoroutineScope)
    promise = CompletableDeferred.completed(1)
    assert assert_type(await assert_type(promise.as_deferred(), Deferred[int]), int) == 1


async def test_wrong_arguments_are_seen() -> None:
    with pytest.raises(AttributeError):
        await with_timeout(60, fetch, 3)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]  # under test
