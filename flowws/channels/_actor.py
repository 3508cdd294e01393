"""`actor`: a job with a mailbox."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TypeVar

from flowws._core import CancellationError, CoroutineScope, CoroutineStart, Job

from ._actor_scope import ActorScope
from ._buffer_overflow import BufferOverflow
from ._capacity import RENDEZVOUS
from ._channel import Channel
from ._send_channel import SendChannel

E = TypeVar("E")


def actor(
    scope: CoroutineScope,
    main: Callable[[ActorScope[E]], Awaitable[object]],
    capacity: int = RENDEZVOUS,
    on_undelivered_element: Callable[[E], object] | None = None,
    *,
    start: CoroutineStart = CoroutineStart.DEFAULT,
    name: str | None = None,
) -> SendChannel[E]:
    """Start ``main(actor)`` as a job of `scope` and return the way into its mailbox; see `CoroutineScope.actor`."""
    kind = _LazyMailbox[E] if start is CoroutineStart.LAZY else Channel[E]
    mailbox = kind(capacity, BufferOverflow.SUSPEND, on_undelivered_element)
    job = ActorJob(scope._name_of(main, name), scope._open_job(main), mailbox)
    if isinstance(mailbox, _LazyMailbox):
        mailbox.job = job
    scope._begin(job, main, (ActorScope(job, mailbox),), start)
    return mailbox


class ActorJob(Job):
    """The mailbox ends with the job, or as soon as that is cancelled."""

    __slots__ = ("_mailbox",)

    def __init__(self, name: str, parent: Job | None, mailbox: Channel[E]) -> None:
        self._mailbox = mailbox
        super().__init__(name, parent)
        self.invoke_on_completion(self._cancel_mailbox)

    def _begin_cancelling(self, failure: BaseException) -> None:
        super()._begin_cancelling(failure)
        try:
            self._cancel_mailbox(failure)
        except Exception as error:  # noqa: BLE001  # a stranger's hook must not break the job
            self._report(f"the mailbox of {self.name} could not be emptied", error)

    def _cancel_mailbox(self, failure: BaseException | None) -> None:
        if not isinstance(failure, CancellationError):
            how = "has ended" if failure is None else "failed"
            failure, cause = CancellationError(f"{self.name} {how}"), failure
            failure.__cause__ = cause
        self._mailbox.cancel(failure)


class _LazyMailbox(Channel[E]):
    """Starts its actor when it is first used, or closed."""

    __slots__ = ("job",)
    job: Job

    async def send(self, element: E) -> None:
        self.job.start()
        await super().send(element)

    def _put(self, element: E) -> bool:  # on the way of everything else that sends
        self.job.start()
        return super()._put(element)

    def close(self, cause: BaseException | None = None) -> bool:
        try:
            return super().close(cause)
        finally:
            self.job.start()
