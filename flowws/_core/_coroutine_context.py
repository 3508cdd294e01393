"""`CoroutineContext`: what a job is given along with its body."""

from __future__ import annotations

from ._current_job import current_job
from ._job import CoroutineExceptionHandler, Job


class CoroutineContext:
    """A few settings for jobs, each of them given or not; an immutable value.

    ``scope + context`` launches with them, `with_context` runs a block with them, and ``a + b`` merges two: where both
    give something, the second one counts. Context variables are no part of it: a job sees those of its launcher anyway.

    >>> CoroutineContext(name="feed") + CoroutineContext(name="news")
    CoroutineContext(name='news')

    Kotlin: `CoroutineContext`.
    """

    __slots__ = ("_exception_handler", "_job", "_name")

    def __init__(
        self,
        *,
        job: Job | None = None,
        name: str | None = None,
        exception_handler: CoroutineExceptionHandler | None = None,
    ) -> None:
        self._job = job
        self._name = name
        self._exception_handler = exception_handler

    @property
    def job(self) -> Job | None:
        """The parent of the jobs."""
        return self._job

    @property
    def name(self) -> str | None:
        """What jobs are called that get no name of their own. Kotlin: `CoroutineName`."""
        return self._name

    @property
    def exception_handler(self) -> CoroutineExceptionHandler | None:
        """Told of failures that have nowhere else to go."""
        return self._exception_handler

    def __add__(self, other: CoroutineContext) -> CoroutineContext:
        if not isinstance(other, CoroutineContext):  # pyright: ignore[reportUnnecessaryIsInstance]  # an operator's duty
            return NotImplemented
        return CoroutineContext(
            job=other._job or self._job,
            name=other._name if other._name is not None else self._name,
            exception_handler=other._exception_handler or self._exception_handler,
        )

    def __eq__(self, other: object) -> bool:
        return isinstance(other, CoroutineContext) and self._values() == other._values()

    def __hash__(self) -> int:
        return hash(self._values())

    def __repr__(self) -> str:
        names = ("job", "name", "exception_handler")
        given = (f"{name}={value!r}" for name, value in zip(names, self._values(), strict=True) if value is not None)
        return f"CoroutineContext({', '.join(given)})"

    def _values(self) -> tuple[Job | None, str | None, CoroutineExceptionHandler | None]:
        return self._job, self._name, self._exception_handler


def context_of(job: Job | None) -> CoroutineContext:
    """`job`, its name, and the nearest handler above it."""
    if job is None:
        return CoroutineContext()
    handler = next(job._exception_handlers(job.parent), None)
    return CoroutineContext(job=job, name=job.name, exception_handler=handler)


def current_context() -> CoroutineContext:
    """The context of the job that runs here; an empty one outside of any job. Kotlin: `currentCoroutineContext`."""
    return context_of(current_job())
