"""`RawLink`: shows each frame, and answers nothing."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from itertools import chain

from flowws._core import IllegalStateError

from .._close_reason import CloseReason, Codes, checked_payload
from .._config import WebSockets
from .._errors import ProtocolViolationError
from .._frame import (
    CLOSE,
    CONTINUATION,
    PING,
    PLAIN,
    PONG,
    TEXT,
    CloseFrame,
    Frame,
    PingFrame,
    PongFrame,
    received_binary,
    undecoded_text,
)
from ..engines import Connection
from ._link import Link
from ._outgoing import Outgoing
from ._outgoing_queue import Entry


class RawLink(Link):
    """The link of a raw session: the closing handshake is its user's affair.

    ::

        peer's Close frame   ->  incoming gives it out, and ends
        our Close frame      ->  outgoing refuses what is sent behind it
        close(reason)        ->  what is queued leaves, then a Close frame unless one has left; the connection ends
        the handler returns  ->  what is queued leaves; the connection ends
    """

    __slots__ = ("_close_received", "_close_sent", "_eof", "_kind", "_said")

    def _make_outgoing(self, config: WebSockets) -> Outgoing:
        # Stored state, of which there must be some before frames can come.
        self._close_received = False
        self._close_sent = False
        self._eof = False  # the peer sends nothing more
        self._said: CloseReason | None = None  # by the first Close frame that went either way
        self._kind: int | None = None  # of the fragmented message that is arriving
        return RawOutgoing(config, self._connection, self)

    # Frames

    def frame_received(self, opcode: int, payload: bytes, fin: bool, rsv: int) -> None:
        """Take a frame of the peer."""
        if self.reason is not None or self._close_received:
            return
        try:
            if opcode == CLOSE:
                self._heard_close(payload)
            else:
                self.incoming.deliver(self._frame(opcode, payload, fin, rsv))
        except ProtocolViolationError as error:
            self._fail(error.code, error)

    def _frame(self, opcode: int, payload: bytes, fin: bool, rsv: int) -> Frame:
        if opcode == PING:
            return PingFrame(payload)
        if opcode == PONG:
            return PongFrame(payload)
        kind = self._kind_of(opcode)
        self._kind = None if fin else kind
        self.incoming.takes_whole = fin
        make = undecoded_text if kind == TEXT else received_binary
        return make(payload, rsv, fin=fin)

    def _kind_of(self, opcode: int) -> int:
        """Text or binary: a continuation is what its message is."""
        if opcode != CONTINUATION:
            if self._kind is not None:
                raise ProtocolViolationError("a new message inside a fragmented one")
            return opcode
        if self._kind is None:
            raise ProtocolViolationError("a continuation of nothing")
        return self._kind

    def _heard_close(self, payload: bytes) -> None:
        said = CloseReason.from_payload(payload)
        self._close_received = True
        self._said = self._said or said or CloseReason(Codes.NO_STATUS, by="peer")
        self.incoming.takes_whole = False
        self.incoming.deliver(CloseFrame(payload))
        self.incoming.close()

    def say_close(self, frame: CloseFrame) -> None:
        """Send a Close frame behind what is queued, and nothing behind that."""
        self._said = self._said or checked_payload(frame.data)

        def send() -> None:
            self._connection.write_frame(CLOSE, frame.data, fin=True, rsv=0)
            self._close_sent = True
            if self._eof:
                self._connection.close()

        self.outgoing.end(self._said, send)

    # Closing

    def close(self, reason: CloseReason) -> None:
        if self.reason is None:
            self._decide(self._said or reason, self._last_words(reason))

    def finish(self) -> None:
        if self.reason is None:
            silent = CloseReason(Codes.CLOSED_ABNORMALLY, "the connection was ended by this side")
            self._decide(self._said or silent, self._connection.close)

    def _fail(self, code: int, error: Exception) -> None:
        reason = self._passed or CloseReason.cut(code, str(error), cause=error)
        self._decide(reason, self._last_words(reason), error, drop=True)

    def incoming_overflowed(self, error: Exception) -> None:
        reason = self._overflow_reason(error)
        self._decide(self._said or reason, self._last_words(reason), error)

    def _last_words(self, reason: CloseReason) -> Callable[[], None]:
        def say() -> None:
            if not self._close_sent:
                self._connection.write_close(reason.code, reason.message)
            self._connection.close()

        return say

    def eof_received(self) -> None:
        """The peer sends nothing more. After its Close frame, ours may still leave; all else is over."""
        self._eof = True
        if self._close_received and self._close_sent:
            self._connection.close()
        elif self._close_received:
            self._start_deadline()
        else:
            self._connection.abort()

    def _lost(self, cause: BaseException | None) -> CloseReason:
        return self._passed or super()._lost(cause)

    @property
    def _passed(self) -> CloseReason | None:
        """What the first Close frame said, if that is not one of ours that has not left."""
        return self._said if self._close_sent or self._close_received else None


class RawOutgoing(Outgoing):
    """Sends fragments, reserved bits and Close frames as they are.

    The opcodes are looked after: what follows a fragment goes out as its continuation.
    """

    __slots__ = ("_say_close", "_written_kind")

    def __init__(self, config: WebSockets, connection: Connection, link: RawLink) -> None:
        super().__init__(config.channels.outgoing, connection, link)
        self._say_close: Callable[[CloseFrame], object] = link.say_close
        self._written_kind: int | None = None  # of the fragmented message whose frames are being written

    def _check(self, frame: Frame) -> None:
        if frame.is_control:
            return
        if (mixed := _mixed(frame, self._taken_kind)) is not None:
            raise mixed

    @property
    def _taken_kind(self) -> int | None:
        """The kind of the fragmented message that the last frame in line leaves open. It is looked up and not kept: who
        waits with a frame may give up.
        """
        waiting = (entry for waiter, entry in reversed(self.senders) if not waiter.done())
        return self._kind_behind(chain(waiting, reversed(self._queue)))

    def _kind_behind(self, entries: Iterable[Entry]) -> int | None:
        """The same for these, the last one first."""
        last = next((entry for entry in entries if isinstance(entry, Frame)), None)
        if last is None:
            return self._written_kind
        return None if last.fin else last.opcode

    def _admit(self) -> None:
        """Whoever waited with the end of a message may have given up; who wanted to follow it cannot go on."""
        while self.senders:
            waiter, entry = self.senders[0]
            if not waiter.done():
                mixed = _mixed(entry, self._kind_behind(reversed(self._queue))) if isinstance(entry, Frame) else None
                if mixed is None:
                    break
                waiter.set_exception(mixed)
            self.senders.popleft()
        super()._admit()

    def check_streaming(self) -> None:
        if self._taken_kind is not None:
            raise IllegalStateError("a message cannot be streamed inside a fragmented one")

    def _put_control(self, frame: Frame) -> None:
        if isinstance(frame, CloseFrame):
            self._say_close(frame)
        else:
            super()._put_control(frame)

    def _enqueue(self, frame: Frame) -> bool:
        if not self._queue and not self.senders and not self._is_held and self._connection.is_writable:
            self.streak += 1
            self._write(frame)
            return True
        return super()._enqueue(frame)

    def _write(self, frame: Frame) -> None:
        opcode = frame.opcode if self._written_kind is None else CONTINUATION
        self._written_kind = None if frame.fin else frame.opcode
        if frame.bits == PLAIN and opcode != CONTINUATION:
            self._connection.write(opcode, frame.payload)
        else:
            self._connection.write_frame(opcode, frame.data, fin=frame.fin, rsv=frame.bits & ~PLAIN)
        self.is_ready = self._may_pass()

    def let_go(self) -> None:
        super().let_go()
        self._say_close = _nothing

    def _may_pass(self) -> bool:
        return self._written_kind is None and super()._may_pass()


def _nothing(_: CloseFrame) -> None:
    """What is said once the connection is over."""


def _mixed(frame: Frame, kind: int | None) -> IllegalStateError | None:
    """What is wrong with this frame behind a fragment of that kind; None as a kind: behind a whole message."""
    if kind in (None, frame.opcode):
        return None
    return IllegalStateError(f"{frame!r} inside a fragmented message of the other kind")
