"""`Job`: one node of the tree of work."""

from __future__ import annotations

from _thread import RLock, get_ident  # what `threading` has of them, without the rest of that module
from collections.abc import Callable
from typing import TYPE_CHECKING

from ._backend import checkpoint, current_loop, current_loop_or_none
from ._errors import CancellationError

if TYPE_CHECKING:
    from collections.abc import Iterator

    import anyio

    from ._backend import Loop
    from ._scope import ExceptionHandler

CompletionHandler = Callable[["BaseException | None"], object]
"""Called once a job is complete, with None, the `CancellationError` or the failure. Kotlin: `CompletionHandler`."""

# Jobs are joined from other threads too: a handler is either registered before the job is complete, or called at once.
# Re-entrant, because the garbage collector may run a finalizer in between that completes some other job.
_registering = RLock()

# The life of a job.
#
#            launch            body returns                last child ends
#   (new) ------------> ACTIVE ------------> COMPLETING -----------------------> COMPLETED
#                         |                      |
#                         |  cancel, or failure of the body or of a child
#                         v                      v
#                     CANCELLING <---------------+
#                         |  body and all children have ended
#                         v
#                     CANCELLED
ACTIVE, COMPLETING, CANCELLING, COMPLETED, CANCELLED = range(5)

#                 is_active  is_completed  is_cancelled
_FLAGS = {
    ACTIVE: (True, False, False),
    COMPLETING: (True, False, False),
    CANCELLING: (False, False, True),
    COMPLETED: (False, True, False),
    CANCELLED: (False, True, True),
}


class DisposableHandle:
    """Takes a registration back. Kotlin: `DisposableHandle`."""

    __slots__ = ("_handlers", "_key")

    def __init__(self, handlers: dict[object, CompletionHandler] | None, key: object) -> None:
        self._handlers = handlers
        self._key = key

    def dispose(self) -> None:
        """Unregister. Harmless when repeated, or when the handler has run."""
        if self._handlers is not None:
            self._handlers.pop(self._key, None)


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
        exception_handler: ExceptionHandler | None = None,
    ) -> None:
        # Stored state
        self._name = name
        self._parent = parent
        self._supervisor = supervisor  # a child's failure stops at this job
        self._contained = (
            contained  # this job's own failure goes to somebody else (a lexical scope raises it), not to the parent
        )
        self._takes_failures = (
            takes_failures  # a child's failure is somebody's to see from here on; else the child reports it
        )
        self._background = background  # cancelled when the parent's body ends, instead of keeping the parent alive
        self._exception_handler = exception_handler
        self._state = ACTIVE
        self._failure: BaseException | None = None  # why it is CANCELLING or CANCELLED
        self._unhandled = False
        self._body: anyio.CancelScope | None = None  # the cancel scope around the body while that runs
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
        return _FLAGS[self._state][0]

    @property
    def is_completed(self) -> bool:
        """Over, for whatever reason, children included."""
        return _FLAGS[self._state][1]

    @property
    def is_cancelled(self) -> bool:
        """Cancelled or failed; perhaps still cleaning up."""
        return _FLAGS[self._state][2]

    def __repr__(self) -> str:
        state = ("active", "completing", "cancelling", "completed", "cancelled")[self._state]
        return f"<{type(self).__name__} {self._name!r} {state}>"

    # Cancelling

    def cancel(self, cause: BaseException | str | None = None) -> None:
        """Ask this job and its children to stop. The parent is not touched; a second call does nothing.

        The state changes at once, the body meets its backend's cancellation at its next checkpoint, and its ``finally``
        blocks run. May be called from any thread.

        Kotlin: `Job.cancel`.
        """
        if self._elsewhere():
            assert self._loop is not None  # _elsewhere says so
            try:
                self._loop.post(self.cancel, cause)
            except RuntimeError:  # that loop has ended, and with it all that ran here
                self._cancel(cause)
        else:
            self._cancel(cause)

    def _cancel(self, cause: BaseException | str | None) -> None:
        if self._state <= COMPLETING:
            self._stop(_cancellation(cause, self))

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

        Cancelling the waiter leaves the job alone. May be awaited on another loop than the job's.

        Kotlin: `Job.join`.
        """
        if self._state >= COMPLETED:
            await checkpoint()
        else:
            await self._completion()

    async def _completion(self) -> None:
        if self._state >= COMPLETED:
            return
        loop = current_loop()
        waiter = loop.new_waiter()
        here = get_ident()

        def wake(_: BaseException | None = None) -> None:
            if get_ident() != here:
                loop.post(wake)
            elif not waiter.done():
                waiter.set_result(None)

        handle = self.invoke_on_completion(wake)
        try:
            await waiter
        finally:
            handle.dispose()

    def invoke_on_completion(self, handler: CompletionHandler) -> DisposableHandle:
        """Call ``handler(cause)`` once when the job is complete; at once if it is.

        ``cause`` is None after a normal end, a `CancellationError` after a cancellation, else the failure. The handler
        runs synchronously in the job's thread; what it raises is reported to the loop and stops no other handler.

        Kotlin: `Job.invokeOnCompletion`.
        """
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

    def _elsewhere(self) -> bool:
        return self._thread is not None and self._thread != get_ident()

    def _attach(self, child: Job) -> None:
        if self._children is None:
            self._children = {}
        self._children[child] = None
        if self._state >= CANCELLING:
            child._stop(_cancelled_with(self))
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
            cause = failure if isinstance(failure, CancellationError) else _cancelled_with(self)
            for child in self.children:
                if child._state <= COMPLETING:
                    child._stop(cause)

    def _interrupted(self) -> None:
        """A job without a running body has nothing that would notice the cancellation later."""
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
            _ride_along(first, failure, self)

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
            for child in self.children:
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
        if parent is not None and parent._children is not None:
            parent._children.pop(self, None)
            parent._finish_if_over()

    def _report_failure(self, failure: BaseException, parent: Job | None) -> None:
        node: Job | None = parent
        while node is not None:
            if node._exception_handler is not None:
                try:
                    node._exception_handler(self, failure)
                except Exception as error:  # noqa: BLE001  # a stranger's handler must not break the job
                    self._report(f"the exception handler of {node._name} raised", error)
                else:
                    return
            node = node._parent
        self._report(f"{self._name} failed and nobody was there to be told", failure)

    def _report(self, message: str, error: BaseException) -> None:
        if self._loop is not None:
            self._loop.report(message, error)


def _cancellation(cause: BaseException | str | None, job: Job) -> CancellationError:
    if isinstance(cause, CancellationError):
        return cause
    if isinstance(cause, BaseException):
        error = CancellationError(f"{job.name} was cancelled: {cause!r}")
        error.__cause__ = cause
        return error
    return CancellationError(cause if cause is not None else f"{job.name} was cancelled")


def _cancelled_with(parent: Job) -> CancellationError:
    failure = parent._failure
    if isinstance(failure, CancellationError):
        return failure
    error = CancellationError(f"{parent.name} failed")
    error.__cause__ = failure
    return error


def _ride_along(first: BaseException, later: BaseException, job: Job) -> None:
    from logging import getLogger  # rare, and a third of what `import flowws` may cost

    first.add_note(f"Another failure in {job.name} came later: {later!r}")
    getLogger("flowws").error("a later failure in %s, after %r", job.name, first, exc_info=later)
