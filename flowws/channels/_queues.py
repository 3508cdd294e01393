"""`Queues`: the inside of a channel, which never waits."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable
from types import TracebackType
from typing import TYPE_CHECKING, Any, Final, Generic, TypeAlias, TypeVar, cast

from flowws._core import (
    BUDGET,
    Place,
    SelectClause,
    Waiter,
    current_loop_or_none,
    lasting_waiter_maker,
    new_waiter,
    report,
)

from ._buffer_overflow import BufferOverflow
from ._capacity import RENDEZVOUS, resolve
from ._errors import ClosedSendChannelError

if TYPE_CHECKING:
    from ._threads import ParkedThread

E = TypeVar("E")

Sender: TypeAlias = "Waiter[None] | Place | ParkedThread"

END: Final[Any] = object()
"""Handed to a parked receiver in place of an element."""

OPEN, CLOSED, CANCELLED = range(3)

# An empty deque takes 760 bytes, and on most channels only one side ever waits: a queue is made for the first who does.
NOBODY: Final[Any] = ()


class Queues(Generic[E]):
    """The three queues of a channel, its state, and all that happens between them without anybody having to wait.

    `Channel` has the picture, and the operations that people call.
    """

    __slots__ = (
        "__weakref__",
        "_buffer",
        "_capacity",
        "_cause",
        "_home",
        "_new_waiter",
        "_on_close",
        "_overflow",
        "_plain_clause",
        "_put_back_so_far",
        "_receivers",
        "_senders",
        "_state",
        "_streak",
        "_traceback",
        "_unasked",
        "_undelivered",
    )

    def __init__(
        self,
        capacity: int = RENDEZVOUS,
        on_buffer_overflow: BufferOverflow = BufferOverflow.SUSPEND,
        on_undelivered_element: Callable[[E], object] | None = None,
    ) -> None:
        self._capacity, self._overflow = resolve(capacity, on_buffer_overflow)
        if on_undelivered_element is not None and not callable(on_undelivered_element):
            raise TypeError(f"on_undelivered_element must be a function, not {on_undelivered_element!r}")
        self._undelivered = on_undelivered_element
        self._buffer: deque[E] = deque()
        self._senders: deque[tuple[Sender, E]] = NOBODY
        self._receivers: deque[Waiter[E] | Place] = NOBODY
        self._state = OPEN
        self._cause: BaseException | None = None
        self._traceback: TracebackType | None = None  # of the cause
        self._on_close: Callable[[BaseException | None], object] | None = None
        self._plain_clause: SelectClause[Any] | None = None  # of `on_receive()`, until the channel is closed
        self._streak = 0
        # The length of the buffer up to which `send` may fill it without another thought: 0 once the channel is closed.
        self._unasked = min(self._capacity, BUDGET)
        self._put_back_so_far = (0, 0)  # how many, and the id of the last
        self._home = current_loop_or_none()  # for threads; None until the channel is used on a loop
        self._new_waiter: Callable[[], Waiter[Any]] = new_waiter  # until somebody waits: then the loop is known

    # Putting elements in

    def _offer(self, element: E) -> bool:
        """`send` up to the point where it would wait: False."""
        if self._state != OPEN:
            self._drop(element)
            raise self._send_error()
        if not self._put(element):
            if self._overflow is BufferOverflow.SUSPEND:
                return False
            self._drop(self._overflown(element))
        return True

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

    def _offer_or_queue(self, parked: tuple[Sender, E]) -> bool:
        if self._offer(parked[1]):
            return True
        self._queue_of_senders().append(parked)
        return False

    def _give_up(self, parked: tuple[Sender, E]) -> None:
        discard(self._senders, parked)
        self._drop_quietly(parked[1])

    def _queue_of_senders(self) -> deque[tuple[Sender, E]]:
        if self._senders is NOBODY:
            self._senders = deque()
            self._find_home()
        return self._senders

    # Taking elements out

    def _pull(self) -> E:
        """The oldest element, with the oldest parked sender moving up; `END` if there is none after all."""
        if self._buffer:
            element = self._buffer.popleft()
            if self._senders and len(self._buffer) < self._capacity:
                mine = self._next_sender()
                if mine is not END:
                    self._buffer.append(mine)
            return element
        return self._next_sender()

    def _next_sender(self) -> E:
        while self._senders:
            waiter, element = self._senders.popleft()
            if not waiter.done():
                waiter.set_result(None)
                return element
        return cast("E", END)

    def _look_again(self) -> E:
        """For who was told of the end: since then, a cancelled receiver may have given its element back."""
        return self._pull() if self._buffer else cast("E", END)

    def _give_back(self, element: E) -> None:
        if element is END:
            return
        while self._receivers:
            receiver = self._receivers.popleft()
            if not receiver.done():
                receiver.set_result(element)
                return
        full = self._overflow is BufferOverflow.DROP_OLDEST and len(self._buffer) >= self._capacity
        if self._state == CANCELLED or full:
            self._drop_quietly(element)
        else:
            self._put_back(element)

    def _put_back(self, element: E) -> None:
        """To the front, behind what was put back before it and is still there. One over capacity does no harm."""
        count, last = self._put_back_so_far
        place = next((n + 1 for n, other in zip(range(count), self._buffer, strict=False) if id(other) == last), 0)
        self._buffer.insert(place, element)
        self._put_back_so_far = (place + 1, id(element))

    def _queue_of_receivers(self) -> deque[Waiter[E] | Place]:
        self._put_back_so_far = (0, 0)  # who parks has found the buffer empty: those put back are gone
        if self._receivers is NOBODY:
            self._receivers = deque()
            self._find_home()
        return self._receivers

    def _find_home(self) -> None:
        """The loop is asked for once, not by everybody who waits: benchmarks/bench_channel.py."""
        self._home = current_loop_or_none()
        self._new_waiter = lasting_waiter_maker()

    # Ending

    def _end_receivers(self) -> None:
        self._plain_clause = None  # which knows this channel: one that is over leaves no circle
        receivers, self._receivers = self._receivers, NOBODY
        for receiver in receivers:
            if not receiver.done():
                receiver.set_result(END)

    def _send_error(self) -> BaseException:
        cause = self._receive_error()
        return ClosedSendChannelError("the channel is closed for sending") if cause is None else cause

    def _receive_error(self) -> BaseException | None:
        """The cause, as it was given: the tracebacks of those in whom it was raised would pile up."""
        return None if self._cause is None else self._cause.with_traceback(self._traceback)

    # Elements that reach nobody

    def _drop(self, element: E) -> None:
        if self._undelivered is not None:
            self._undelivered(element)

    def _drop_quietly(self, element: E) -> None:
        """For a task that is being cancelled: its cancellation must pass, whatever the hook raises."""
        try:
            self._drop(element)
        except Exception as error:  # noqa: BLE001  # given to the loop's handler
            report("on_undelivered_element raised while a task was being cancelled", error)


def drop_all(elements: Iterable[E], drop: Callable[[E], object]) -> None:
    """Every element reaches the hook, also when it raises for one of them; the first error is raised afterwards."""
    first: Exception | None = None
    for element in elements:
        try:
            drop(element)
        except Exception as error:  # noqa: BLE001  # raised below
            if first is None:
                first = error
            else:
                first.add_note(f"on_undelivered_element raised once more: {error!r}")
    if first is not None:
        raise first


def discard(queue: deque[Any], item: object) -> None:
    if queue and queue[0] is item:  # as nearly always
        queue.popleft()
        return
    for place, other in enumerate(queue):
        if other is item:
            del queue[place]
            return
