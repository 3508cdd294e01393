"""`Channel`: a queue of elements between tasks, with an end."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from types import TracebackType
from typing import Any, ClassVar, Final, TypeVar, cast

from flowws._core import CancellationError, IllegalStateError, Waiter, checkpoint, new_waiter, report

from ._buffer_overflow import BufferOverflow
from ._capacity import BUFFERED, CONFLATED, RENDEZVOUS, UNLIMITED, resolve
from ._channel_result import ChannelResult
from ._errors import ClosedReceiveChannelError, ClosedSendChannelError
from ._receive_channel import ReceiveChannel
from ._send_channel import SendChannel

E = TypeVar("E")

_END: Final[Any] = object()  # handed to a parked receiver in place of an element
_SENT: Final[ChannelResult[None]] = ChannelResult.success(None)
_NOT_NOW: Final[ChannelResult[Any]] = ChannelResult.failure()
_OPEN, _CLOSED, _CANCELLED = range(3)

# After so many operations in a row that did not have to wait, one real checkpoint, so that a tight loop over a channel
# cannot starve its neighbours. Counted per channel: every wait on it starts the count anew.
_BUDGET: Final = 128


class Channel(SendChannel[E], ReceiveChannel[E]):
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

    __slots__ = (
        "__weakref__",
        "_buffer",
        "_capacity",
        "_cause",
        "_on_close",
        "_overflow",
        "_receivers",
        "_senders",
        "_state",
        "_streak",
        "_traceback",
        "_undelivered",
    )

    def __init__(
        self,
        capacity: int = RENDEZVOUS,
        on_buffer_overflow: BufferOverflow = BufferOverflow.SUSPEND,
        on_undelivered_element: Callable[[E], object] | None = None,
    ) -> None:
        self._capacity, self._overflow = resolve(capacity, on_buffer_overflow)
        self._undelivered = on_undelivered_element
        self._buffer: deque[E] = deque()
        self._senders: deque[tuple[Waiter[None], E]] = deque()
        self._receivers: deque[Waiter[E]] = deque()
        self._state = _OPEN
        self._cause: BaseException | None = None
        self._traceback: TracebackType | None = None  # of the cause
        self._on_close: Callable[[BaseException | None], object] | None = None
        self._streak = 0

    # Sending

    @property
    def is_closed_for_send(self) -> bool:
        return self._state != _OPEN

    # `send`, `receive` and `__anext__` say first, without a further call, what mostly happens: room, or an element, and
    # nobody parked on this side. benchmarks/bench_channel.py pays for the repetition.

    async def send(self, element: E) -> None:
        if self._streak >= _BUDGET:
            await self._breathe_with(element)
        self._streak += 1
        if not self._receivers and len(self._buffer) < self._capacity and self._state == _OPEN:
            self._buffer.append(element)
            return
        if self._state != _OPEN:
            self._drop(element)
            raise self._send_error()
        if not self._put(element):
            if self._overflow is BufferOverflow.SUSPEND:
                await self._park_sender(element)
            else:
                self._drop(self._overflown(element))

    def try_send(self, element: E) -> ChannelResult[None]:
        if self._state != _OPEN:
            return ChannelResult.closed(self._send_error())
        if not self._put(element):
            if self._overflow is BufferOverflow.SUSPEND:
                return _NOT_NOW
            victim = self._overflown(element)
            if self._overflow is BufferOverflow.DROP_OLDEST:
                self._drop(victim)
        return _SENT

    def _put(self, element: E) -> bool:
        receivers = self._receivers
        while receivers:
            receiver = receivers.popleft()
            if not receiver.done():
                receiver.set_result(element)
                return True
        if len(self._buffer) < self._capacity:
            self._buffer.append(element)
            return True
        return False

    def _overflown(self, element: E) -> E:
        """Make the full buffer take `element`, or not; returns what gives way."""
        if self._overflow is BufferOverflow.DROP_LATEST:
            return element
        self._buffer.append(element)
        return self._buffer.popleft()

    async def _park_sender(self, element: E) -> None:
        self._streak = 0
        waiter: Waiter[None] = new_waiter()
        parked = (waiter, element)
        self._senders.append(parked)
        try:
            await waiter
        except BaseException:
            if waiter.cancelled() or not waiter.done():
                _discard(self._senders, parked)
                self._drop_quietly(element)
            raise

    # Receiving

    @property
    def is_closed_for_receive(self) -> bool:
        return self._state != _OPEN and not self._buffer and not self._senders

    @property
    def is_empty(self) -> bool:
        return self._state == _OPEN and not self._buffer and not self._senders

    async def receive(self) -> E:
        if self._buffer and not self._senders and self._streak < _BUDGET:
            self._streak += 1
            return self._buffer.popleft()
        element = await self._take()
        if element is _END:
            cause = self._receive_error()
            raise ClosedReceiveChannelError("the channel is closed and drained") if cause is None else cause
        return element

    async def receive_catching(self) -> ChannelResult[E]:
        element = await self._take()
        return ChannelResult.closed(self._cause) if element is _END else ChannelResult.success(element)

    def try_receive(self) -> ChannelResult[E]:
        if self._buffer or self._senders:
            element = self._pull()
            if element is not _END:
                return ChannelResult.success(element)
        return _NOT_NOW if self._state == _OPEN else ChannelResult.closed(self._cause)

    async def __anext__(self) -> E:
        if self._buffer and not self._senders and self._streak < _BUDGET:
            self._streak += 1
            return self._buffer.popleft()
        element = await self._take()
        if element is _END:
            cause = self._receive_error()
            raise StopAsyncIteration if cause is None else cause
        return element

    async def _take(self) -> E:
        """The next element, or `_END`."""
        if self._streak >= _BUDGET:
            await self._breathe()
        self._streak += 1
        if self._buffer or self._senders:
            element = self._pull()
            if element is not _END:
                return element
        if self._state != _OPEN:
            return cast("E", _END)
        return await self._park_receiver()

    def _pull(self) -> E:
        """The oldest element, with the oldest parked sender moving up; `_END` if there is none after all."""
        if self._buffer:
            element = self._buffer.popleft()
            if self._senders and len(self._buffer) < self._capacity:
                mine = self._next_sender()
                if mine is not _END:
                    self._buffer.append(mine)
            return element
        return self._next_sender()

    def _next_sender(self) -> E:
        while self._senders:
            waiter, element = self._senders.popleft()
            if not waiter.done():
                waiter.set_result(None)
                return element
        return cast("E", _END)

    async def _park_receiver(self) -> E:
        self._streak = 0
        waiter: Waiter[E] = new_waiter()
        self._receivers.append(waiter)
        try:
            return await waiter
        except BaseException:
            if waiter.done() and not waiter.cancelled():
                self._give_back(waiter.result())  # handed over, then cancelled: asyncio only
            else:
                _discard(self._receivers, waiter)
            raise

    def _give_back(self, element: E) -> None:
        if element is _END:
            return
        while self._receivers:
            receiver = self._receivers.popleft()
            if not receiver.done():
                receiver.set_result(element)
                return
        full = self._overflow is BufferOverflow.DROP_OLDEST and len(self._buffer) >= self._capacity
        if self._state == _CANCELLED or full:
            self._drop_quietly(element)
        else:
            self._buffer.appendleft(element)  # it is the oldest; one over capacity does not matter

    # Ending

    def close(self, cause: BaseException | None = None) -> bool:
        if cause is not None and not isinstance(cause, BaseException):  # pyright: ignore[reportUnnecessaryIsInstance]  # untyped callers
            raise TypeError(f"the cause of a closing must be an exception, not {cause!r}")
        if self._state != _OPEN:
            return False
        self._state, self._cause = _CLOSED, cause
        self._traceback = None if cause is None else cause.__traceback__
        self._end_receivers()
        self._tell_closed()
        return True

    def cancel(self, cause: CancellationError | None = None) -> None:
        if cause is not None and not isinstance(cause, CancellationError):  # pyright: ignore[reportUnnecessaryIsInstance]  # untyped callers
            raise TypeError(f"a channel is cancelled with a CancellationError, not {cause!r}")
        was = self._state
        if was == _CANCELLED:
            return
        self._state = _CANCELLED
        if was == _OPEN:
            self._cause = cause if cause is not None else CancellationError("the channel was cancelled")
            self._traceback = self._cause.__traceback__
        # Newest first, the parked ones before the buffered, as in Kotlin.
        lost = [element for waiter, element in reversed(self._senders) if not waiter.done()] + list(
            reversed(self._buffer)
        )
        senders, self._senders = self._senders, deque()
        self._buffer.clear()
        for waiter, _ in senders:
            if not waiter.done():
                waiter.set_exception(self._send_error())
        self._end_receivers()
        try:
            if was == _OPEN:
                self._tell_closed()
        finally:
            self._drop_all(lost)

    def invoke_on_close(self, handler: Callable[[BaseException | None], object]) -> None:
        if self._on_close is not None:
            raise IllegalStateError(f"the channel has its handler already: {self._on_close!r}")
        self._on_close = handler
        if self._state != _OPEN:
            handler(self._cause)

    def _tell_closed(self) -> None:
        if self._on_close is not None:
            self._on_close(self._cause)

    def _end_receivers(self) -> None:
        receivers, self._receivers = self._receivers, deque()
        for receiver in receivers:
            if not receiver.done():
                receiver.set_result(_END)

    def _send_error(self) -> BaseException:
        cause = self._receive_error()
        return ClosedSendChannelError("the channel is closed for sending") if cause is None else cause

    def _receive_error(self) -> BaseException | None:
        """The cause, as it was given: the tracebacks of those in whom it was raised would pile up."""
        return None if self._cause is None else self._cause.with_traceback(self._traceback)

    def _drop(self, element: E) -> None:
        if self._undelivered is not None:
            self._undelivered(element)

    def _drop_quietly(self, element: E) -> None:
        """For a task that is being cancelled: its cancellation must pass, whatever the hook raises."""
        try:
            self._drop(element)
        except Exception as error:  # noqa: BLE001  # given to the loop's handler
            report("on_undelivered_element raised while a task was being cancelled", error)

    def _drop_all(self, elements: list[E]) -> None:
        """Every element reaches the hook, also when it raises for one of them; the first error is raised afterwards."""
        first: Exception | None = None
        for element in elements:
            try:
                self._drop(element)
            except Exception as error:  # noqa: BLE001  # raised below
                if first is None:
                    first = error
                else:
                    first.add_note(f"on_undelivered_element raised once more: {error!r}")
        if first is not None:
            raise first

    async def _breathe_with(self, element: E) -> None:
        try:
            await self._breathe()
        except BaseException:
            self._drop_quietly(element)
            raise

    async def _breathe(self) -> None:
        self._streak = 0
        await checkpoint()

    def __repr__(self) -> str:
        state = ("open", "closed", "cancelled")[self._state]
        capacity = "unlimited" if self._capacity == UNLIMITED else self._capacity
        parked = f"{len(self._senders)} sending, {len(self._receivers)} receiving"
        return f"<Channel {state}, {len(self._buffer)} of {capacity} buffered, {parked}>"


def _discard(queue: deque[Any], item: object) -> None:
    for place, other in enumerate(queue):
        if other is item:
            del queue[place]
            return
