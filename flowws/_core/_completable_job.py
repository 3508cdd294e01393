"""`CompletableJob` and `SupervisorJob`: jobs without code."""

from __future__ import annotations

from ._failures import check_failure
from ._job import CoroutineExceptionHandler, Job
from ._job_state import ACTIVE


def heeds_failures(parent: Job | None) -> bool:
    """Whether a failure that is handed up to `parent` is somebody's to see."""
    return parent is not None and parent._takes_failures and not parent._supervisor


class CompletableJob(Job):
    """A job without code: over when it is told so, and its children have ended.

    A child that fails cancels it. If nobody above takes the failure (there is no parent, or only a supervisor), the
    child itself reports it; a job without code has nothing to say about it.

    Kotlin: `Job()`, which makes a `CompletableJob`.
    """

    __slots__ = ()

    def __init__(self, parent: Job | None = None, *, name: str = "CompletableJob") -> None:
        super().__init__(name, parent, takes_failures=heeds_failures(parent))

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
        check_failure(failure)
        if self._body_ended or self._state != ACTIVE:
            return False
        self._end_body(failure)
        return True

    def _interrupted(self) -> None:
        self._body_ended = True
        self._finish_if_over()


class SupervisorJob(CompletableJob):
    """A `CompletableJob` whose children fail one by one: their failures stop here.

    Its own failure (`complete_exceptionally`) cancels its children and fails its parent.

    >>> job = SupervisorJob(name="feeds")
    >>> job.complete(), job.is_completed
    (True, True)

    Kotlin: `SupervisorJob`.
    """

    __slots__ = ()

    def __init__(self, parent: Job | None = None, *, name: str = "SupervisorJob") -> None:
        Job.__init__(self, name, parent, supervisor=True, takes_failures=heeds_failures(parent))


class ScopeJob(CompletableJob):
    """The job at the root of a scope; the options are those of `Job`."""

    __slots__ = ()

    def __init__(
        self,
        name: str,
        parent: Job | None = None,
        *,
        supervisor: bool = False,
        contained: bool = False,
        takes_failures: bool = True,
        background: bool = False,
        exception_handler: CoroutineExceptionHandler | None = None,
    ) -> None:
        Job.__init__(
            self,
            name,
            parent,
            supervisor=supervisor,
            contained=contained,
            takes_failures=takes_failures,
            background=background,
            exception_handler=exception_handler,
        )
