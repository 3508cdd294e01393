"""`DefaultWebSocketSession`: one WebSocket conversation, which is a scope."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable, Container
from typing import Any, Final, TypeVar, overload

import anyio

from flowws._core import (
    BUDGET,
    CancellationError,
    CompletableDeferred,
    CompletableJob,
    CoroutineScope,
    Deferred,
    Job,
    ScopeClosedError,
    to_seconds,
)
from flowws.channels import ClosedReceiveChannelError, ReceiveChannel, SendChannel

from ._close_reason import GOING_AWAY, NORMAL, CloseReason, Codes, checked_for_sending
from ._config import WebSockets
from ._errors import ConverterNotFoundError, SessionClosedError
from ._frame import PLAIN, Frame
from ._link import Link
from .engines import Connection, Timer

T = TypeVar("T")

_log: Final = logging.getLogger("flowws.websocket")

_CLOSED: Final = "the session is closed"


class DefaultWebSocketSession(CoroutineScope):
    """One WebSocket conversation: whole messages in and out, and a scope for the jobs that belong to it.

    Pings are answered, fragments put together and the closing handshake done without anybody's help. The moment the
    session closes, from whichever side:

    1. `close_reason` completes, sends raise `SessionClosedError`, and `incoming` gives out what it holds and then ends;
    2. every job of the session that does not read `incoming`, itself or through a job below it, is cancelled;
    3. the readers have `linger` seconds to return, then they are cancelled too.

    So ``await session.close()``, from anywhere inside, ends everything that goes on here.

    Kotlin: `DefaultWebSocketSession`.
    """

    def __init__(
        self, connection: Connection, config: WebSockets, *, name: str, is_client: bool, parent: Job | None = None
    ) -> None:
        # A supervisor: a failing job closes the session, which is gentler to the readers than cancelling the scope.
        super().__init__(name, supervisor=True, exception_handler=self._job_failed, parent=parent)
        self._config = config
        self._close_reason: CompletableDeferred[CloseReason] = CompletableDeferred(name=f"close reason of {name}")
        self._connection_over = CompletableJob(name=f"connection of {name}")
        self._lingering: Timer | None = None
        self._main: Job | None = None  # the handler
        self._main_started = False
        self._on_end: Callable[[DefaultWebSocketSession], object] | None = None
        self._link = Link(connection, config, is_client=is_client, on_closed=self._closed, on_gone=self._gone)
        self._outgoing = self._link.outgoing
        self.job.invoke_on_completion(self._jobs_over)

    # Facts

    @property
    def incoming(self) -> ReceiveChannel[Frame]:
        """The peer's messages, each a whole `Frame.Text` or `Frame.Binary`. Kotlin: `incoming`."""
        return self._link.incoming

    @property
    def outgoing(self) -> SendChannel[Frame]:
        """Where messages leave; `send` uses the same queue. Kotlin: `outgoing`."""
        return self._outgoing

    @property
    def close_reason(self) -> Deferred[CloseReason]:
        """Why the session ended: ``await session.close_reason``. It always comes, and never fails. Kotlin:
        `closeReason`.
        """
        return self._close_reason

    @property
    def config(self) -> WebSockets:
        """How this session behaves."""
        return self._config

    @property
    def is_active(self) -> bool:
        """Whether the session is open."""
        return self._link.reason is None and super().is_active

    def __repr__(self) -> str:
        reason = self._link.reason
        state = "open" if reason is None else f"closed by {reason.by}: {reason!r}"
        return f"<{type(self).__name__} {self.job.name} {state}>"

    # Sending

    async def send(self, message: str | bytes | Frame) -> None:
        """Send a text, bytes or a frame; wait while the peer, or the network, does not take them.

        Messages leave in the order of their sends and never mix. Raises `SessionClosedError` once the session is
        closed.

        Kotlin: `send`.
        """
        outgoing = self._outgoing
        frame = message if isinstance(message, Frame) else _as_frame(message)
        if (
            outgoing.is_ready and frame.bits == PLAIN
        ):  # what `put` does first, without the call: benchmarks/bench_echo.py
            outgoing.write(frame.opcode, frame.payload)
            outgoing.streak += 1
        elif not outgoing.put(frame):
            await outgoing.park(frame)
        if outgoing.streak >= BUDGET:
            await outgoing.breathe()

    async def send_serialized(self, value: object) -> None:
        """Send a value as the `content_converter` writes it: by default as JSON.

        Raises `ConverterNotFoundError` without a converter, and `SerializeError` for a value that it cannot write.

        Kotlin: `sendSerialized`.
        """
        converter = self._config.content_converter
        if converter is None:
            raise ConverterNotFoundError
        await self.send(converter.serialize(value))

    # Receiving

    @overload
    async def receive_deserialized(self, kind: type[T]) -> T: ...
    @overload
    async def receive_deserialized(self, kind: Any) -> Any: ...
    async def receive_deserialized(self, kind: Any) -> Any:
        """The next message, read as `kind`: a class, a union, a generic.

        Raises `DeserializeError`, which carries the frame, for a message that does not fit: the session lives on.
        Raises `ConverterNotFoundError` without a converter, and what `incoming.receive` raises once the session is
        closed.

        Kotlin: `receiveDeserialized`.
        """
        converter = self._config.content_converter
        if converter is None:
            raise ConverterNotFoundError
        return converter.deserialize(await self._link.incoming.receive(), kind)

    # Closing

    async def close(self, reason: CloseReason | None = None) -> None:
        """Close the session, with 1000 unless said otherwise, and wait until the connection is over, at most
        `close_timeout`.

        What is queued is sent first. The first reason wins; closing a closed session does no harm. A job of this
        session that does not read `incoming` is itself cancelled by this call.

        Raises `ValueError` for a code that must not travel, and nothing else.

        Kotlin: `close`.
        """
        self._link.close(checked_for_sending(reason))
        await self._connection_over.join()

    async def aclose(self) -> None:
        """Cancel every job, readers included, close with 1001, and wait until all of that is over."""
        self.cancel()
        with anyio.CancelScope(shield=True):
            await self.ended()

    def _closed(self, reason: CloseReason) -> None:
        self._close_reason.complete(reason)
        self._cancel_bystanders()
        assert isinstance(self.job, CompletableJob)  # a scope that is not a block has one
        self.job.complete()
        if not self.job.is_completed:
            self._lingering = self._link.later(to_seconds(self._config.linger, "linger"), self._cancel_readers)

    def _gone(self) -> None:
        self._connection_over.complete()
        self._end_if_over()

    # Jobs

    def _open_job(self, main: object) -> Job:
        self._check_open()
        return super()._open_job(main)

    def _check_open(self) -> None:
        if self._link.reason is not None:
            raise ScopeClosedError(self.job.name, SessionClosedError(self._link.reason))

    def _cancel_bystanders(self) -> None:
        incoming = self._link.incoming
        for job in self.job.children:
            started_to_read = _spare_readers(job, incoming.readers)
            # A handler that had no chance to run yet, while messages wait for it, may still become a reader.
            waits_to_start = job is self._main and not self._main_started and not incoming.is_closed_for_receive
            if not started_to_read and not waits_to_start:
                job.cancel(_CLOSED)

    def _cancel_readers(self) -> None:
        self.job.cancel_children(f"{_CLOSED}, and the time to linger is over")

    def _run_main(self, main: Callable[[Any], Awaitable[object]], name: str) -> Job:
        """Launch the handler: when it returns, the session closes."""

        def start() -> Awaitable[object]:
            self._main_started = True
            return main(self)

        self._main = job = self.launch(start, name=name)
        job.invoke_on_completion(self._main_ended)
        return job

    def _main_ended(self, failure: BaseException | None) -> None:
        if failure is None or self._is_departure(failure):
            self._link.close(NORMAL)
        elif isinstance(failure, CancellationError):
            self._link.close(GOING_AWAY if self.job.is_cancelled else NORMAL)
        # Any other failure is reported to `_job_failed` next.

    def _job_failed(self, job: Job, failure: BaseException) -> None:
        if self._is_departure(failure):
            return
        _log.error("%s failed", job.name, exc_info=failure)
        self._link.close(CloseReason(Codes.INTERNAL_ERROR, cause=failure))

    def _is_departure(self, failure: BaseException) -> bool:
        """Whether a job met the end of the session, and not a fault of its own."""
        reason = self._link.reason
        if isinstance(failure, SessionClosedError):
            return True
        return reason is not None and (isinstance(failure, ClosedReceiveChannelError) or failure is reason.cause)

    def _jobs_over(self, _: BaseException | None) -> None:
        if self._link.reason is None:  # cancelled from above
            self._link.close(GOING_AWAY)
        if self._lingering is not None:
            self._lingering.cancel()
            self._lingering = None
        self._end_if_over()

    def _end_if_over(self) -> None:
        if self._connection_over.is_completed and self.job.is_completed and self._on_end is not None:
            on_end, self._on_end = self._on_end, None
            on_end(self)

    async def ended(self) -> None:
        """Wait until the connection is over and every job has ended."""
        await self._connection_over.join()
        await self.job.join()


def _spare_readers(job: Job, readers: Container[Job]) -> bool:
    """Cancel what does not read below a job that does; whether it does, itself or through a job below it."""
    children = {child: _spare_readers(child, readers) for child in job.children}
    if job not in readers and not any(children.values()):
        return False
    for child, reads in children.items():
        if not reads:
            child.cancel(_CLOSED)
    return True


def _as_frame(message: str | bytes) -> Frame:
    if isinstance(message, str):
        return Frame.Text(message)
    return Frame.Binary(message)
