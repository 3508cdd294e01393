"""`coroutine_scope` and `supervisor_scope`: scopes with a beginning and an end in the code."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager
from types import TracebackType
from typing import TYPE_CHECKING, NoReturn, Self, TypeVar, TypeVarTuple

from ._current_job import current_job, enter_job, job_around
from ._errors import CancellationError
from ._failures import cancelled_with
from ._job import CoroutineExceptionHandler, Job
from ._job_state import CANCELLING
from ._scope import CoroutineScope

if TYPE_CHECKING:
    import anyio

T = TypeVar("T")
Ts = TypeVarTuple("Ts")


def coroutine_scope(name: str = "coroutine_scope") -> AbstractAsyncContextManager[CoroutineScope]:
    """A scope that ends with its block: ``async with coroutine_scope() as scope``.

    The end of the block waits for every child. The first failure, of a child or of the block, cancels the rest, the
    block included, and is raised from the ``async with`` as itself: ``except ValueError`` works, no group is involved.
    When the caller is cancelled, the children are cancelled and awaited. ``scope.cancel()`` ends block and children
    quietly.

    >>> async def main():
    ...     async with coroutine_scope() as scope:
    ...         length = scope.async_(measure, "flow")
    ...     return length.get_completed()
    >>> async def measure(text):
    ...     return len(text)
    >>> run(main)
    4

    Kotlin: `coroutineScope`.
    """
    return LexicalScope(name)


def supervisor_scope(
    name: str = "supervisor_scope", *, exception_handler: CoroutineExceptionHandler | None = None
) -> AbstractAsyncContextManager[CoroutineScope]:
    """A `coroutine_scope` whose children fail one by one.

    A child's failure goes to `exception_handler`, else to the loop's handler, and touches neither block nor siblings. A
    failure of the block itself cancels the children and is raised.

    Kotlin: `supervisorScope`.
    """
    return LexicalScope(name, supervisor=True, exception_handler=exception_handler)


class LexicalScope(CoroutineScope, AbstractAsyncContextManager[CoroutineScope]):
    """The job of the scope is a child of `parent`, by default of the current job, so that cancelling that reaches block
    and children at once.
    """

    _outer: Job | None
    _block: anyio.CancelScope

    def __init__(
        self,
        name: str,
        *,
        supervisor: bool = False,
        exception_handler: CoroutineExceptionHandler | None = None,
        parent: Job | None = None,
    ) -> None:
        self._name = name
        self._parent = parent
        self._supervisor = supervisor
        self._exception_handler = exception_handler

    async def run(self, main: Callable[[*Ts], Awaitable[T]], *args: *Ts) -> T:
        """The scope around one call. `CancellationError` where the block form would end quietly."""
        async with self:
            return await main(*args)
        raise cancelled_with(self._job)

    async def __aenter__(self) -> Self:
        self._outer = current_job()
        self._job = self._new_job(
            self._name,
            self._parent_job(),
            supervisor=self._supervisor,
            contained=True,
            exception_handler=self._exception_handler,
        )
        self._block = self._new_block()
        self._block.__enter__()
        self._job._body = self._block
        if self._job.is_cancelled:
            self._block.cancel()
        enter_job(self._job)
        return self

    # What a scope with a deadline makes in its own way.
    _new_job: type[Job] = Job

    def _new_block(self) -> anyio.CancelScope:
        import anyio

        return anyio.CancelScope()

    def _interrupted(self) -> None:
        """The block, or the wait for the children at its end, met the backend's cancellation."""
        self._job.cancel()

    def _parent_job(self) -> Job | None:
        """The current job, unless that is over and this task is not cancelled with it.

        So it is in a shielded clean-up, and in a task of the caller's own that has outlived the job which started it:
        there the block must run, not be skipped without a word.
        """
        import anyio

        if self._parent is not None:
            return self._parent
        outer = job_around()
        if outer is not None and outer._state >= CANCELLING and anyio.current_effective_deadline() > float("-inf"):
            return None
        return outer

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> bool | None:
        import anyio

        enter_job(self._outer)
        job = self._job
        if isinstance(error, anyio.get_cancelled_exc_class()):
            self._interrupted()
            job._end_body(None)
        else:
            job._end_body(error)
        # `late` is a cancellation of the caller that came when the block was already over.
        late = await self._join_children()
        leaving = error if late is None else late
        was_ours = self._block.__exit__(type(leaving) if leaving is not None else None, leaving, None)
        failure = job._failure
        if failure is not None and not isinstance(failure, CancellationError) and failure is not error:
            raise_as_it_is(failure)
        if late is not None and failure is not error and not was_ours:
            raise late
        return was_ours

    def __repr__(self) -> str:
        return super().__repr__() if hasattr(self, "_job") else f"<{type(self).__name__} {self._name!r} not entered>"

    async def _join_children(self) -> BaseException | None:
        import anyio

        late: BaseException | None = None
        while not self._job.is_completed:
            try:
                with anyio.CancelScope(shield=self._job.is_cancelled):
                    await self._job._completion()
            except BaseException as interruption:  # noqa: BLE001  # kept, and raised by the caller
                late = interruption
                self._interrupted()
        return late


def raise_as_it_is(failure: BaseException) -> NoReturn:
    """Raise without the context of the ``async with`` that is just being left: the failure happened in a child."""
    context = failure.__context__
    try:
        raise failure
    finally:
        failure.__context__ = context
        del failure
