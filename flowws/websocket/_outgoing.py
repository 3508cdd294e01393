"""`Outgoing`: the sending end of a session, which writes at once whenever it can."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from typing import Any, Final, TypeVar

from flowws._core import (
    BUDGET,
    NOT_YET,
    IllegalStateError,
    Place,
    SelectClause,
    Waiter,
    checkpoint,
    current_loop_or_none,
    new_waiter,
)
from flowws.channels import ChannelResult, SendChannel

from ._close_reason import CloseReason
from ._errors import SessionClosedError
from ._frame import PLAIN, Frame
from .engines import Connection

_SENT: Final[ChannelResult[None]] = ChannelResult.success(None)
_NOT_NOW: Final[ChannelResult[None]] = ChannelResult.failure()

R_co = TypeVar("R_co", covariant=True)


class Outgoing(SendChannel[Frame]):
    """The frames that are to leave, in the order of their `send`.

    ::

        send -> senders (parked, each with its frame) -> queue (up to capacity) -> engine
          |                                                                          ^
          +-------- is_ready: open, writable, nothing queued ------------------------+
          +-------- control frames, always ------------------------------------------+

        closing: queue -> Close frame

        senders wait  =>  the queue is full  =>  the engine is not writable
    """

    __slots__ = (
        "_capacity",
        "_connection",
        "_home",
        "_on_close",
        "_on_frame_close",
        "_queue",
        "_reason",
        "_senders",
        "_then",
        "is_ready",
        "streak",
        "write",
    )

    def __init__(self, capacity: int, connection: Connection, on_frame_close: Callable[[CloseReason], object]) -> None:
        # Stored state
        self._capacity = capacity
        self._connection = connection
        self._queue: deque[tuple[int, bytes]] = deque()
        self._senders: deque[tuple[Waiter[None] | Place, Frame]] = deque()
        self._reason: CloseReason | None = None
        self._then: Callable[[], object] | None = None  # writes the Close frame, once the queue is empty
        self._on_close: Callable[[BaseException | None], object] | None = None
        self._on_frame_close = on_frame_close
        self._home = current_loop_or_none()  # for threads
        self.streak = 0
        """How many sends in a row did not have to wait; whoever raises it to `BUDGET` owes a `breathe`."""
        self.write = connection.write
        """Straight to the engine: only while `is_ready`."""
        # Computed state
        self.is_ready = True
        """Whether a data frame may be written this moment, past the queue."""

    # Sending

    @property
    def is_closed_for_send(self) -> bool:
        return self._reason is not None

    async def send(self, element: Frame) -> None:
        """Send a frame; wait while the peer, or the network, does not take them.

        A `Frame.Ping` or `Frame.Pong` overtakes waiting messages; a `Frame.Close` closes the session with its
        reason. Raises `SessionClosedError` once the session is closed, and `ValueError` for a frame that cannot be
        sent on its own: a fragment, or one with reserved bits.
        """
        if not self.put(_checked(element)):
            await self.park(element)
        elif self.streak >= BUDGET:
            await self.breathe()

    def try_send(self, element: Frame) -> ChannelResult[None]:
        if self._reason is not None:
            return ChannelResult.closed(SessionClosedError(self._reason))
        return _SENT if self.put(_checked(element)) else _NOT_NOW

    def _send_clause(self, element: Frame, handler: Callable[[Any], Any] | None) -> SelectClause[Any]:
        return OutgoingClause(self, _checked(element), handler)

    def put(self, frame: Frame) -> bool:
        """Take a frame now: True. False if its sender has to `park` with it."""
        if self.is_ready and frame.bits == PLAIN:
            self.streak += 1
            self.write(frame.opcode, frame.payload)
            return True
        data = frame.data  # encoded here, where a text that cannot be is its sender's mistake
        if self._reason is not None:
            raise SessionClosedError(self._reason)
        _check(frame)
        if frame.is_control:
            self._put_control(frame)
        elif len(self._queue) < self._capacity and not self._senders:
            self._queue.append((frame.opcode, data))
        else:
            return False
        return True

    def _put_control(self, frame: Frame) -> None:
        if isinstance(frame, Frame.Close):
            reason = frame.read_reason()
            self._on_frame_close(CloseReason(1000) if reason is None else CloseReason(reason.code, reason.message))
        else:
            self._connection.write(frame.opcode, frame.data)

    async def park(self, frame: Frame) -> None:
        """Wait, first come first served, until there is room for the frame."""
        self.streak = 0
        waiter: Waiter[None] = new_waiter()
        parked = (waiter, frame)
        self._senders.append(parked)
        try:
            await waiter
        except BaseException:
            if waiter.cancelled() or not waiter.done():
                self._senders.remove(parked)
            raise

    async def breathe(self) -> None:
        """One real checkpoint."""
        self.streak = 0
        await checkpoint()

    # What the bridge from threads asks for

    def _bridge(self) -> Outgoing:
        return self

    def _offer_or_queue(self, parked: tuple[Any, Frame]) -> bool:
        if self.put(_checked(parked[1])):
            return True
        self._senders.append(parked)
        return False

    def _give_up(self, parked: tuple[Any, Frame]) -> None:
        if parked in self._senders:
            self._senders.remove(parked)

    def _drop(self, element: Frame) -> None:
        """A frame that is not sent holds nothing that would have to be freed."""

    # What the engine says

    def pause(self) -> None:
        """What is sent from now on waits."""
        self.is_ready = False

    def pump(self) -> None:
        """Write what waits, for as long as the engine takes it."""
        connection, queue = self._connection, self._queue
        while queue and connection.is_writable:
            connection.write(*queue.popleft())
            self._admit()
        if not queue:
            if self._then is not None:
                then, self._then = self._then, None
                then()
            self.is_ready = self._reason is None and connection.is_writable

    def _admit(self) -> None:
        """A place in the queue is free: the sender that waits longest gets it."""
        while self._senders:
            waiter, frame = self._senders.popleft()
            if not waiter.done():
                self._queue.append((frame.opcode, frame.data))
                waiter.set_result(None)
                return

    # Ending

    def end(self, reason: CloseReason, then: Callable[[], object] | None) -> None:
        """Refuse what is sent from now on. What is queued leaves, then `then` is called; without it, the queue is
        dropped.
        """
        self._reason = reason
        self.is_ready = False
        senders, self._senders = self._senders, deque()
        for waiter, _ in senders:
            if not waiter.done():
                waiter.set_exception(SessionClosedError(reason))
        if then is None:
            self._queue.clear()
        else:
            self._then = then
            self.pump()
        if self._on_close is not None:
            self._on_close(SessionClosedError(reason))

    def drop(self) -> None:
        """Nothing more can leave."""
        self._queue.clear()
        self._then = None

    def close(self, cause: BaseException | None = None) -> bool:
        """Close the session: with 1000, or with 1011 where there is a `cause`. True for the call that did it."""
        if self._reason is not None:
            return False
        self._on_frame_close(CloseReason(1000) if cause is None else CloseReason(1011, cause=cause))
        return True

    def invoke_on_close(self, handler: Callable[[BaseException | None], object]) -> None:
        if self._on_close is not None:
            raise IllegalStateError(f"the channel has its handler already: {self._on_close!r}")
        self._on_close = handler
        if self._reason is not None:
            handler(SessionClosedError(self._reason))

    def __repr__(self) -> str:
        state = "open" if self._reason is None else "closed"
        return f"<Outgoing {state}, {len(self._queue)} frames waiting, {len(self._senders)} senders>"


class OutgoingClause(SelectClause[R_co]):
    """`outgoing.on_send(frame, handler)`."""

    __slots__ = ("_frame",)
    subject: Outgoing

    def __init__(self, outgoing: Outgoing, frame: Frame, handler: Callable[[Any], Any] | None) -> None:
        super().__init__(outgoing, handler)
        self._frame = frame

    def poll(self) -> Any:
        return self.subject if self.subject.put(self._frame) else NOT_YET

    def park(self, place: Place) -> None:
        place.ticket = (place, self._frame)
        self.subject._senders.append(place.ticket)

    def leave(self, place: Place) -> None:
        if place.ticket in self.subject._senders:
            self.subject._senders.remove(place.ticket)

    def conclude(self, value: object) -> Outgoing:
        return self.subject


def _checked(frame: Frame) -> Frame:
    if not isinstance(frame, Frame):  # pyright: ignore[reportUnnecessaryIsInstance]  # untyped callers
        raise TypeError(f"outgoing takes frames, not {frame!r}")
    return frame


def _check(frame: Frame) -> None:
    if not (frame.is_control or frame.bits == PLAIN):
        raise ValueError(f"a session sends whole messages without reserved bits, not {frame!r}")
