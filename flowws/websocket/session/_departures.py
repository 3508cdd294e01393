"""`Departures`: the inside of `Outgoing`, which never waits."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from typing import Final, Protocol

from anyio import CancelScope

from flowws._core import Waiter, new_waiter

from .._channels_config import ChannelConfig
from .._close_reason import CloseReason
from .._errors import ChannelOverflowError, SessionClosedError
from .._frame import Frame
from .._overflow import ChannelOverflow
from ..engines import Connection
from ._nobody import NOBODY
from ._outgoing_queue import NOTHING, Entry, Mark, Parked, discard, encoded, settle

_NO_FLUSHES: Final[list[Waiter[None]]] = []


class Closing(Protocol):
    """Who closes the session."""

    def close(self, reason: CloseReason, /) -> None: ...

    def outgoing_overflowed(self, error: Exception, /) -> None: ...


class Departures:
    """What waits to leave, how it leaves, and what becomes of it at the end.

    `Outgoing` has the picture, and the operations that people call. Marks stand in the queue between the frames:
    `flush` waits for one, and who streams a message for his turn.
    """

    __slots__ = (
        "_capacity",
        "_connection",
        "_flushes",
        "_is_held",
        "_is_torn",
        "_link",
        "_policy",
        "_queue",
        "_reason",
        "_streamer",
        "dropped",
        "is_ready",
        "peak",
        "senders",
        "streak",
        "streams",
        "taken",
        "write",
        "write_wire",
    )

    def __init__(self, config: ChannelConfig, connection: Connection, link: Closing) -> None:
        # Stored state
        self._capacity = config.capacity
        self._policy = config.on_overflow
        self._link = link
        self._connection = connection
        self._queue: deque[Entry] = NOTHING
        self.senders: deque[Parked] = NOTHING
        """Who waits for room, each with what is his."""
        self._flushes: list[Waiter[None]] = _NO_FLUSHES  # one of its own is made for the first
        self._is_held = False  # by who streams a message
        self._is_torn = False  # of his message, a part has left
        self._streamer: Waiter[None] | None = None  # the same, while the engine is not writable
        self.streams: tuple[CancelScope, ...] = ()
        """Of those who stream a message, or are about to."""
        self._reason: CloseReason | None = None
        self.streak: int = 0
        """How many sends in a row did not have to wait; whoever raises it to `BUDGET` owes a `breathe`."""
        self.taken: int = 0
        """How many frames were taken before this streak; see `sent`."""
        self.dropped = 0
        """How many frames gave way to others."""
        self.peak = 0
        """How many frames have waited at once, at most."""
        self.write: Callable[[int, str | bytes], object] = connection.write
        """Straight to the engine: only while `is_ready`."""
        self.write_wire: Callable[[bytes], object] | None = None
        """The same for frames as they travel; None until it is known that nothing has to be done to them."""
        # Computed state
        self.is_ready = True
        """Whether a data frame may be written this moment, past the queue."""

    @property
    def sent(self) -> int:
        """How many frames were taken, those that were dropped included."""
        return self.taken + self.streak

    @property
    def waiting(self) -> int:
        """How many frames wait here, those of parked senders included."""
        return len(self._queue) + len(self.senders)

    def check_open(self) -> None:
        """Raises `SessionClosedError` where nothing can be sent any more."""
        if self._reason is not None:
            raise SessionClosedError(self._reason)

    # Lining up

    def line_up(self, entry: Entry) -> None:
        """Take a place in the queue, capacity or not."""
        if self._queue is NOTHING:
            self._queue = deque()
        self._queue.append(entry)

    def wait_outside(self, parked: Parked) -> None:
        """Become one of the senders that wait for room."""
        if self.senders is NOTHING:
            self.senders = deque()
        self.senders.append(parked)

    def _enqueue(self, frame: Frame) -> bool:
        if self.senders or len(self._queue) >= self._capacity:
            if self._policy is ChannelOverflow.SUSPEND:
                return False
            self._overflow(frame)
        else:
            self.line_up(frame)
            self.peak = max(self.peak, len(self._queue))
        self.streak += 1  # it did not wait
        return True

    def _overflow(self, frame: Frame) -> None:
        """The queue is full, and its policy says what gives way."""
        if self._policy is ChannelOverflow.CLOSE:
            error = ChannelOverflowError("outgoing", self._capacity)
            self._link.outgoing_overflowed(error)
            raise error
        if self._policy is ChannelOverflow.DROP_LATEST:
            self.dropped += 1
            return
        lost = [index for index, entry in enumerate(self._queue) if isinstance(entry, Frame)]
        if self._policy is ChannelOverflow.DROP_OLDEST:
            del lost[1:]
        for index in reversed(lost):
            del self._queue[index]
        self.dropped += len(lost)
        self.line_up(frame)

    def _admit(self) -> None:
        """A place in the queue is free: the sender that waits longest gets it."""
        while self.senders:
            waiter, entry = self.senders.popleft()
            if not waiter.done():
                self.line_up(encoded(entry) if isinstance(entry, Frame) else entry)
                if isinstance(entry, Frame):
                    self.taken += 1
                    waiter.set_result(None)
                return

    # Leaving

    def pause(self) -> None:
        """What is sent from now on waits."""
        self.is_ready = False

    def pump(self) -> None:
        """Write what waits, for as long as the engine takes it."""
        connection, queue = self._connection, self._queue
        if self._streamer is not None and connection.is_writable:
            streamer, self._streamer = self._streamer, None
            settle(streamer)
        while queue and not self._is_held:
            entry = queue[0]
            if not connection.is_writable and (isinstance(entry, Frame) or entry.writes):
                return
            queue.popleft()
            if isinstance(entry, Frame):
                self._write(entry)
            else:
                entry.reached()
            self._admit()
        self.is_ready = self._may_pass()

    def _may_pass(self) -> bool:
        return self._reason is None and not self._queue and not self._is_held and self._connection.is_writable

    def _write(self, frame: Frame) -> None:
        self.write(frame.opcode, frame.payload)

    async def flush(self) -> None:
        """Wait until everything that was sent by now has been handed to the operating system, or cannot be any more."""
        waiter: Waiter[None] = new_waiter()
        self._flushes = [*self._flushes, waiter]
        mark = Mark(lambda: self._connection.on_flushed(lambda: settle(waiter)), lambda: settle(waiter))
        self.line_up(mark)
        self.pump()
        try:
            await waiter
        except BaseException:
            discard(self._queue, mark)
            raise
        finally:
            self._flushes = [other for other in self._flushes if other is not waiter] or _NO_FLUSHES

    # Ending

    def end(self, reason: CloseReason, then: Callable[[], object] | None) -> None:
        """Refuse what is sent from now on. What is queued leaves, then `then` is called; without it, the queue is
        dropped. Nothing can follow half a message but `then`.
        """
        self._reason = self._reason or reason
        self.is_ready = False
        senders, self.senders = self.senders, NOTHING
        for waiter, _ in senders:
            if not waiter.done():
                waiter.set_exception(SessionClosedError(self._reason))
        if then is None or self._is_torn:
            self._drop_queue()
        self._end_streaming()
        if then is not None:
            self.line_up(Mark(then, _nothing))
            self.pump()

    def _end_streaming(self) -> None:
        self._is_held = self._is_torn = False
        for scope in self.streams:
            scope.cancel()
        streamer, self._streamer = self._streamer, None
        if streamer is not None:
            settle(streamer)

    def drop(self) -> None:
        """Nothing more can leave."""
        self._drop_queue()
        for waiter in self._flushes:
            settle(waiter)

    def let_go(self) -> None:
        """Nobody has to be told anything any more."""
        self._link = NOBODY
        self.write = self._connection.write

    def _drop_queue(self) -> None:
        entries = list(self._queue)
        if entries:
            self._queue.clear()
        for entry in entries:
            if isinstance(entry, Mark):
                entry.passed_over()


def _nothing() -> None:
    """Last words that nobody hears any more."""
