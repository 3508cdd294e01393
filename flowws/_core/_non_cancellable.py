"""`non_cancellable`: a clean-up that may wait."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager

from ._completable_job import CompletableJob
from ._current_job import current_job, enter_job
from ._job import Job


@contextmanager
def non_cancellable() -> Generator[None]:
    """Code that runs to its end even if the job around it is cancelled: ``with non_cancellable(): await goodbye()``.

    The cancellation takes effect at the first wait after the block. Inside, `current_job` is a job of its own that is
    always active, so scopes opened there work as usual. Keep such blocks short: no job, deadline or scope ends them.
    Only what asyncio itself cancels a task with (`Task.cancel`, `asyncio.timeout`) still does.

    >>> async def main():
    ...     async with coroutine_scope() as scope:
    ...         job = scope.launch(work)
    ...         await yield_now()
    ...         job.cancel()
    >>> async def work():
    ...     try:
    ...         await await_cancellation()
    ...     finally:
    ...         with non_cancellable():
    ...             await yield_now()
    ...             print("said goodbye")
    >>> run(main)
    said goodbye

    Kotlin: `withContext(NonCancellable)`.
    """
    import anyio

    outer = current_job()
    job = _NonCancellable(name=f"non_cancellable in {outer.name}" if outer is not None else "non_cancellable")
    job._inside = outer
    with anyio.CancelScope(shield=True):
        enter_job(job)
        try:
            yield
        finally:
            enter_job(outer)
            job.complete()


class _NonCancellable(CompletableJob):
    __slots__ = ("_inside",)
    _inside: Job | None

    def _around(self) -> Job | None:
        return self._inside

    def _cancel(self, cause: BaseException | str | None) -> None:
        """Nobody can."""
