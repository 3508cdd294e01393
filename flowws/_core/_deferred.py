"""`Deferred`: a job with a result. `CompletableDeferred`: a promise kept by hand."""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Generator
from types import TracebackType
from typing import TYPE_CHECKING, Any, Generic, Protocol, TypeVar, overload

from ._errors import IllegalStateError
from ._failures import check_failure
from ._job import Job
from ._job_clauses import AwaitClause
from ._job_state import ACTIVE, CANCELLING, COMPLETED

if TYPE_CHECKING:
    from ._select_clause import SelectClause

T = TypeVar("T")
T_co = TypeVar("T_co", covariant=True)
R = TypeVar("R")

if TYPE_CHECKING:

    class Outcome(Protocol[T_co]):
        """How a call ended: its result, or its error."""

        def unwrap(self) -> T_co: ...


class Deferred(Job, Generic[T]):
    """A job whose body returns a value: ``value = await deferred``.

    Awaiting gives the same value, or raises the same failure, every time and to everybody. Cancelling the one who waits
    leaves the deferred alone. A failure is kept for those who await and reported to nobody else, but it does cancel the
    parent.

    Kotlin: `Deferred`.
    """

    __slots__ = ("_result", "_traceback")
    _result: T
    _traceback: TracebackType | None  # of the failure, when first raised here: those of all who await would pile up

    def __await__(self) -> Generator[Any, Any, T]:
        return self._await().__await__()

    async def _await(self) -> T:
        await self._completion()
        return self.get_completed()

    @overload
    def on_await(self, handler: None = None) -> SelectClause[T]: ...
    @overload
    def on_await(self, handler: Callable[[T], Coroutine[Any, Any, R]]) -> SelectClause[R]: ...
    @overload
    def on_await(self, handler: Callable[[T], R]) -> SelectClause[R]: ...
    def on_await(self, handler: Callable[[Any], Any] | None = None) -> SelectClause[Any]:
        """A clause for `select`: once the value is there, call ``handler(value)``. A failure is raised in the select.

        Kotlin: `Deferred.onAwait`.
        """
        return AwaitClause(self, handler)

    def get_completed(self) -> T:
        """The result, without waiting. Raises the failure, or `IllegalStateError` while there is no result.

        Kotlin: `Deferred.getCompleted`.
        """
        if self._state < COMPLETED:
            raise IllegalStateError(f"{self.name} is not complete yet")
        failure = self._failure
        if failure is not None:
            if not hasattr(self, "_traceback"):
                self._traceback = failure.__traceback__
            raise failure.with_traceback(self._traceback)
        return self._result

    def get_completion_exception_or_none(self) -> BaseException | None:
        """The failure or the `CancellationError`, None after success. `IllegalStateError` before the end.

        Kotlin: `Deferred.getCompletionExceptionOrNull`.
        """
        if self._state < COMPLETED:
            raise IllegalStateError(f"{self.name} is not complete yet")
        return self._failure

    def _keep(self, result: Any) -> None:
        self._result = result

    def _hand_up(self, failure: BaseException) -> None:
        super()._hand_up(failure)
        self._unhandled = False  # kept for those who await


class CompletableDeferred(Deferred[T]):
    """A promise: somebody awaits it, somebody else completes it.

    >>> async def main():
    ...     answer = CompletableDeferred[int]()
    ...     answer.complete(42)
    ...     return await answer
    >>> import anyio
    >>> anyio.run(main)
    42

    Kotlin: `CompletableDeferred`.
    """

    __slots__ = ()

    def __init__(self, parent: Job | None = None, *, name: str = "CompletableDeferred") -> None:
        super().__init__(name, parent)

    @staticmethod
    def completed(value: R) -> CompletableDeferred[R]:
        """A promise that is already kept. Kotlin: `CompletableDeferred(value)`."""
        promise: CompletableDeferred[R] = CompletableDeferred()
        promise.complete(value)
        return promise

    def complete(self, value: T) -> bool:
        """Give the value to all who wait, now and later. True for the call that completed it; later calls change
        nothing.

        Kotlin: `CompletableDeferred.complete`.
        """
        if self._state != ACTIVE:
            return False
        self._result = value
        self._end_body(None)
        return True

    def complete_exceptionally(self, failure: BaseException) -> bool:
        """Raise `failure` in all who wait; the parent, if there is one, fails too. True for the call that did it.

        Kotlin: `CompletableDeferred.completeExceptionally`.
        """
        check_failure(failure)
        if self._state != ACTIVE:
            return False
        self._end_body(failure)
        return True

    def complete_with(self, outcome: Outcome[T]) -> bool:
        """Complete with what ``outcome.unwrap()`` returns or raises, as a captured outcome has it (package `outcome`).

        Kotlin: `CompletableDeferred.completeWith`.
        """
        try:
            value = outcome.unwrap()
        except Exception as failure:  # noqa: BLE001  # whatever it is, it is what those who await get
            return self.complete_exceptionally(failure)
        return self.complete(value)

    def as_deferred(self) -> Deferred[T]:
        """This promise for those who only await it. The same object: its type keeps them from completing it.

        Kotlin: `CompletableDeferred.asDeferred`.
        """
        return self

    def _interrupted(self) -> None:
        if self._state == CANCELLING:
            self._body_ended = True
        self._finish_if_over()
