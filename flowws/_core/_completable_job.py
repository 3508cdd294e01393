"""`CompletableJob`: a job without code."""

from __future__ import annotations

from ._job import ACTIVE, Job


class CompletableJob(Job):
    """A job without code: over when it is told so, and its children have ended.

    Kotlin: `CompletableJob`.
    """

    __slots__ = ()

    def complete(self) -> bool:
        """Let the job end once its children have. True for the call that did it. Kotlin: `CompletableJob.complete`."""
        if self._body_ended or self._state != ACTIVE:
            return False
        self._end_body(None)
        return True

    def complete_exceptionally(self, failure: BaseException) -> bool:
        """Fail: the children are cancelled and the parent fails too. True for the call that did it.

        Kotlin: `CompletableJob.completeExceptionally`.
        """
        if self._body_ended or self._state != ACTIVE:
            return False
        self._end_body(failure)
        return True

    def _interrupted(self) -> None:
        self._body_ended = True
        self._finish_if_over()
