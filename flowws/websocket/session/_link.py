"""`Link`: the half of a session that faces the wire."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import Final, Protocol

from flowws._core import to_seconds

from .._close_reason import CloseReason, Codes
from .._config import WebSockets
from .._errors import FrameTooBigError, ProtocolViolationError
from ..engines import Connection, TextReceived, Timer
from ._incoming import Incoming
from ._nobody import NOBODY
from ._outgoing import Outgoing

CONTROL: Final = 0x8
"""Opcodes from here on are of control frames."""


class Owner(Protocol):
    """Who is told what becomes of the connection: the session."""

    def _closed(self, reason: CloseReason, /) -> None:
        """The session is closed: called once, with the first and only reason."""

    def _gone(self) -> None:
        """The connection is over: the last call."""


class Link(ABC):
    """One connection, from the handshake to the end.

    ::

                   Close frames, our close(), a violation, a ping timeout, connection lost
        OPEN ---------------------------------------------------------------------------> CLOSING --------> GONE
         frames -> incoming        `reason` is decided, once; `incoming` ends, `outgoing`  connection lost
         outgoing -> frames        refuses; what is queued leaves, then our last words;
                                   one deadline for all of it, then the connection is cut

    `DefaultLink` makes messages of frames and shakes hands at the end; `RawLink` shows the frames.
    """

    __slots__ = (
        "_close_timeout",
        "_connection",
        "_deadline",
        "_is_client",
        "_limit",
        "_masking",
        "_owner",
        "incoming",
        "is_gone",
        "outgoing",
        "reason",
    )

    def __init__(self, connection: Connection, config: WebSockets, owner: Owner, *, is_client: bool) -> None:
        # Stored state
        self._connection = connection
        self._owner = owner
        self._is_client = is_client
        self._masking = is_client or config.masking
        self._limit = config.max_frame_size
        self._close_timeout = to_seconds(config.close_timeout, "close_timeout")
        self._deadline: Timer | None = None
        self.reason: CloseReason | None = None
        """Why the session is closed; None while it is open."""
        self.is_gone = False
        """Whether the connection is over."""
        self.incoming = Incoming(config.channels.incoming, connection, self)
        self.outgoing = self._make_outgoing(config)
        connection.limit_frames(config.max_frame_size)
        if config.masking and not is_client:
            connection.set_masking(True)

    @abstractmethod
    def _make_outgoing(self, config: WebSockets) -> Outgoing: ...

    @property
    def is_stalled(self) -> bool:
        """Whether the session is open, and the network takes nothing."""
        return self.reason is None and not self._connection.is_writable

    # What may be set while the session is open

    @property
    def max_frame_size(self) -> int:
        """How many bytes a frame, or the fragments of a message together, may have."""
        return self._limit

    @max_frame_size.setter
    def max_frame_size(self, size: int) -> None:
        self._connection.limit_frames(size)
        self._limit = size
        self._limit_messages(size)

    def _limit_messages(self, size: int) -> None:  # noqa: B027 - no duty of each kind
        """Tell whoever else looks at sizes."""

    @property
    def masking(self) -> bool:
        """Whether our frames are masked."""
        return self._masking

    @masking.setter
    def masking(self, on: bool) -> None:
        if self._is_client and not on:
            raise ValueError("masking=False: a client masks its frames (RFC 6455, section 5.1)")
        self._connection.set_masking(on)
        self._masking = on
        self.outgoing.write_wire = None

    # Closing

    @abstractmethod
    def close(self, reason: CloseReason) -> None:
        """Close from this side. The first reason wins."""

    @abstractmethod
    def finish(self) -> None:
        """The handler, or the client's block, is done."""

    @abstractmethod
    def _fail(self, code: int, error: Exception) -> None:
        """Close because of what the peer did: `receive` raises the error."""

    def abort(self) -> None:
        """Cut the connection."""
        self._connection.abort()

    def terminate(self) -> None:
        """End the connection without another word."""
        if self.reason is None:
            self._decide(CloseReason(Codes.CLOSED_ABNORMALLY, "the connection was cut by this side"), None)
        self._connection.abort()

    @abstractmethod
    def incoming_overflowed(self, error: Exception) -> None:
        """Our queue, which must not, has: close, and let `receive` raise the error behind what is there."""

    def outgoing_overflowed(self, error: Exception) -> None:
        """The same, for what the peer does not take."""
        self.close(self._overflow_reason(error))

    @staticmethod
    def _overflow_reason(error: Exception) -> CloseReason:
        return CloseReason(Codes.VIOLATED_POLICY, "messages come faster than they are taken", cause=error)

    def _decide(
        self,
        reason: CloseReason,
        then: Callable[[], object] | None,
        error: Exception | None = None,
        *,
        drop: bool = False,
    ) -> None:
        """The one place where a session becomes closed. `then` says our last words, once all that is queued has left;
        without any, or to `drop` it, nothing that is queued leaves any more. `error` is for who receives.
        """
        self.reason = reason
        self.incoming.takes_whole = False
        if not self.is_gone:
            self._start_deadline()
        self.incoming.close(error)
        self.outgoing.end(reason, None if drop else then)
        if drop and then is not None:
            then()
        self._on_end(reason)
        self._owner._closed(reason)

    def _on_end(self, reason: CloseReason) -> None:  # noqa: B027 - as above
        """Let go of what only an open session needs."""

    def _start_deadline(self) -> None:
        if self._deadline is None:
            self._deadline = self._connection.call_later(self._close_timeout, self._connection.abort)

    # Frames and news (the calls of `Endpoint`)

    @property
    def text_received(self) -> TextReceived:
        """Where most frames go, past everything here."""
        return self.incoming.text_received

    @abstractmethod
    def frame_received(self, opcode: int, payload: bytes, fin: bool, rsv: int) -> None:
        """Take a frame of the peer."""

    @abstractmethod
    def eof_received(self) -> None:
        """The peer sends nothing more."""

    def failed(self, code: int, message: str) -> None:
        """The engine has failed the connection, and has sent this."""
        if self.reason is not None:
            return
        error = FrameTooBigError(self._limit) if code == Codes.TOO_BIG else ProtocolViolationError(message, code=code)
        self._decide(CloseReason.cut(code, message, cause=error), None, error)

    def connection_lost(self, cause: BaseException | None) -> None:
        """The connection is over."""
        if self.is_gone:
            return
        self.is_gone = True
        if self.reason is None:
            self._decide(self._lost(cause), None)
        self.outgoing.drop()
        if self._deadline is not None:
            self._deadline.cancel()
        self._owner._gone()
        self._let_go()

    def _let_go(self) -> None:
        """Nobody is told anything any more. A session that is over leaves no circle, which the garbage collector would
        have to find: benchmarks/bench_session.py.
        """
        self._owner = NOBODY
        self.incoming.let_go()
        self.outgoing.let_go()

    def _lost(self, cause: BaseException | None) -> CloseReason:
        return CloseReason(Codes.CLOSED_ABNORMALLY, "the connection was lost", by="network", cause=cause)

    def writing_paused(self) -> None:
        """What is sent from now on is queued."""
        self.outgoing.pause()

    def writing_resumed(self) -> None:
        """What is queued can leave."""
        self.outgoing.pump()

    def later(self, delay: float, call: Callable[[], object]) -> Timer:
        """Make a call on this loop after some seconds."""
        return self._connection.call_later(delay, call)
