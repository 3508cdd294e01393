"""`hold`: an ``async with`` that begins in one cell and ends in another."""

from __future__ import annotations

from contextlib import AbstractAsyncContextManager
from typing import TypeVar

from flowws._core import CompletableDeferred, CoroutineScope, Job, await_cancellation, join_all

from ._notebook_scope import NotebookScope

V = TypeVar("V")


async def hold(
    scope: CoroutineScope, manager: AbstractAsyncContextManager[V], *, name: str | None = None
) -> tuple[V, Job]:
    """What ``async with manager`` gives, and the job of `scope` that holds it: cancel that to leave the block.

    The block is entered and left inside of that one job, for a cancel scope or a task group, which most connections
    have, must not be left in another task, hence not in another cell, than it was entered in. Where the value is a
    scope itself, as a session is, the job ends with it.

    In a cell that runs again, what it has held before is let go of first: a port would still be in use.

    A manager that cannot be entered raises here. One that fails while it is left fails the job. Whoever is cancelled
    while waiting here takes the job along. In a scope with a thread of its own the value belongs to that thread: use it
    in jobs of the scope.

    Raises `TypeError` for what is no async context manager, and `ScopeClosedError` as `launch` does.

    >>> from contextlib import asynccontextmanager
    >>> @asynccontextmanager
    ... async def line():
    ...     try:
    ...         yield "a line"
    ...     finally:
    ...         print("closed")
    >>> async with CoroutineScope() as scope:
    ...     value, job = await hold(scope, line())
    ...     print("have", value)
    have a line
    closed
    """
    if not isinstance(manager, AbstractAsyncContextManager):  # pyright: ignore[reportUnnecessaryIsInstance]  # at the door
        raise TypeError(f"hold takes an async context manager, not {manager!r}")
    if isinstance(scope, NotebookScope):
        await join_all(scope._before_me())
    entered: CompletableDeferred[V] = CompletableDeferred(name="entered")

    async def held() -> None:
        try:
            async with manager as value:
                entered.complete(value)
                await (value.join() if isinstance(value, CoroutineScope) else await_cancellation())
        except Exception as error:
            if entered.complete_exceptionally(error):
                return  # raised in the cell that waits, and so not once more as the failure of a job
            raise

    job = scope.launch(held, name=name or f"hold {type(manager).__name__}")
    job.invoke_on_completion(lambda _: entered.cancel())  # if it was cancelled before it came so far
    try:
        return await entered, job
    except BaseException:
        job.cancel()
        raise
