"""How failures are told: which error a cancelled job ends with, and the notes that errors carry."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ._errors import CancellationError

if TYPE_CHECKING:
    from ._job import Job

_IN_JOB = "in job "


def check_failure(failure: object) -> None:
    """`TypeError` for what cannot be raised; the class of an exception, too, for it is to be told apart from others."""
    if not isinstance(failure, BaseException):
        raise TypeError(f"a job fails with an exception, not {failure!r}")


def cancellation(cause: BaseException | str | None, job: Job) -> CancellationError:
    """What `job` ends with when it is cancelled because of `cause`."""
    if isinstance(cause, CancellationError):
        return cause
    if isinstance(cause, BaseException):
        error = CancellationError(f"{job.name} was cancelled: {cause!r}")
        error.__cause__ = cause
        return error
    return CancellationError(cause if cause is not None else f"{job.name} was cancelled")


def cancelled_with(parent: Job) -> CancellationError:
    """What a child ends with when it is cancelled because its parent ended badly."""
    failure = parent._failure
    if isinstance(failure, CancellationError):
        return failure
    error = CancellationError(f"{parent.name} failed")
    error.__cause__ = failure
    return error


def ride_along(first: BaseException, later: BaseException, job: Job) -> None:
    """The first failure of a job is the one that counts; a later one is noted on it and logged."""
    from logging import getLogger  # rare, and a third of what `import flowws` may cost

    _note(first, f"Another failure in {job.name} came later: {later!r}")
    getLogger("flowws").error("a later failure in %s, after %r", job.name, first, exc_info=later)


def name_in_traceback(failure: BaseException, job: Job) -> None:
    """Note on `failure` in which job it happened. Once: an error that is raised again and again keeps one such note."""
    if any(note.startswith(_IN_JOB) for note in getattr(failure, "__notes__", ())):
        return
    scope = job.parent
    _note(failure, f"{_IN_JOB}{job.name!r}" + (f" of scope {scope.name!r}" if scope is not None else ""))


def _note(error: BaseException, note: str) -> None:
    try:
        error.add_note(note)
    except Exception:  # noqa: BLE001, S110  # an exception that is a frozen dataclass takes no notes
        pass
