"""Jobs in great numbers, and in a deep tree."""

from __future__ import annotations

import anyio

from flowws import CoroutineScope, coroutine_scope, yield_now
from tests.core.observing import turns


async def forever() -> None:
    await anyio.sleep_forever()


async def test_ten_thousand_children_run_and_end() -> None:
    ran = 0

    async def body() -> None:
        nonlocal ran
        await yield_now()
        ran += 1

    async with coroutine_scope() as scope:
        for _ in range(10_000):
            scope.launch(body)
        assert len(list(scope.job.children)) == 10_000
    assert ran == 10_000


async def test_ten_thousand_parked_children_are_cancelled() -> None:
    scope = CoroutineScope()
    for _ in range(10_000):
        scope.launch(forever)
    await turns(2)
    await scope.aclose()
    assert list(scope.job.children) == []


async def test_a_deep_tree_is_cancelled_from_its_root() -> None:
    depth = 0

    async def body(left: int) -> None:
        nonlocal depth
        depth += 1
        if left == 0:
            await anyio.sleep_forever()
        async with coroutine_scope() as scope:
            scope.launch(body, left - 1)

    root = CoroutineScope()
    root.launch(body, 60)
    await turns(200)
    assert depth == 61
    await root.aclose()
    assert root.job.is_completed
