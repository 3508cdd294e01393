"""`Link`: the half of a session that faces the wire: frames in and out, and the closing handshake."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from flowws._core import to_seconds

from ._assembler import Assembler
from ._close_reason import CloseReason, Codes
from ._config import WebSockets
from ._errors import FrameTooBigError, PingTimeoutError, ProtocolViolationError
from ._frame import CLOSE, PING, PONG
from ._incoming import Incoming
from ._outgoing import Outgoing
from ._pinger import Pinger
from .engines import Connection, Timer

_CONTROL: Final = 0x8  # opcodes from here on are of control frames


class Link:
    """One connection, from the handshake to the end.

    ::

                   peer's Close, our close(), a violation, a ping timeout, connection lost
        OPEN -------------------------------------------------------------------------------> CLOSING --------> GONE
         frames -> incoming        `reason` is decided, once; `incoming` ends, `outgoing`      connection lost
         outgoing -> frames        refuses; our Close leaves behind what is queued; one
                                   deadline for all of it, then the connection is cut

    RFC 6455, section 7.1.1: when both Close frames have passed, the server ends the TCP connection and the client
    waits for it.
    """

    __slots__ = (
        "_assembler",
        "_close_received",
        "_close_sent",
        "_close_timeout",
        "_connection",
        "_deadline",
        "_eof",
        "_is_client",
        "_limit",
        "_on_closed",
        "_on_gone",
        "_pinger",
        "incoming",
        "is_gone",
        "outgoing",
        "reason",
        "text_received",
    )

    def __init__(
        self,
        connection: Connection,
        config: WebSockets,
        *,
        is_client: bool,
        on_closed: Callable[[CloseReason], object],
        on_gone: Callable[[], object],
    ) -> None:
        # Stored state
        self._connection = connection
        self._on_closed = on_closed  # the session is closed: called once, with the first and only reason
        self._on_gone = on_gone  # the connection is over: the last call
        self._is_client = is_client
        self._limit = config.max_frame_size
        self._close_timeout = to_seconds(config.close_timeout, "close_timeout")
        self._assembler: Assembler | None = None  # made for the first message that is no whole text
        self._close_sent = False
        self._close_received = False
        self._eof = False  # the peer sends nothing more
        self._deadline: Timer | None = None
        self._pinger: Pinger | None = None
        self.reason: CloseReason | None = None
        """Why the session is closed; None while it is open."""
        self.is_gone = False
        """Whether the connection is over."""
        self.incoming = Incoming(config.channels.incoming.capacity, connection, self.frame_received)
        self.text_received = self.incoming.text_received
        """Where most frames go, past everything here."""
        self.outgoing = Outgoing(config.channels.outgoing.capacity, connection, self.close)
        if config.ping_interval is not None:
            self._pinger = Pinger(
                connection,
                to_seconds(config.ping_interval, "ping_interval"),
                to_seconds(config.timeout, "timeout"),
                config.liveness,
                is_held_back=self._is_held_back,
                on_timeout=self._ping_timeout,
            )

    # Frames (the calls of `Endpoint`)

    def frame_received(self, opcode: int, payload: bytes, fin: bool, rsv: int) -> None:
        """Take a frame of the peer."""
        try:
            if self.reason is not None:
                self._after_the_end(opcode)
            elif opcode >= _CONTROL:
                self._control(opcode, payload, rsv)
            else:
                self._assemble(opcode, payload, fin, rsv)
        except ProtocolViolationError as error:
            self._fail(error.code, error)
        except FrameTooBigError as error:
            self._fail(Codes.TOO_BIG, error)

    def _assemble(self, opcode: int, payload: bytes, fin: bool, rsv: int) -> None:
        if self._assembler is None:
            self._assembler = Assembler(self._limit)
        message = self._assembler.add(opcode, payload, fin, rsv)
        self.incoming.takes_whole = message is not None
        if message is not None:
            self.incoming.deliver(message)

    def _control(self, opcode: int, payload: bytes, rsv: int) -> None:
        if rsv:
            raise ProtocolViolationError("a reserved bit without an extension that uses it")
        if opcode == PING:
            self._connection.write(PONG, payload)
        elif opcode == PONG:
            if self._pinger is not None:
                self._pinger.pong_received(payload)
        elif opcode == CLOSE:
            self._close_received = True
            said = CloseReason.from_payload(payload)
            answer = CloseReason(Codes.NORMAL) if said is None else said
            self._decide(CloseReason(Codes.NO_STATUS, by="peer") if said is None else said, answer)

    # Closing

    def close(self, reason: CloseReason) -> None:
        """Close from this side. The first reason wins."""
        if self.reason is None:
            self._decide(reason, reason)

    def _fail(self, code: int, error: Exception) -> None:
        """A violation of the peer: nothing that is queued leaves any more, and `receive` raises."""
        reason = CloseReason.cut(code, str(error), cause=error)
        self._decide(reason, reason, error, drop=True)

    def failed(self, code: int, message: str) -> None:
        """The engine has failed the connection, and has sent this."""
        if self.reason is not None:
            return
        self._close_sent = True
        error = FrameTooBigError(self._limit) if code == Codes.TOO_BIG else ProtocolViolationError(message, code=code)
        self._decide(CloseReason.cut(code, message, cause=error), None, error)

    def _ping_timeout(self) -> None:
        assert self._pinger is not None  # it calls
        error = PingTimeoutError(self._pinger.timeout)
        reason = CloseReason(Codes.INTERNAL_ERROR, "Ping timeout", cause=error)
        self._decide(reason, reason, error, drop=True)
        self._connection.abort()

    def connection_lost(self, cause: BaseException | None) -> None:
        """The connection is over."""
        if self.is_gone:
            return
        self.is_gone = True
        if self.reason is None:
            lost = CloseReason(Codes.CLOSED_ABNORMALLY, "the connection was lost", by="network", cause=cause)
            self._decide(lost, None)
        self.outgoing.drop()
        if self._deadline is not None:
            self._deadline.cancel()
        self._on_gone()

    def _decide(
        self, reason: CloseReason, wire: CloseReason | None, error: Exception | None = None, *, drop: bool = False
    ) -> None:
        """The one place where a session becomes closed. `wire` is what our Close frame is to say, if one is to be
        sent.
        """
        self.reason = reason
        self._assembler = None
        self.incoming.takes_whole = False
        if self._pinger is not None:
            self._pinger.stop()
        if not self.is_gone:
            self._deadline = self._connection.call_later(self._close_timeout, self._connection.abort)
        self.incoming.close(error)
        if wire is None or drop:
            self.outgoing.end(reason, None)
        else:
            self.outgoing.end(reason, self._sender_of(wire))
        if wire is not None and drop:
            self._sender_of(wire)()
        self._on_closed(reason)

    def _sender_of(self, reason: CloseReason) -> Callable[[], None]:
        def send() -> None:
            self._connection.write_close(reason.code, reason.message)
            self._close_sent = True
            self._end_if_both()

        return send

    def _after_the_end(self, opcode: int) -> None:
        if opcode == CLOSE:
            self._close_received = True
            self._end_if_both()

    def _end_if_both(self) -> None:
        if self._close_sent and self._close_received and (self._eof or not self._is_client):
            self._connection.close()

    def eof_received(self) -> None:
        """The peer sends nothing more. What we still have to say after its Close frame can go out, all else is over."""
        self._eof = True
        if self._close_received:
            self._end_if_both()
        else:
            self._connection.abort()

    # The engine's other news

    def writing_paused(self) -> None:
        """What is sent from now on is queued."""
        self.outgoing.pause()

    def writing_resumed(self) -> None:
        """What is queued can leave."""
        if self._pinger is not None:
            self._pinger.writing_resumed()
        self.outgoing.pump()

    def abort(self) -> None:
        """Cut the connection."""
        self._connection.abort()

    def later(self, delay: float, call: Callable[[], object]) -> Timer:
        """Make a call on this loop after some seconds."""
        return self._connection.call_later(delay, call)

    def _is_held_back(self) -> bool:
        return self.incoming.is_paused
