"""Floor 1: errors, parking a task, jobs, scopes, promises, time.

With the picows engine, the only place of this library that knows asyncio and trio.
"""

from ._backend import Waiter, checkpoint, new_waiter, report
from ._completable_job import CompletableJob
from ._deferred import CompletableDeferred, Deferred
from ._errors import CancellationError, FlowTimeoutError, IllegalStateError, NoSuchElementError, ScopeClosedError
from ._front_door import at_home
from ._job import CompletionHandler, DisposableHandle, Job
from ._lexical_scope import coroutine_scope, supervisor_scope
from ._scope import CoroutineScope, ExceptionHandler, current_job
from ._time import Duration, delay, to_seconds, yield_now

__all__ = [
    "CancellationError",
    "CompletableDeferred",
    "CompletableJob",
    "CompletionHandler",
    "CoroutineScope",
    "Deferred",
    "DisposableHandle",
    "Duration",
    "ExceptionHandler",
    "FlowTimeoutError",
    "IllegalStateError",
    "Job",
    "NoSuchElementError",
    "ScopeClosedError",
    "Waiter",
    "at_home",
    "checkpoint",
    "coroutine_scope",
    "current_job",
    "delay",
    "new_waiter",
    "report",
    "supervisor_scope",
    "to_seconds",
    "yield_now",
]

at_home(__name__, __all__, globals())
