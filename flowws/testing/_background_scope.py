"""The scope of a test's background work."""

from __future__ import annotations

from collections.abc import Callable

from flowws._core import CoroutineScope, Job

from ._test_jobs import BackgroundJob


class BackgroundScope(CoroutineScope):
    """Its jobs fail one by one, and the test hears of each failure, that of a `Deferred` included, at its end."""

    def __init__(self, parent: Job, take: Callable[[BaseException], object]) -> None:
        self._job = BackgroundJob(parent, "background_scope", take)

    def owns(self, job: Job | None) -> bool:
        """Whether `job` is somewhere below this scope."""
        return self._is_around(job)
