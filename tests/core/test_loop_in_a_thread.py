"""A loop of its own in a worker thread, to which the context variables of a job have come along."""

from __future__ import annotations

import threading

import anyio
import pytest
from anyio.to_thread import run_sync

from flowws import coroutine_scope, current_job, flow_of


@pytest.mark.parametrize("inner_backend", ["asyncio", "trio"])
async def test_its_scopes_are_no_children_of_that_job(inner_backend: str) -> None:
    entered, go_on = threading.Event(), threading.Event()
    parents: list[object] = []

    async def inner() -> list[int]:
        async with coroutine_scope():
            job = current_job()
            parents.append(job and job.parent)
            entered.set()
            go_on.wait()  # this loop has nothing else to do
        return await flow_of(1, 2).buffer(1).to_list()

    async def work() -> None:
        parents.append(await run_sync(lambda: anyio.run(inner, backend=inner_backend)))

    async with coroutine_scope() as scope:
        job = scope.launch(work)
        await run_sync(entered.wait)
        children = list(job.children)
        try:
            job.cancel()  # raises nothing: it has no business on the other loop
        finally:
            go_on.set()
    assert children == []
    assert parents == [None, [1, 2]]
    assert job.is_cancelled
