"""`WebSocketSession`: one WebSocket conversation, which is a scope."""

from __future__ import annotations

import logging
from abc import ABC, abstractmethod
from collections.abc import AsyncIterable, Awaitable, Callable, Container, Sequence
from typing import Any, Final, TypeVar, cast

import anyio

from flowws._core import (
    BUDGET,
    CancellationError,
    CompletableDeferred,
    CompletableJob,
    CoroutineScope,
    Deferred,
    IllegalStateError,
    Job,
    Look,
    ScopeClosedError,
    to_seconds,
)
from flowws.channels import ClosedReceiveChannelError, ReceiveChannel, SendChannel

from .._close_reason import GOING_AWAY, NORMAL, CloseReason, Codes, checked_for_sending
from .._config import WebSockets, check_frame_size
from .._errors import SessionClosedError
from .._frame import PLAIN, BinaryFrame, Frame, TextFrame
from ..engines import Connection, Endpoint, Timer
from ..extensions import WebSocketExtension
from ._explain import explain
from ._link import Link
from ._stats import SessionStats, stats_of
from ._streaming import stream
from ._watch import Watch, is_tracing

E = TypeVar("E", bound=WebSocketExtension)

_log: Final = logging.getLogger("flowws.websocket")

_CLOSED: Final = "the session is closed"


class WebSocketSession(CoroutineScope, ABC):
    """One WebSocket conversation, and a scope for the jobs that belong to it. What all kinds of sessions have in
    common; `DefaultWebSocketSession` says what happens when one closes.

    Kotlin: `WebSocketSession`.
    """

    _handler: Callable[[Any], Awaitable[object]]

    def __init__(
        self,
        connection: Connection,
        config: WebSockets,
        *,
        name: str,
        is_client: bool,
        parent: Job | None = None,
        extensions: Sequence[WebSocketExtension] = (),
    ) -> None:
        # A supervisor: a failing job closes the session, which is gentler to the readers than cancelling the scope.
        super().__init__(name, supervisor=True, exception_handler=self._job_failed, parent=parent)
        self._config = config
        # These two are made for the first who asks: most sessions come and go without anybody.
        self._promised_reason: CompletableDeferred[CloseReason] | None = None
        self._end_of_connection: CompletableJob | None = None
        self._lingering: Timer | None = None
        self._main: Job | None = None  # the handler
        self._main_started = False
        self._on_end: Callable[[Any], object] | None = None
        self._watch = Watch(name) if config.count_bytes or is_tracing() else None
        self._connection = connection if self._watch is None else self._watch.over(connection)
        self._link = self._open_link(is_client, extensions)
        self._outgoing = self._link.outgoing
        self.job.invoke_on_completion(self._jobs_over)
        try:
            for each in extensions:
                each.opened(name, self.close_reason, self._connection_over)
        except BaseException as error:
            self._link.connection_lost(error)  # no engine will tell it
            self.job.cancel()
            raise

    @abstractmethod
    def _open_link(self, is_client: bool, extensions: Sequence[WebSocketExtension]) -> Link: ...

    # Facts

    @property
    def incoming(self) -> ReceiveChannel[Frame]:
        """What the peer sends. Kotlin: `incoming`."""
        return self._link.incoming

    @property
    def outgoing(self) -> SendChannel[Frame]:
        """Where frames leave; `send` uses the same queue. Kotlin: `outgoing`."""
        return self._outgoing

    @property
    def close_reason(self) -> Deferred[CloseReason]:
        """Why the session ended: ``await session.close_reason``. It always comes, and never fails. Kotlin:
        `closeReason`.
        """
        if self._promised_reason is None:
            self._promised_reason = CompletableDeferred(name=f"close reason of {self.job.name}")
            if self._link.reason is not None:
                self._promised_reason.complete(self._link.reason)
        return self._promised_reason

    @property
    def _connection_over(self) -> Job:
        """Complete once the connection is over."""
        if self._end_of_connection is None:
            self._end_of_connection = CompletableJob(name=f"connection of {self.job.name}")
            if self._link.is_gone:
                self._end_of_connection.complete()
        return self._end_of_connection

    @property
    def config(self) -> WebSockets:
        """How this session was asked to behave. What is set later, such as `max_frame_size`, is not here."""
        return self._config

    @property
    def extensions(self) -> tuple[WebSocketExtension, ...]:
        """What this session has agreed on with the peer. Kotlin: `extensions`."""
        return ()

    def extension(self, kind: type[E]) -> E:
        """The extension of this class. Raises `IllegalStateError` where this session has none. Kotlin: `extension`."""
        found = self.extension_or_none(kind)
        if found is None:
            raise IllegalStateError(f"this session has no extension {kind.__name__}")
        return found

    def extension_or_none(self, kind: type[E]) -> E | None:
        """The extension of this class, if there is one. Kotlin: `extensionOrNull`."""
        return next((each for each in self.extensions if isinstance(each, kind)), None)

    @property
    def is_active(self) -> bool:
        """Whether the session is open."""
        return self._link.reason is None and super().is_active

    @property
    def stats(self) -> SessionStats:
        """Frames, losses and queues so far."""
        return stats_of(self._link, self._watch, self._latency)

    def explain(self) -> str:
        """One paragraph for people: who closed, why, and what is known of the connection. For logs, not for peers."""
        return explain(self.job.name, self._link, self.stats, self._pings())

    @property
    def _latency(self) -> float | None:
        return None

    def _pings(self) -> str:
        """What pings have told."""
        return ""

    def __repr__(self) -> str:
        reason = self._link.reason
        state = "open" if reason is None else f"closed by {reason.by}: {reason!r}"
        return f"<{type(self).__name__} {self.job.name} {state}>"

    def _look(self) -> Look:
        look = super()._look()
        look.state, look.tone = ("open", "good") if self.is_active else ("closed", "")
        look.facts, look.text = {}, self.explain()
        return look

    # What may be set while the session is open

    @property
    def max_frame_size(self) -> int:
        """How many bytes a frame of the peer, or the fragments of one message together, may have from now on.

        Raises `ValueError` where the engine cannot go so far in an open session. Kotlin: `maxFrameSize`.
        """
        return self._link.max_frame_size

    @max_frame_size.setter
    def max_frame_size(self, size: int) -> None:
        check_frame_size(size)
        self._link.max_frame_size = size

    @property
    def masking(self) -> bool:
        """Whether frames are masked from now on. Raises `ValueError` where the engine cannot change that, and for a
        client, which has to (RFC 6455, section 5.1). Kotlin: `masking`.
        """
        return self._link.masking

    @masking.setter
    def masking(self, on: bool) -> None:
        self._link.masking = on

    # Sending

    async def send(self, message: str | bytes | Frame | AsyncIterable[str] | AsyncIterable[bytes]) -> None:
        """Send a text, bytes or a frame; wait while the peer, or the network, does not take them.

        Messages leave in the order of their sends and never mix. An async iterable of texts, or of bytes, is one
        message, of which each piece leaves when it comes: none is kept, and other messages wait until the last has
        left. If it fails in the middle, the session closes with 1011, as half a message cannot be taken back.

        Raises `SessionClosedError` once the session is closed, and `ChannelOverflowError` where ``outgoing`` is bounded
        with `ChannelOverflow.CLOSE`.

        Kotlin: `send`.
        """
        if isinstance(message, Frame):
            frame = message
        elif isinstance(message, str):
            frame = TextFrame(message)
        elif isinstance(message, (bytes, bytearray, memoryview)):
            frame = BinaryFrame(message)
        else:
            await self._stream(message)
            return
        outgoing = self._outgoing
        if (
            outgoing.is_ready and frame.bits == PLAIN
        ):  # what `put` does first, without the call: benchmarks/bench_echo.py
            outgoing.write(frame.opcode, frame.payload)
            outgoing.streak += 1
        elif not outgoing.put(frame):
            await outgoing.park(frame)
        if outgoing.streak >= BUDGET:
            await outgoing.breathe()

    async def _stream(self, fragments: AsyncIterable[str] | AsyncIterable[bytes]) -> None:
        if not isinstance(fragments, AsyncIterable):  # pyright: ignore[reportUnnecessaryIsInstance]  # untyped callers
            raise TypeError(f"a message is text, bytes, a frame, or an async iterable of pieces, not {fragments!r}")
        await stream(self._outgoing, self._connection, fragments)

    async def flush(self) -> None:
        """Wait until everything that was sent by now has been handed to the operating system. Whether it arrives, only
        the peer can tell. Returns as well once nothing can leave any more.

        Kotlin: `flush`.
        """
        await self._outgoing.flush()

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

    async def close_exceptionally(self, cause: BaseException) -> None:
        """Close because of a failure: with 1011, or with 1000 for a cancellation, a `CancellationError` or the loop's
        own. The peer is not told more; `cause` is that of `close_reason`.

        Kotlin: `closeExceptionally`, which tells the peer what the failure says.
        """
        is_cancellation = isinstance(cause, (CancellationError, anyio.get_cancelled_exc_class()))
        await self.close(CloseReason(Codes.NORMAL if is_cancellation else Codes.INTERNAL_ERROR, cause=cause))

    def terminate(self) -> None:
        """End the connection at once, without a Close frame, and cancel every job, readers included. What has not left
        is lost. Kotlin: `terminate`.
        """
        self._link.terminate()
        self.job.cancel("the session was terminated")

    async def aclose(self) -> None:
        """Cancel every job, readers included, close with 1001, and wait until all of that is over."""
        self.cancel()
        with anyio.CancelScope(shield=True):
            await self.ended()

    def _closed(self, reason: CloseReason) -> None:
        if self._promised_reason is not None:
            self._promised_reason.complete(reason)
        self._cancel_bystanders()
        assert isinstance(self.job, CompletableJob)  # a scope that is not a block has one
        self.job.complete()
        if not self.job.is_completed:
            self._lingering = self._link.later(to_seconds(self._config.linger, "linger"), self._cancel_readers)

    def _gone(self) -> None:
        if self._end_of_connection is not None:
            self._end_of_connection.complete()
        self._end_if_over()

    # Jobs

    def _open_job(self, main: object) -> Job | None:
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
        self._handler = main
        self._main = job = self.launch(self._start_main, name=name)
        job.invoke_on_completion(self._main_ended)
        return job

    def _start_main(self) -> Awaitable[object]:
        self._main_started = True
        return self._handler(self)

    def _main_ended(self, failure: BaseException | None) -> None:
        if failure is None or self._is_departure(failure):
            self._link.finish()
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
        if isinstance(failure, BaseExceptionGroup):
            return all(map(self._is_departure, cast("BaseExceptionGroup[BaseException]", failure).exceptions))
        if isinstance(failure, ClosedReceiveChannelError):
            return self._link.incoming.is_closed_for_receive
        reason = self._link.reason
        return isinstance(failure, SessionClosedError) or (reason is not None and failure is reason.cause)

    def _jobs_over(self, _: BaseException | None) -> None:
        if self._link.reason is None:  # cancelled from above
            self._link.close(GOING_AWAY)
        if self._lingering is not None:
            self._lingering.cancel()
            self._lingering = None
        self._end_if_over()

    def _end_if_over(self) -> None:
        if self._link.is_gone and self.job.is_completed and self._on_end is not None:
            on_end, self._on_end = self._on_end, None
            on_end(self)

    # For who has made the session

    def endpoint(self) -> Endpoint:
        """What the engine talks to."""
        return self._link if self._watch is None else self._watch.before(self._link)

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
