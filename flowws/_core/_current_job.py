"""Which job runs here: a context variable, so that each task has its own."""

from __future__ import annotations

from _thread import get_ident
from contextvars import ContextVar
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ._job import Job

_current: ContextVar[Job | None] = ContextVar("flowws_current_job", default=None)

set_current_job = _current.set


def current_job() -> Job | None:
    """The job whose body runs now, None outside of any. Kotlin: `currentCoroutineContext().job`."""
    return _current.get()


def job_around() -> Job | None:
    """The current job as the parent of what begins here: not one of another thread's loop. Context variables go along
    into a worker thread, where a loop of its own may be run, and no job can be cancelled across that border.
    """
    job = _current.get()
    return None if job is not None and job._thread not in (None, get_ident()) else job


def enter_job(job: Job | None) -> Job | None:
    """Make `job` the current one of this context; returns the one that was."""
    previous = _current.get()
    _current.set(job)
    return previous
