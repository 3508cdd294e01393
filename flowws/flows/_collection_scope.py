"""`CollectionScope`: the jobs that work for one collection."""

from __future__ import annotations

from flowws._core import CoroutineScope, ScopeJob, job_around


class CollectionScope(CoroutineScope):
    """The owner of an operator's own jobs while one collection lasts.

    No cancel scope stays open across a ``yield`` (PEP 789), so an operator with concurrency runs its producers as jobs
    of this scope, takes their values from a channel, and closes the scope in the ``finally`` of its generator.

    The scope is a child of the collecting job: cancelling that reaches the producers at once, and a session can tell on
    whose behalf they read. If the job ends with the collection still open, the producers end with it.
    """

    def __init__(self, name: str) -> None:
        self._job = ScopeJob(name, job_around(), contained=True, background=True)

    async def aclose(self) -> None:
        """Cancel, then wait until every job has ended: mostly they have, and then there is nothing to wait for."""
        self._job.cancel()
        if not self._job.is_completed:
            await super().aclose()
