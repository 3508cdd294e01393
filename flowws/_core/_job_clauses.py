"""What a `select` does with a job, and how the end of a job wakes whoever waits for it."""

from __future__ import annotations

from _thread import get_ident
from typing import TYPE_CHECKING, Any, TypeVar

from ._backend import Waiter, current_loop
from ._select_clause import NOT_YET, Place, SelectClause, SignalClause

if TYPE_CHECKING:
    from ._deferred import Deferred
    from ._disposable_handle import CompletionHandler
    from ._job import Job

R_co = TypeVar("R_co", covariant=True)


def waking(waiter: Waiter[None] | Place) -> CompletionHandler:
    """A completion handler that resolves `waiter` in this thread, whichever the job runs in."""
    loop = current_loop()
    here = get_ident()

    def wake(_: BaseException | None = None) -> None:
        if get_ident() != here:
            loop.post(wake)
        elif not waiter.done():
            waiter.set_result(None)

    return wake


class JoinClause(SignalClause[R_co]):
    """`job.on_join(handler)`."""

    __slots__ = ()
    subject: Job

    def poll(self) -> Any:
        return None if _is_over(self.subject) else NOT_YET

    def park(self, place: Place) -> None:
        place.ticket = self.subject.invoke_on_completion(waking(place))

    def leave(self, place: Place) -> None:
        place.ticket.dispose()


class AwaitClause(SelectClause[R_co]):
    """`deferred.on_await(handler)`."""

    __slots__ = ()
    subject: Deferred[Any]

    def poll(self) -> Any:
        return self.subject.get_completed() if _is_over(self.subject) else NOT_YET

    def park(self, place: Place) -> None:
        place.ticket = self.subject.invoke_on_completion(waking(place))

    def leave(self, place: Place) -> None:
        place.ticket.dispose()

    def conclude(self, value: object) -> Any:
        return self.subject.get_completed()


def _is_over(job: Job) -> bool:
    job.start()
    return job.is_completed
