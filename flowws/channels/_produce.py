"""`produce`: a job that fills a channel, and that channel."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TypeVar

from flowws._core import CancellationError, CoroutineScope, CoroutineStart, Job

from ._buffer_overflow import BufferOverflow
from ._capacity import RENDEZVOUS
from ._channel import Channel
from ._producer_scope import ProducerScope
from ._receive_channel import ReceiveChannel

E = TypeVar("E")


def produce(
    scope: CoroutineScope,
    main: Callable[[ProducerScope[E]], Awaitable[object]],
    capacity: int = RENDEZVOUS,
    on_buffer_overflow: BufferOverflow = BufferOverflow.SUSPEND,
    on_undelivered_element: Callable[[E], object] | None = None,
    *,
    name: str | None = None,
    start: CoroutineStart = CoroutineStart.DEFAULT,
) -> ReceiveChannel[E]:
    """Start ``main(producer)`` as a job of `scope` and return the channel that it fills; see `CoroutineScope.produce`.

    Takes the options of `Channel`; `start` says when the body begins, as in `CoroutineScope.launch`.
    """
    channel: _Produced[E] = _Produced(capacity, on_buffer_overflow, on_undelivered_element)
    job = channel.job = ProducerJob(scope._name_of(main, name), scope._open_job(main))
    job.invoke_on_completion(channel.producer_ended)
    scope._begin(job, main, (ProducerScope(job, channel),), start)
    return channel


class ProducerJob(Job):
    """A job whose failure is told by its channel."""

    __slots__ = ("is_told",)

    def __init__(self, name: str, parent: Job | None) -> None:
        super().__init__(name, parent)
        self.is_told = False

    def _report_failure(self, failure: BaseException, parent: Job | None) -> None:
        if not self.is_told:  # the channel was closed before
            super()._report_failure(failure, parent)


class _Produced(Channel[E]):
    """The channel of a producer: closed when that ends, and cancelling it cancels the producer."""

    __slots__ = ("job",)
    job: ProducerJob

    def producer_ended(self, cause: BaseException | None) -> None:
        self.job.is_told = self.close(cause)

    def cancel(self, cause: CancellationError | None = None) -> None:
        if cause is None:
            cause = CancellationError("the channel was cancelled")
        try:
            super().cancel(cause)  # first, so that a send of the producer that waits meets this very cause
        finally:
            if self.is_closed_for_receive:
                self.job.cancel(cause)
