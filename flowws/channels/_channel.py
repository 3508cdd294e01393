"""`Channel`: a queue of elements between tasks, with an end."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from typing import Any, ClassVar, Final, TypeVar, cast, overload

from flowws._core import (
    BUDGET,
    NOT_YET,
    CancellationError,
    IllegalStateError,
    Look,
    SelectClause,
    Waiter,
    checkpoint,
    repr_html,
)

from ._buffer_overflow import BufferOverflow
from ._capacity import BUFFERED, CONFLATED, RENDEZVOUS, UNLIMITED
from ._channel_clauses import ReceiveCatchingClause, ReceiveClause, SendClause
from ._channel_result import ChannelResult
from ._errors import ClosedReceiveChannelError
from ._queues import CANCELLED, CLOSED, END, NOBODY, OPEN, Queues, discard, drop_all
from ._receive_channel import ReceiveChannel
from ._send_channel import SendChannel

E = TypeVar("E")
R = TypeVar("R")

_SENT: Final[ChannelResult[None]] = ChannelResult.success(None)
_NOT_NOW: Final[ChannelResult[Any]] = ChannelResult.failure()


class Channel(Queues[E], SendChannel[E], ReceiveChannel[E]):
    """A queue between tasks that suspends instead of blocking, and that can be closed.

    ::

        send -> senders (parked, each with its element) -> buffer (up to capacity) -> receivers (parked) -> receive

        receivers wait  =>  buffer and senders are empty
        senders wait    =>  the buffer is full

    Both sides are served first come, first served. An element goes straight to a parked receiver, who cannot be
    overtaken. An operation that does not need to wait does not switch tasks. An element is never lost: if a receiver
    was cancelled after an element had been handed to it, the element goes to the next one (stronger than Kotlin).
    Belongs to one event loop.

    Args:
        capacity: elements that wait in the channel: `RENDEZVOUS` (none, the default), `BUFFERED` (64), `UNLIMITED`,
            `CONFLATED` (only the newest), or a number.
        on_buffer_overflow: what gives way when the buffer is full. With DROP_* a capacity of RENDEZVOUS or BUFFERED
            means 1.
        on_undelivered_element: called with every element that will reach nobody, to free what it holds.

    >>> async def main():
    ...     numbers = Channel[int](2)
    ...     await numbers.send(1)
    ...     await numbers.send(2)
    ...     numbers.close()
    ...     return [n async for n in numbers]
    >>> import anyio
    >>> anyio.run(main)
    [1, 2]

    Kotlin: `Channel`.
    """

    RENDEZVOUS: ClassVar[int] = RENDEZVOUS
    CONFLATED: ClassVar[int] = CONFLATED
    BUFFERED: ClassVar[int] = BUFFERED
    UNLIMITED: ClassVar[int] = UNLIMITED

    __slots__ = ()

    # Sending

    @property
    def is_closed_for_send(self) -> bool:
        return self._state != OPEN

    # BUDGET counts elements taken in a row without a wait, or put into a buffer that nobody takes from; both sides in
    # one loop come to twice as many operations. Counted per channel, and every wait on it starts the count anew.
    #
    # `send`, `receive` and `__anext__` say first, without a further call, what mostly happens: room, or an element, and
    # nobody parked on this side. benchmarks/bench_channel.py pays for the repetition.

    async def send(self, element: E) -> None:
        if len(self._buffer) < self._unasked and not self._receivers:
            self._buffer.append(element)
            return
        if self._streak >= BUDGET or (self._unasked <= len(self._buffer) < self._capacity and self._state == OPEN):
            await self._breathe_with(element)
        self._streak += 1
        if (self._receivers or self._capacity or self._state != OPEN) and self._offer(element):
            return
        self._streak = 0
        senders = self._queue_of_senders()
        waiter: Waiter[None] = self._new_waiter()
        parked = (waiter, element)
        senders.append(parked)
        try:
            await waiter
        except BaseException:
            if waiter.cancelled() or not waiter.done():
                self._give_up(parked)
            raise

    def try_send(self, element: E) -> ChannelResult[None]:
        if self._state != OPEN:
            return ChannelResult.closed(self._send_error())
        if not self._put(element):
            if self._overflow is BufferOverflow.SUSPEND:
                return _NOT_NOW
            victim = self._overflown(element)
            if self._overflow is BufferOverflow.DROP_OLDEST:
                self._drop(victim)
        return _SENT

    def _send_clause(self, element: E, handler: Callable[[Any], Any] | None) -> SelectClause[Any]:
        return SendClause(self, element, handler)

    def _bridge(self) -> Channel[E]:
        return self

    # Receiving

    @property
    def is_closed_for_receive(self) -> bool:
        return self._state != OPEN and self._holds_nothing()

    @property
    def is_empty(self) -> bool:
        return self._state == OPEN and self._holds_nothing()

    def _holds_nothing(self) -> bool:
        """A sender that was cancelled stands in its queue until it resumes, with an element that nobody can take."""
        return not self._buffer and all(waiter.done() for waiter, _ in self._senders)

    async def receive(self) -> E:
        if self._buffer and not self._senders and self._streak < BUDGET:
            self._streak += 1
            return self._buffer.popleft()
        element = await self._take()
        if element is END:
            cause = self._receive_error()
            raise ClosedReceiveChannelError("the channel is closed and drained") if cause is None else cause
        return element

    async def receive_catching(self) -> ChannelResult[E]:
        element = await self._take()
        return ChannelResult.closed(self._cause) if element is END else ChannelResult.success(element)

    def _poll(self) -> Any:
        """For a select: the next element, `END`, or `NOT_YET`."""
        if self._buffer:
            return self._pull()
        if self._senders:
            element = self._next_sender()
            if element is not END:
                return element
        return NOT_YET if self._state == OPEN else END

    def try_receive(self) -> ChannelResult[E]:
        if self._buffer or self._senders:
            element = self._pull()
            if element is not END:
                return ChannelResult.success(element)
        return _NOT_NOW if self._state == OPEN else ChannelResult.closed(self._cause)

    async def __anext__(self) -> E:
        if self._buffer and not self._senders and self._streak < BUDGET:
            self._streak += 1
            return self._buffer.popleft()
        element = await self._take()
        if element is END:
            cause = self._receive_error()
            if isinstance(cause, StopAsyncIteration):  # would pass for the end of the iteration
                raise RuntimeError("the channel was closed with StopAsyncIteration") from cause
            raise StopAsyncIteration if cause is None else cause
        return element

    # A select mostly stands in a loop, with the same clauses each time: one without a handler is made once and kept.

    @overload
    def on_receive(self, handler: None = None) -> SelectClause[E]: ...
    @overload
    def on_receive(self, handler: Callable[[E], Coroutine[Any, Any, R]]) -> SelectClause[R]: ...
    @overload
    def on_receive(self, handler: Callable[[E], R]) -> SelectClause[R]: ...
    def on_receive(self, handler: Callable[[Any], Any] | None = None) -> SelectClause[Any]:
        if handler is not None:
            return ReceiveClause(self, handler)
        if self._plain_clause is not None:
            return self._plain_clause
        clause: SelectClause[Any] = ReceiveClause(self, None)
        if self._state == OPEN:
            self._plain_clause = clause
        return clause

    def _receive_clause(self, handler: Callable[[Any], Any] | None) -> SelectClause[Any]:
        return self.on_receive(handler)

    def _receive_catching_clause(self, handler: Callable[[Any], Any] | None) -> SelectClause[Any]:
        return ReceiveCatchingClause(self, handler)

    async def _take(self) -> E:
        """The next element, or `END`."""
        if self._streak >= BUDGET:
            await self._breathe()
        self._streak += 1
        if self._buffer or self._senders:
            element = self._pull()
            if element is not END:
                return element
        if self._state != OPEN:
            return cast("E", END)
        self._streak = 0
        receivers = self._queue_of_receivers()
        waiter: Waiter[E] = self._new_waiter()
        receivers.append(waiter)
        try:
            element = await waiter
        except BaseException:
            if waiter.done() and not waiter.cancelled():
                self._give_back(waiter.result())  # handed over, then cancelled: asyncio only
            else:
                discard(self._receivers, waiter)
            raise
        return self._look_again() if element is END else element

    # Ending

    def close(self, cause: BaseException | None = None) -> bool:
        if cause is not None and not isinstance(cause, BaseException):  # pyright: ignore[reportUnnecessaryIsInstance]  # untyped callers
            raise TypeError(f"the cause of a closing must be an exception, not {cause!r}")
        if self._state != OPEN:
            return False
        self._state, self._cause, self._unasked = CLOSED, cause, 0
        self._traceback = None if cause is None else cause.__traceback__
        self._end_receivers()
        try:
            self._tell_closed()
        finally:
            if self._senders:
                from ._threads import turn_away  # loaded where threads are: `import flowws` stays light

                drop_all(turn_away(self._senders, self._send_error), self._drop)
        return True

    def cancel(self, cause: CancellationError | None = None) -> None:
        if cause is not None and not isinstance(cause, CancellationError):  # pyright: ignore[reportUnnecessaryIsInstance]  # untyped callers
            raise TypeError(f"a channel is cancelled with a CancellationError, not {cause!r}")
        was = self._state
        if was == CANCELLED:
            return
        self._state, self._unasked = CANCELLED, 0
        if was == OPEN:
            self._cause = cause if cause is not None else CancellationError("the channel was cancelled")
            self._traceback = self._cause.__traceback__
        # Newest first, the parked ones before the buffered, as in Kotlin.
        lost = [element for waiter, element in reversed(self._senders) if not waiter.done()] + list(
            reversed(self._buffer)
        )
        senders, self._senders = self._senders, NOBODY
        self._buffer.clear()
        for waiter, _ in senders:
            if not waiter.done():
                waiter.set_exception(self._send_error())
        self._end_receivers()
        try:
            if was == OPEN:
                self._tell_closed()
        finally:
            drop_all(lost, self._drop)

    def invoke_on_close(self, handler: Callable[[BaseException | None], object]) -> None:
        if not callable(handler):
            raise TypeError(f"invoke_on_close takes a function, not {handler!r}")
        if self._on_close is not None:
            raise IllegalStateError(f"the channel has its handler already: {self._on_close!r}")
        self._on_close = handler
        if self._state != OPEN:
            handler(self._cause)

    def _tell_closed(self) -> None:
        if self._on_close is not None:
            self._on_close(self._cause)

    async def _breathe_with(self, element: E) -> None:
        try:
            await self._breathe()
        except BaseException:
            self._drop_quietly(element)
            raise

    async def _breathe(self) -> None:
        self._streak = 0
        await checkpoint()
        if self._state == OPEN:
            self._unasked = min(self._capacity, len(self._buffer) + BUDGET)

    def __repr__(self) -> str:
        state = ("open", "closed", "cancelled")[self._state]
        capacity = "unlimited" if self._capacity == UNLIMITED else self._capacity
        parked = f"{len(self._senders)} sending, {len(self._receivers)} receiving"
        return f"<Channel {state}, {len(self._buffer)} of {capacity} buffered, {parked}>"

    def _look(self) -> Look:
        buffered, senders = len(self._buffer), [waiter for waiter, _ in self._senders if not waiter.done()]
        receivers = [waiter for waiter in self._receivers if not waiter.done()]
        bounded = 0 < self._capacity < UNLIMITED
        return Look(
            "Channel",
            state=("open", "closed", "cancelled")[self._state],
            tone="" if self._state != OPEN else "wait" if senders else "good",
            facts={"buffered": f"{buffered} of {self._capacity}" if bounded else buffered}
            | {"sending, parked": len(senders), "receiving, parked": len(receivers)}
            | ({} if self._overflow is BufferOverflow.SUSPEND else {"when full": self._overflow.name.lower()}),
            values={} if self._cause is None else {"cause": self._cause},
            gauge=(buffered, self._capacity) if bounded else None,
        )

    _repr_html_ = repr_html
