"""`Incoming`: the receiving end of a session, which knows who reads it and how full it is."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from types import CoroutineType
from typing import Any, Final, Protocol

from flowws._core import BUDGET, CancellationError, Job, Waiter, current_job
from flowws.channels import Channel, ChannelResult, ClosedReceiveChannelError

from .._channels_config import ChannelConfig
from .._errors import ChannelOverflowError
from .._frame import PLAIN, TEXT, Frame, TextFrame
from .._overflow import ChannelOverflow
from ..engines import Connection, HandOver, hand_over_soon
from ._nobody import NOBODY
from ._outgoing_queue import NOTHING

_NOBODY: Final = object()
_new: Final = object.__new__


class Taking(Protocol):
    """Who takes what does not simply come in."""

    def frame_received(self, opcode: int, payload: bytes, fin: bool, rsv: int, /) -> None: ...

    def incoming_overflowed(self, error: Exception, /) -> None: ...


class Incoming(Channel[Frame]):
    """A channel that never refuses a frame, and stops the engine's reading instead.

    ::

        engine -> deliver -> [ frames, about `capacity` ] -> receive -> a job, noted in `readers`

        reading is paused   <=>   the channel reached its capacity and has not been drained to half of it since

    What the engine had parsed when reading was paused comes in all the same: it is kept, in order, beyond the
    capacity. Users see a `ReceiveChannel`. The queue's own limit is not used, because a callback cannot wait. With
    another policy than SUSPEND reading is never paused, and a full channel gives frames up, or the session.
    """

    __slots__ = (
        "_connection",
        "_held_back",
        "_high",
        "_last_reader",
        "_link",
        "_low",
        "_over",
        "_paused",
        "_policy",
        "dropped",
        "peak",
        "readers",
        "received",
        "takes_whole",
    )

    def __init__(self, config: ChannelConfig, connection: Connection, link: Taking) -> None:
        super().__init__(Channel.UNLIMITED)
        self._buffer = NOTHING
        self._receivers = deque()  # `__anext__` finds it made
        self._link = link
        self.takes_whole = True
        """Whether a whole message may come now: the session is open, and no fragmented one is under way."""
        self._connection = connection
        self._policy = config.on_overflow
        self._high = config.capacity
        self._low = config.capacity // 2
        self._new_waiter = connection.new_waiter
        self._over = False  # closed or cancelled
        self._paused = False
        self._held_back = False  # since `was_held_back` was last asked
        self._last_reader: object = _NOBODY
        self.readers: set[Job] = set()
        """The jobs that have ever received here; of those that are over, some are forgotten."""
        self.received = 0
        """How many frames have come, those that were dropped included."""
        self.dropped = 0
        """How many frames gave way to others."""
        self.peak = 0
        """How many frames have waited at once, at most."""

    # Every message goes through `text_received` and `__anext__`: each is one call instead of the four of `Channel`,
    # whose queues they share. benchmarks/bench_echo.py pays for it.

    def text_received(self, text: str, hand_over: HandOver = hand_over_soon, /) -> None:
        """Take a whole text from the engine, unless this is no time for one: then it goes to the link."""
        if not self.takes_whole:
            self._link.frame_received(TEXT, text.encode(), True, 0)
            return
        frame = _new(TextFrame)
        frame.payload = text
        frame.bits = PLAIN
        receivers = self._receivers
        if receivers:
            receiver = receivers.popleft()
            if not receiver.done():
                self.received += 1
                hand_over(receiver, frame)
                return
        self.deliver(frame)

    def deliver(self, frame: Frame) -> None:
        """Take a frame from the engine. One that comes after the end goes nowhere."""
        self.received += 1
        receivers = self._receivers
        while receivers:
            receiver = receivers.popleft()
            if not receiver.done():
                receiver.set_result(frame)
                return
        if not self._over:
            if self._buffer is NOTHING:
                self._buffer = deque()
            self._buffer.append(frame)
            waiting = len(self._buffer)
            if waiting > self.peak:
                self.peak = waiting
            if waiting >= self._high:
                self._full()

    def _full(self) -> None:
        """There is no room for another frame; where reading cannot be paused, even for the last one."""
        if self._policy is ChannelOverflow.SUSPEND:
            if not self._paused:
                self._paused = self._held_back = True
                self._connection.pause_reading()
        elif len(self._buffer) > self._high:
            self.peak = min(self.peak, self._high)
            self._give_way()

    def _give_way(self) -> None:
        if self._policy is ChannelOverflow.DROP_OLDEST:
            self._buffer.popleft()
            self.dropped += 1
        elif self._policy is ChannelOverflow.CONFLATE:
            newest = self._buffer.pop()
            self.dropped += len(self._buffer)
            self._buffer.clear()
            self._buffer.append(newest)
        else:
            self._buffer.pop()
            self.dropped += 1
            if self._policy is ChannelOverflow.CLOSE:
                self._link.incoming_overflowed(ChannelOverflowError("incoming", self._high))

    async def __anext__(self, end: Callable[[], Exception] = StopAsyncIteration) -> Frame:
        reader = current_job()
        if reader is not self._last_reader:
            self._note(reader)
        if self._paused:
            self._before_taking()
        if self._buffer:
            self._streak += 1
            if self._streak >= BUDGET:
                await self._breathe()
            if self._buffer:  # nobody else has taken it during the checkpoint
                return self._buffer.popleft()
        if self._over:
            raise self._receive_error() or end()
        self._streak = 0
        self._put_back_so_far = (0, 0)  # as in `_queue_of_receivers`
        waiter = self._new_waiter()
        self._receivers.append(waiter)
        try:
            frame: object = await waiter
        except BaseException:
            self._leave(waiter)
            raise
        if isinstance(frame, Frame):
            return frame
        if self._buffer:  # what else a parked receiver is handed is the end; since, another one gave his frame back
            return self._buffer.popleft()
        raise self._receive_error() or end()

    def _leave(self, waiter: Waiter[Frame]) -> None:
        """A parked receiver was cancelled. What it was handed, it gives to the next one."""
        if waiter.done() and not waiter.cancelled():
            self._give_back(waiter.result())
        elif waiter in self._receivers:
            self._receivers.remove(waiter)

    def _put_back(self, element: Frame) -> None:
        if self._buffer is NOTHING:
            self._buffer = deque()
        super()._put_back(element)

    @property
    def waiting(self) -> int:
        """How many frames nobody has received yet."""
        return len(self._buffer)

    @property
    def is_paused(self) -> bool:
        """Whether reading is held back because nobody takes the frames."""
        return self._paused

    def was_held_back(self) -> bool:
        """Whether it is, or has been since this was last asked."""
        was, self._held_back = self._held_back, self._paused
        return was

    def close(self, cause: BaseException | None = None) -> bool:
        """No more frames. What is here may still be received; then `cause` is raised, or iteration just ends."""
        self._over = True
        self._resume()
        return super().close(cause)

    def let_go(self) -> None:
        """Nothing comes any more, and nobody has to be told."""
        self._link = NOBODY

    # Receiving: each way of it notes the reader and lets the engine read on. What an `async def` gives is a Coroutine
    # to mypy and a CoroutineType to pyright; it must be both in order to stand for the method of `Channel`.

    def receive(self) -> CoroutineType[Any, Any, Frame]:
        return self.__anext__(_drained)  # type: ignore[return-value]  # as above

    async def receive_catching(self) -> ChannelResult[Frame]:
        try:
            return ChannelResult.success(await self.__anext__(_drained))
        except Exception as end:
            if not self._over or (end is not self._receive_error() and not isinstance(end, ClosedReceiveChannelError)):
                raise
            return ChannelResult.closed(self._receive_error())

    def _poll(self) -> Any:
        self._note(current_job())
        self._before_taking()
        return super()._poll()

    def try_receive(self) -> ChannelResult[Frame]:
        self._note(current_job())
        self._before_taking()
        return super().try_receive()

    def cancel(self, cause: CancellationError | None = None) -> None:
        self._over = True
        if self._buffer is NOTHING:
            self._buffer = deque()
        super().cancel(cause)
        self._resume()

    def _note(self, reader: Job | None) -> None:
        self._last_reader = reader
        if reader is not None and reader not in self.readers:
            self.readers = {job for job in self.readers if not job.is_completed}
            self.readers.add(reader)

    def _before_taking(self) -> None:
        if self._paused and len(self._buffer) <= self._low + 1:  # the one that is taken now included
            self._resume()

    def _resume(self) -> None:
        if self._paused:
            self._paused = False
            self._connection.resume_reading()

    def __repr__(self) -> str:
        state = "open" if not self.is_closed_for_send else "closed"
        return f"<Incoming {state}, {len(self._buffer)} frames waiting>"


def _drained() -> ClosedReceiveChannelError:
    return ClosedReceiveChannelError("the session is closed, and every message was received")
