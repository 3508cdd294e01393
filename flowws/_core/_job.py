"""`Job`: one node of the tree of work."""

from __future__ import annotations

from _thread import RLock, get_ident  # what `threading` has of them, without the rest of that module
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeVar, overload

from ._backend import checkpoint, current_loop, current_loop_or_none, new_waiter
from ._disposable_handle import CompletionHandler, DisposableHandle
from ._errors import CancellationError
from ._failures import cancellation, cancelled_with, ride_along
from ._job_clauses import JoinClause, waking
from ._job_state import ACTIVE, CANCELLED, CANCELLING, COMPLETED, COMPLETING, FLAGS, NAMES, NEW
from ._showing import look_of_job, repr_html

if TYPE_CHECKING:
    from collections.abc import Coroutine, Iterator

    from ._backend import CancelScope, Loop
    from ._select_clause import SelectClause

CoroutineExceptionHandler = Callable[["Job", BaseException], object]
"""Told of a job's failure that has nowhere else to go. Kotlin: `CoroutineExceptionHandler`."""

R = TypeVar("R")

# Jobs are joined from other threads too: a handler is either registered before the job is complete, or called at once.
# Re-entrant, because the garbage collector may run a finalizer in between that completes some other job.
_registering = RLock()


class Job:
    """A cancellable piece of work with a place in a tree.

    A job is complete only when its body and all its children are. A failing child cancels its parent, and with it all
    its siblings; a child that is merely cancelled does not touch them. Under a supervisor a failing child touches
    nobody.

    The first failure is the one that counts, and it is raised as itself; later ones ride along on it as notes and are
    logged.

    Made by `CoroutineScope.launch` and its kind, not by hand.

    Kotlin: `Job`.
    """

    __slots__ = (
        "__weakref__",
        "_background",
        "_begin",
        "_body",
        "_body_ended",
        "_children",
        "_contained",
        "_exception_handler",
        "_failure",
        "_handlers",
        "_loop",
        "_name",
        "_parent",
        "_state",
        "_supervisor",
        "_takes_failures",
        "_thread",
        "_unhandled",
    )

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
        # Stored state
        self._name = name
        self._parent = parent
        self._supervisor = supervisor  # a child's failure stops at this job
        self._contained = contained  # its own failure goes to somebody else (a lexical scope raises it)
        self._takes_failures = takes_failures  # a child's failure is somebody's to see; else the child reports it
        self._background = background  # cancelled when the parent's body ends, instead of keeping the parent alive
        self._exception_handler = exception_handler
        self._state = ACTIVE
        self._begin: Callable[[], object] | None = None  # what starts the body of a NEW job
        self._failure: BaseException | None = None  # why it is CANCELLING or CANCELLED
        self._unhandled = False
        self._body: CancelScope | None = None  # the cancel scope around the body while that runs
        self._body_ended = False
        # Children and handlers are rare on short jobs: made when first needed.
        self._children: dict[Job, None] | None = None
        self._handlers: dict[object, CompletionHandler] | None = None
        self._loop: Loop | None = current_loop_or_none()
        self._thread: int | None = get_ident() if self._loop is not None else None
        if parent is not None:
            parent._attach(self)

    # Facts

    @property
    def name(self) -> str:
        """The name that tracebacks, task lists and logs show."""
        return self._name

    @property
    def parent(self) -> Job | None:
        """The parent while this job is not complete, None afterwards."""
        return self._parent

    @property
    def children(self) -> Iterator[Job]:
        """The children that are not complete, oldest first."""
        return iter(tuple(self._children or ()))

    @property
    def is_active(self) -> bool:
        """Neither complete nor cancelled. Stays True while only children are still at work."""
        return FLAGS[self._state][0]

    @property
    def is_completed(self) -> bool:
        """Over, for whatever reason, children included."""
        return FLAGS[self._state][1]

    @property
    def is_cancelled(self) -> bool:
        """Cancelled or failed; perhaps still cleaning up."""
        return FLAGS[self._state][2]

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self._name!r} {NAMES[self._state]}>"

    _look = look_of_job
    _repr_html_ = repr_html

    # Starting

    def start(self) -> bool:
        """Begin a job that was launched with `CoroutineStart.LAZY`. True for the call that did it.

        May be called from any thread. Joining and awaiting start such a job too.

        Kotlin: `Job.start`.
        """
        if self._state != NEW:
            return False
        if not self._left_to_its_thread(self.start):
            begin, self._begin = self._begin, None
            assert begin is not None  # that is what NEW means
            self._state = ACTIVE
            begin()
        return True

    def ensure_active(self) -> None:
        """Raise `CancellationError` if this job is cancelled or over: for long computations without a checkpoint.

        Kotlin: `Job.ensureActive`.
        """
        if self._state > COMPLETING:
            raise CancellationError(f"{self._name} is {NAMES[self._state]}") from self._failure

    # Cancelling

    def cancel(self, cause: BaseException | str | None = None) -> None:
        """Ask this job and its children to stop. The parent is not touched; a second call does nothing.

        The state changes at once, the body meets its backend's cancellation at its next checkpoint, and its ``finally``
        blocks run. May be called from any thread.

        Kotlin: `Job.cancel`.
        """
        if not self._left_to_its_thread(self.cancel, cause):
            self._cancel(cause)

    def _cancel(self, cause: BaseException | str | None) -> None:
        if self._state <= COMPLETING:
            self._stop(cancellation(cause, self))

    def cancel_children(self, cause: BaseException | str | None = None) -> None:
        """Cancel every child; this job stays active and usable. Kotlin: `Job.cancelChildren`."""
        for child in self.children:
            child.cancel(cause)

    async def cancel_and_join(self) -> None:
        """Cancel, then wait until the job is complete. Kotlin: `Job.cancelAndJoin`."""
        self.cancel()
        await self.join()

    # Waiting

    async def join(self) -> None:
        """Wait until the job is complete. Its failure is not raised here; the caller's own cancellation is.

        A lazy job is started. Cancelling the waiter leaves the job alone. May be awaited on any loop.

        Kotlin: `Job.join`.
        """
        if self._state >= COMPLETED:
            await checkpoint()
        else:
            await self._completion()

    async def _completion(self) -> None:
        self.start()
        if self._state >= COMPLETED:
            return
        waiter = new_waiter()
        handle = self.invoke_on_completion(waking(waiter))
        try:
            await waiter
        finally:
            handle.dispose()

    @overload
    def on_join(self, handler: None = None) -> SelectClause[None]: ...
    @overload
    def on_join(self, handler: Callable[[], Coroutine[Any, Any, R]]) -> SelectClause[R]: ...
    @overload
    def on_join(self, handler: Callable[[], R]) -> SelectClause[R]: ...
    def on_join(self, handler: Callable[[], Any] | None = None) -> SelectClause[Any]:
        """A clause for `select`: once the job is complete, for whatever reason, call ``handler()``.

        Kotlin: `Job.onJoin`.
        """
        return JoinClause(self, handler)

    def invoke_on_completion(self, handler: CompletionHandler) -> DisposableHandle:
        """Call ``handler(cause)`` once when the job is complete; at once if it is.

        ``cause`` is None after a normal end, a `CancellationError` after a cancellation, else the failure. The handler
        runs synchronously in the job's thread; what it raises is reported to the loop and stops no other handler.

        Kotlin: `Job.invokeOnCompletion`.
        """
        if not callable(handler):
            raise TypeError(f"invoke_on_completion takes a function, not {handler!r}")
        key = object()
        with _registering:
            if self._state < COMPLETED:
                handlers = self._handlers
                if handlers is None:
                    handlers = self._handlers = {}
                handlers[key] = handler
                return DisposableHandle(handlers, key)
        handler(self._failure)
        return DisposableHandle(None, None)

    # The tree. Everything below runs in the job's own thread.

    def _around(self) -> Job | None:
        """Whose code this runs in: the parent, mostly."""
        return self._parent

    def _is_inside(self, other: Job) -> bool:
        job: Job | None = self
        while job is not None and job is not other:
            job = job._around()
        return job is not None

    def _left_to_its_thread(self, call: Callable[..., object], *args: object) -> bool:
        """Whether `call` was passed on to the job's own thread: not if that is this one, or its loop has ended."""
        if self._loop is None or self._thread == get_ident():
            return False
        try:
            self._loop.post(call, *args)
        except RuntimeError:  # that loop has ended, and with it all that ran there
            return False
        return True

    def _moved_here(self) -> Loop:
        """Make the loop that runs in this thread the job's own."""
        self._loop = loop = current_loop()
        self._thread = get_ident()
        return loop

    def _attach(self, child: Job) -> None:
        if self._children is None:
            self._children = {}
        self._children[child] = None
        if self._state >= CANCELLING:
            child._stop(cancelled_with(self))
        if self._loop is None:
            self._loop, self._thread = child._loop, child._thread

    def _stop(self, failure: BaseException) -> None:
        self._begin_cancelling(failure)
        self._interrupted()

    def _begin_cancelling(self, failure: BaseException) -> None:
        self._state = CANCELLING
        self._failure = failure
        if self._body is not None:
            self._body.cancel()
        if self._children:
            cause = failure if isinstance(failure, CancellationError) else cancelled_with(self)
            for child in self.children:
                if child._state <= COMPLETING:
                    child._stop(cause)

    def _interrupted(self) -> None:
        """A job without a running body has nothing that would notice the cancellation later."""
        if self._begin is not None:  # lazy, and now it never will begin
            self._begin = None
            self._body_ended = True
        self._finish_if_over()

    def _fail(self, failure: BaseException) -> None:
        first = self._failure
        if first is None or isinstance(first, CancellationError):
            if self._state == CANCELLING:
                self._failure = failure  # an ordinary failure outranks the cancellation during which it was raised
            else:
                self._begin_cancelling(failure)
            self._hand_up(failure)
            self._interrupted()
        elif failure is not first:
            ride_along(first, failure, self)

    def _hand_up(self, failure: BaseException) -> None:
        if self._contained:
            return
        handed_up = self._parent is not None and self._parent._child_failed(failure)
        self._unhandled = self._takes_failures and not handed_up

    def _child_failed(self, failure: BaseException) -> bool:
        """Take the failure of a child; False when that child has to report it itself."""
        if self._supervisor:
            return False
        self._fail(failure)
        return self._takes_failures

    def _keep(self, result: object) -> None:
        """What the body returned. Only a `Deferred` has a use for it."""

    def _end_body(self, error: BaseException | None) -> None:
        """The body has returned, or raised `error` (None too when it was cancelled by the backend)."""
        self._body = None
        if error is not None and not isinstance(error, CancellationError):
            self._fail(error)
        elif error is not None and self._state == ACTIVE:
            self._begin_cancelling(error)
        elif self._state == ACTIVE:
            self._state = COMPLETING
            for child in self.children if self._children else ():  # most jobs have none
                if child._background:
                    child.cancel(f"the collection ended with {self._name}, in which it began")
        # Not before: a child that ends during the above must not finish this job, whose parent has to hear first.
        self._body_ended = True
        self._finish_if_over()

    def _finish_if_over(self) -> None:
        if self._body_ended and not self._children and self._state < COMPLETED:
            self._finish()

    def _finish(self) -> None:
        parent, self._parent = self._parent, None
        with _registering:
            self._state = COMPLETED if self._failure is None else CANCELLED
            handlers, self._handlers = self._handlers, None
        if handlers:
            for handler in tuple(handlers.values()):
                try:
                    handler(self._failure)
                except Exception as error:  # noqa: BLE001  # a stranger's handler must not stop the others
                    self._report(f"a completion handler of {self._name} raised", error)
        if self._unhandled and self._failure is not None:
            self._report_failure(self._failure, parent)
        self._exception_handler = None  # mostly a method of who owns this job: no circle is left to be collected
        if parent is not None and parent._children is not None:
            parent._children.pop(self, None)
            parent._finish_if_over()

    def _report_failure(self, failure: BaseException, parent: Job | None) -> None:
        for handler in self._exception_handlers(parent):
            try:
                handler(self, failure)
            except Exception as error:  # noqa: BLE001  # a stranger's handler must not break the job
                self._report(f"an exception handler of {self._name} raised", error)
            else:
                return
        self._report(f"{self._name} failed and nobody was there to be told", failure)

    def _exception_handlers(self, parent: Job | None) -> Iterator[CoroutineExceptionHandler]:
        """The handlers that this job can be reported to, the nearest first."""
        node: Job | None = self
        while node is not None:
            if node._exception_handler is not None:
                yield node._exception_handler
            node = parent if node is self else node._parent

    def _report(self, message: str, error: BaseException) -> None:
        if self._loop is not None:
            self._loop.report(message, error)
