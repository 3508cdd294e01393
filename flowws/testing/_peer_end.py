"""`PeerEnd`: a peer's end of the line: bytes in and out, frames made of them, and what a polite client answers."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from typing import Any, Final

import anyio

from flowws._core import Waiter, new_waiter
from flowws.websocket import CloseReason, Frame
from flowws.websocket.engines import FrameReader, LineEnd, ViolationError, WireFrame, frame_bytes

_CONTROL: Final[dict[int, Any]] = {kind.opcode: kind for kind in (Frame.Ping, Frame.Pong, Frame.Close)}


class Over:
    """The connection is over."""

    def __init__(self, cause: BaseException | None) -> None:
        cause = EOFError("the server ended the connection") if cause is None else cause
        self.reason = CloseReason(1006, "the connection ended without a Close frame", by="network", cause=cause)

    def __repr__(self) -> str:
        return f"the end of the connection, {self.reason.cause!r},"


class PeerEnd:
    """What has arrived at a peer, in order.

    ::

        the line -- bytes --> frames --+-- raw ----------------------------------------------> news
                                       +-- fragments -- put together --> a message ----------> news
                                       +-- a ping -- answered
                                       +-- a Close frame -- answered ------------------------> news

    """

    def __init__(self, end: LineEnd, *, raw: bool) -> None:
        # Stored state
        self._end = end
        self._raw = raw
        self._frames = FrameReader(masked=False, max_size=2**62)
        self._parts: list[Frame] = []  # of the message that is arriving in fragments
        self._kind: Any = Frame.Binary  # of that message
        self._waiters: list[Waiter[None]] = []
        self.news: deque[Frame | Over] = deque()
        """What has arrived, and nobody has taken."""
        self.over: Over | None = None
        """The end of the connection, once it has come."""
        self.close_sent = False
        """Whether the peer has said its Close."""
        end.belongs_to(self)
        end.read(True)

    # Out

    @property
    def has_room(self) -> bool:
        """Whether the server takes what is sent."""
        return self._end.has_room

    def write(self, data: bytes) -> None:
        """Put bytes on the wire."""
        self._end.write(data)

    def write_frame(self, opcode: int, payload: bytes) -> None:
        """Put a whole frame on the wire."""
        self.write(frame_bytes(opcode, payload, masked=True))

    def hang_up(self) -> None:
        """End the connection."""
        self._end.abort()

    # In

    async def until(self, is_so: Callable[[], bool], seconds: float) -> None:
        """Wait until something is so that the line tells of, or the time is over."""
        with anyio.move_on_after(seconds):
            while not is_so():
                waiter: Waiter[None] = new_waiter()
                self._waiters.append(waiter)
                await waiter

    def _wake(self) -> None:
        waiters, self._waiters = self._waiters, []
        for waiter in waiters:
            if not waiter.done():
                waiter.set_result(None)

    def _add(self, news: Frame | Over) -> None:
        self.news.append(news)
        self._wake()

    def _take(self, frame: Frame) -> None:
        if self._raw:
            self._add(frame)
        elif isinstance(frame, Frame.Ping):
            self.write_frame(Frame.Pong.opcode, frame.data)
        elif isinstance(frame, Frame.Close):
            if not self.close_sent:
                self.close_sent = True
                self.write_frame(Frame.Close.opcode, frame.data)
            self._add(frame)
        elif not frame.is_control:
            self._parts.append(frame)
            if frame.fin:
                parts, self._parts = self._parts, []
                self._add(_whole(parts))

    def _frame_of(self, wire: WireFrame) -> Frame:
        """A continuation is shown as what it continues."""
        if wire.opcode in _CONTROL:
            control: Frame = _CONTROL[wire.opcode](bytes(wire.data))
            return control
        if wire.opcode:
            self._kind = Frame.Text if wire.opcode == Frame.Text.opcode else Frame.Binary
        frame: Frame = self._kind(bytes(wire.data), fin=wire.fin, rsv1=wire.rsv1, rsv2=wire.rsv2, rsv3=wire.rsv3)
        return frame

    # What the line tells

    def received(self, data: bytes) -> None:
        """Bytes have arrived."""
        self._frames.feed(data)
        try:
            while (frame := self._frames.next_frame()) is not None:
                self._take(self._frame_of(frame))
        except ViolationError as error:
            self.hang_up()
            self.lost(AssertionError(f"the server broke the protocol: {error.message}"))

    def ended(self) -> None:
        """The server sends nothing more."""
        self._end.close()

    def room_changed(self, has_room: bool) -> None:
        """Whether the server takes what is sent."""
        self._wake()

    def lost(self, cause: BaseException | None) -> None:
        """The connection is over."""
        if self.over is None:
            self.over = Over(cause)
            self._add(self.over)


def _whole(parts: list[Frame]) -> Frame:
    first = parts[0]
    kind: Any = type(first)
    data = b"".join(part.data for part in parts)
    whole: Frame = kind(data, rsv1=first.rsv1, rsv2=first.rsv2, rsv3=first.rsv3)
    return whole
