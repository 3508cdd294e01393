"""Floor 1: errors, parking a task, jobs, scopes, promises, time, and sockets that are ready.

With the picows engine, the only place of this library that knows asyncio and trio.
"""

from typing import TYPE_CHECKING

from ._backend import (
    BUDGET,
    Timer,
    Waiter,
    Watch,
    checkpoint,
    closing_itself,
    current_loop,
    current_loop_or_none,
    lasting_waiter_maker,
    loop_clock,
    new_waiter,
    report,
    waiter_maker,
)
from ._completable_job import CompletableJob, ScopeJob, SupervisorJob
from ._coroutine_context import CoroutineContext, current_context
from ._coroutine_start import CoroutineStart
from ._current_job import current_job, job_around
from ._deferred import CompletableDeferred, Deferred
from ._disposable_handle import CompletionHandler, DisposableHandle
from ._errors import (
    CancellationError,
    FlowTimeoutError,
    IllegalStateError,
    JobInterrupted,
    NoSuchElementError,
    ScopeClosedError,
)
from ._front_door import at_home, when_asked
from ._job import CoroutineExceptionHandler, Job
from ._launching import job_at
from ._lexical_scope import coroutine_scope, supervisor_scope
from ._readiness import when_readable, when_writable
from ._scope import CoroutineScope
from ._select_clause import NOT_YET, Place, SelectClause, SignalClause, Won, check_handler
from ._showing import Call, Look, look_at, repr_html, repr_pretty, shown
from ._time import Duration, await_cancellation, delay, to_seconds, yield_now
from ._timer import call_later, call_soon

if TYPE_CHECKING:
    from ._joining import await_all, join_all
    from ._loop_scope import LoopScope
    from ._mutex import Mutex
    from ._non_cancellable import non_cancellable
    from ._semaphore import Semaphore
    from ._timeout import with_timeout, with_timeout_or_none
    from ._with_context import with_context

__all__ = [
    "BUDGET",
    "NOT_YET",
    "Call",
    "CancellationError",
    "CompletableDeferred",
    "CompletableJob",
    "CompletionHandler",
    "CoroutineContext",
    "CoroutineExceptionHandler",
    "CoroutineScope",
    "CoroutineStart",
    "Deferred",
    "DisposableHandle",
    "Duration",
    "FlowTimeoutError",
    "IllegalStateError",
    "Job",
    "JobInterrupted",
    "Look",
    "LoopScope",
    "Mutex",
    "NoSuchElementError",
    "Place",
    "ScopeClosedError",
    "ScopeJob",
    "SelectClause",
    "Semaphore",
    "SignalClause",
    "SupervisorJob",
    "Timer",
    "Waiter",
    "Watch",
    "Won",
    "at_home",
    "await_all",
    "await_cancellation",
    "call_later",
    "call_soon",
    "check_handler",
    "checkpoint",
    "closing_itself",
    "coroutine_scope",
    "current_context",
    "current_job",
    "current_loop",
    "current_loop_or_none",
    "delay",
    "job_around",
    "job_at",
    "join_all",
    "lasting_waiter_maker",
    "look_at",
    "loop_clock",
    "new_waiter",
    "non_cancellable",
    "report",
    "repr_html",
    "repr_pretty",
    "shown",
    "supervisor_scope",
    "to_seconds",
    "waiter_maker",
    "when_asked",
    "when_readable",
    "when_writable",
    "with_context",
    "with_timeout",
    "with_timeout_or_none",
    "yield_now",
]

at_home(__name__, __all__, globals())

if not TYPE_CHECKING:
    __getattr__, __dir__ = when_asked(
        __name__,
        {
            "._joining": ("await_all", "join_all"),
            "._loop_scope": ("LoopScope",),
            "._mutex": ("Mutex",),
            "._non_cancellable": ("non_cancellable",),
            "._semaphore": ("Semaphore",),
            "._timeout": ("with_timeout", "with_timeout_or_none"),
            "._with_context": ("with_context",),
        },
        globals(),
    )
