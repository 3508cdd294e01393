"""`CoroutineScope`: whoever owns jobs. `launch` puts a task into one."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from contextvars import ContextVar
from inspect import iscoroutine
from typing import TYPE_CHECKING, Any, TypeVar, TypeVarTuple, cast

from ._backend import current_loop
from ._completable_job import CompletableJob
from ._deferred import Deferred
from ._errors import CancellationError, ScopeClosedError
from ._job import CANCELLING, Job

if TYPE_CHECKING:
    from types import TracebackType
    from typing import Self

T = TypeVar("T")
Ts = TypeVarTuple("Ts")

ExceptionHandler = Callable[[Job, BaseException], object]
"""Told of a job's failure that has nowhere to go. Kotlin: `CoroutineExceptionHandler`."""

_current: ContextVar[Job | None] = ContextVar("flowws_current_job", default=None)

# A loop keeps only weak references to its tasks; this keeps every job that is under way, and so its task's owner,
# reachable.
_under_way: set[Job] = set()


def current_job() -> Job | None:
    """The job whose body runs now, None outside of any. Kotlin: `currentCoroutineContext().job`."""
    return _current.get()


def enter_job(job: Job | None) -> Job | None:
    """Make `job` the current one of this context; returns the one that was."""
    previous = _current.get()
    _current.set(job)
    return previous


class CoroutineScope:
    """An owner of jobs that lives until it is cancelled: a service, a session, a notebook.

    It may be created in one task (or in none), launched into from a second and cancelled from a third. The failure of a
    child cancels the scope and all its jobs, and is given to `exception_handler`, else to the loop's own handler; in a
    supervisor scope the failure of one child leaves the others alone. ``async with CoroutineScope() as scope`` cancels
    and joins at the end of the block; for a scope that waits for its children see `coroutine_scope`.

    Kotlin: `CoroutineScope`.
    """

    def __init__(
        self,
        name: str | None = None,
        *,
        supervisor: bool = False,
        exception_handler: ExceptionHandler | None = None,
        parent: Job | None = None,
    ) -> None:
        self._job: Job = CompletableJob(
            type(self).__name__ if name is None else name,
            parent,
            supervisor=supervisor,
            takes_failures=parent is not None,
            exception_handler=exception_handler,
        )

    @property
    def job(self) -> Job:
        """The job at the root of this scope."""
        return self._job

    @property
    def is_active(self) -> bool:
        """Whether something can still be launched here. Kotlin: `CoroutineScope.isActive`."""
        return self._job.is_active

    def launch(self, main: Callable[[*Ts], Awaitable[object]], *args: *Ts, name: str | None = None) -> Job:
        """Start ``main(*args)`` as a child job and return at once; the body starts at the caller's next suspension.

        A plain call, from any task or callback of the loop; the job sees the context variables of the caller. Its
        failure cancels this scope. Also a decorator: ``@scope.launch``.

        Raises `ScopeClosedError` when the scope is cancelled or finished.

        Kotlin: `launch`.
        """
        job = Job(_name_of(main, name), self._open_job(main))
        _start(job, main, args)
        return job

    def async_(self, main: Callable[[*Ts], Awaitable[T]], *args: *Ts, name: str | None = None) -> Deferred[T]:
        """Start ``main(*args)`` as a child job with a result: ``await scope.async_(fetch, url)``.

        Its failure is raised by the await, and cancels this scope unless that is a supervisor.

        Kotlin: `async`.
        """
        deferred: Deferred[T] = Deferred(_name_of(main, name), self._open_job(main))
        _start(deferred, main, args)
        return deferred

    def cancel(self, cause: BaseException | str | None = None) -> None:
        """Cancel the scope and every job in it. Idempotent; from any thread. Kotlin: `CoroutineScope.cancel`."""
        self._job.cancel(cause)

    async def join(self) -> None:
        """Wait until the scope is cancelled, or closed, and its jobs have ended."""
        await self._job.join()

    async def aclose(self) -> None:
        """Cancel, then wait until every job has ended.

        A job of this scope that calls it does not wait for itself: it meets its own cancellation here.
        """
        import anyio

        self._job.cancel()
        with anyio.CancelScope(shield=not self._is_around(current_job())):
            await self._job.join()

    def _is_around(self, job: Job | None) -> bool:
        while job is not None and job is not self._job:
            job = job.parent
        return job is not None

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> bool | None:
        await self.aclose()
        return None

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self._job!r}>"

    def _open_job(self, main: object) -> Job:
        if iscoroutine(main):
            main.close()
            raise TypeError(f"launch takes the function and its arguments, not a coroutine: got {main!r}")
        if not callable(main):
            raise TypeError(f"launch takes an async function, not {main!r}")
        job = self._job
        if not job.is_active:
            raise ScopeClosedError(job.name, job._failure)
        return job


def _name_of(main: Callable[..., object], name: str | None) -> str:
    return name if name is not None else getattr(main, "__qualname__", None) or repr(main)


def _start(job: Job, main: Callable[..., Awaitable[Any]], args: tuple[Any, ...]) -> None:
    _under_way.add(job)
    try:
        current_loop().spawn(_run, _FirstStep(job), main, args, name=job.name)
    except BaseException:
        _under_way.discard(job)
        job._end_body(CancellationError(f"{job.name} could not be started"))
        raise


class _FirstStep:
    """Has the last word on a job whose task was cancelled natively before its first step, so that `_run` never ran.

    asyncio drops the coroutine of such a task, and with it this. A callback of the task would do the same and make a
    launch a fifth slower (benchmarks/bench_job.py).
    """

    __slots__ = ("job",)

    def __init__(self, job: Job) -> None:
        self.job: Job | None = job

    def taken(self) -> Job:
        """The job, which from now on looks after itself."""
        job, self.job = self.job, None
        assert job is not None  # a task begins once
        return job

    def __del__(self) -> None:
        if self.job is not None:
            _under_way.discard(self.job)
            self.job._end_body(CancellationError(f"the task of {self.job.name} was cancelled before it began"))


async def _run(first_step: _FirstStep, main: Callable[..., Awaitable[Any]], args: tuple[Any, ...]) -> None:
    """The task of a job."""
    import anyio

    job = first_step.taken()
    error: BaseException | None = None
    try:
        if job._state != CANCELLING:  # cancelled before its first step: the body never runs
            _current.set(job)
            with anyio.CancelScope() as body:
                job._body = body
                job._keep(await main(*args))
    except BaseException as raised:  # noqa: BLE001  # whatever ends a body ends its job, below
        error = raised if isinstance(raised, Exception) else _essence(raised)
    try:
        if error is None or isinstance(error, Exception):
            job._end_body(error)
        elif isinstance(error, anyio.get_cancelled_exc_class()):
            # Not ours: the loop is closing down, or a task around us was cancelled natively. It must pass.
            job._end_body(CancellationError(f"the task of {job.name} was cancelled"))
            raise error
        else:  # KeyboardInterrupt, SystemExit: the loop stops for these, when no lexical scope is there to raise them
            raised_above = _is_raised_above(job)
            job._end_body(error)
            if not raised_above:
                raise error
    finally:
        _under_way.discard(job)
        del error


def _essence(error: BaseException) -> BaseException:
    """Of a group in which the loop's cancellation meets failures (a nursery with a clean-up that failed): the failures.

    trio takes whatever else than cancellation comes out of a system task for a fault of its own and ends the whole run.
    """
    if not isinstance(error, BaseExceptionGroup):
        return error
    import anyio

    group = cast("BaseExceptionGroup[BaseException]", error)
    failures = group.split(anyio.get_cancelled_exc_class())[1]
    return _essence(group.exceptions[0]) if failures is None else failures


def _is_raised_above(job: Job) -> bool:
    """Whether a failure of `job` reaches a lexical scope, which raises it in the task that entered that."""
    node = job._parent
    while node is not None and not node._supervisor:
        if node._contained:
            return True
        node = node._parent
    return False
