"""From a job to the task that runs its body."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from types import FrameType
from typing import Any, cast

from ._coroutine_start import CoroutineStart
from ._current_job import set_current_job
from ._errors import CancellationError, JobInterrupted
from ._failures import name_in_traceback
from ._job import Job
from ._job_state import CANCELLING, NEW

Main = Callable[..., Awaitable[Any]]

# A loop keeps only weak references to its tasks; this keeps every job that is under way, and so its task's owner,
# reachable.
_under_way: set[Job] = set()


def begin(job: Job, main: Main, args: tuple[Any, ...], start: CoroutineStart) -> None:
    """Run ``main(*args)`` as the body of `job`, in a task with the caller's context variables, as `start` says."""
    if start is CoroutineStart.LAZY:
        from contextvars import copy_context

        context = copy_context()
        job._state = NEW
        job._begin = lambda: context.run(_spawn, job, main, args, start)
    else:
        _spawn(job, main, args, start)


def _spawn(job: Job, main: Main, args: tuple[Any, ...], start: CoroutineStart) -> None:
    _under_way.add(job)
    first_step = _FirstStep(job)
    try:
        loop = job._moved_here() if start is CoroutineStart.LAZY or job._loop is None else job._loop
        if start is CoroutineStart.UNDISPATCHED:
            loop.spawn_inline(_run, first_step, main, args, name=job._name)
        elif start is CoroutineStart.ATOMIC:
            loop.spawn(_run, first_step, main, args, True, name=job._name)
        elif start is CoroutineStart.DEFAULT or start is CoroutineStart.LAZY:
            loop.spawn(_run, first_step, main, args, name=job._name)
        else:
            raise TypeError(f"start must be a CoroutineStart, not {start!r}")
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


async def _run(first_step: _FirstStep, main: Main, args: tuple[Any, ...], atomic: bool = False) -> None:
    """The task of a job."""
    job = first_step.taken()
    loop = job._loop
    assert loop is not None  # it runs this
    error: BaseException | None = None
    try:
        if atomic or job._state != CANCELLING:  # cancelled before its first step: the body never runs
            set_current_job(job)
            with loop.cancel_scope() as body:
                job._body = body
                if job._state == CANCELLING:
                    body.cancel()
                job._keep(await main(*args))
    except BaseException as raised:  # noqa: BLE001  # whatever ends a body ends its job, below
        error = raised if isinstance(raised, Exception) else _essence(raised)
    try:
        if error is None:
            job._end_body(None)
        elif _must_pass(error, job):
            raise error
    finally:
        _under_way.discard(job)
        del error


def job_at(frame: FrameType | None) -> Job | None:
    """The job whose body runs at `frame`, a place on the stack: None if that is no job's code."""
    while frame is not None and frame.f_code is not _run.__code__:
        frame = frame.f_back
    job: Job | None = None if frame is None else frame.f_locals.get("job")
    return None if job is None or job._body is None else job  # it may be over, and its failure just being told


def _must_pass(error: BaseException, job: Job) -> bool:
    """End `job` with `error`; whether the task has to end with it as well."""
    import anyio

    if isinstance(error, CancellationError):
        job._end_body(error)
        return False
    if isinstance(error, anyio.get_cancelled_exc_class()):
        # Not ours: the loop is closing down, or a task around us was cancelled natively.
        job._end_body(CancellationError(f"the task of {job.name} was cancelled"))
        return True
    name_in_traceback(error, job)
    # For what is no Exception (KeyboardInterrupt, SystemExit) the loop stops, unless a lexical scope raises it.
    stops_the_loop = not isinstance(error, (Exception, JobInterrupted)) and not _is_raised_above(job)
    job._end_body(error)
    return stops_the_loop and not (job._loop is not None and job._loop.interrupt(error))


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
