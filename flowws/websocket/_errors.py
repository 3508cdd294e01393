"""The errors of the WebSocket floor.

Exception
 +-- flowws.channels.ClosedSendChannelError
 |    +-- SessionClosedError             sent into a session that is closed: a normal departure
 +-- ConnectionError
 |    +-- PingTimeoutError               the peer did not answer a ping: its fault, or the network's
 |    +-- ProxyError                     the proxy does not lead on: its decision, or a mistake in its address
 +-- WebSocketError
      +-- ChannelOverflowError           a queue with ChannelOverflow.CLOSE was full: one side is too slow
      +-- FrameTooBigError               a message beyond `max_frame_size`: the peer's fault
      +-- ProtocolViolationError         the peer broke RFC 6455
      +-- HandshakeError                 the server did not open a session: `status`, `headers` and `body` say why
      +-- ContentConvertError
           +-- ConverterNotFoundError    a typed call in a session without a converter: the caller's mistake
           +-- DeserializeError          a message without the value that was asked for: the peer's fault; has the frame
           |    +-- FrameNotApplicableError   a kind of frame that the converter does not read
           |    +-- MalformedContentError     no JSON, MessagePack, ... at all
           |    +-- ContentMismatchError      another type than was asked for
           +-- SerializeError            a value that the converter cannot write: the caller's mistake
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from flowws.channels import ClosedSendChannelError

if TYPE_CHECKING:
    from ._close_reason import By, CloseReason
    from ._frame import Frame


class WebSocketError(Exception):
    """What went wrong on this floor, except for what has a family of its own."""


class SessionClosedError(ClosedSendChannelError):
    """Sent into a session that is closed. A normal departure: a handler may let it escape, nothing is logged."""

    def __init__(self, reason: CloseReason) -> None:
        super().__init__(reason)
        self.reason = reason
        """Why the session ended; `code`, `by` and `cause` are taken from it."""
        self.code: int = reason.code
        self.by: By = reason.by
        self.cause: BaseException | None = reason.cause

    def __str__(self) -> str:
        who = {"us": "by this side", "peer": "by the peer", "network": "because the connection was lost"}[self.by]
        return f"the session was closed {who}: {self.reason!r}"


class PingTimeoutError(ConnectionError):
    """No sign of life from the peer within the timeout. The peer's fault, or the network's."""

    def __init__(self, timeout: float) -> None:
        super().__init__(timeout)
        self.timeout = timeout
        """How long it was waited for, in seconds."""

    def __str__(self) -> str:
        return f"no pong within {self.timeout:g} s"


class ProxyError(ConnectionError):
    """The proxy was reached, but does not lead to the server. Its decision, or a mistake in user and password."""

    def __init__(self, proxy: str, problem: str, *, status: int | None = None) -> None:
        super().__init__(proxy, problem)
        self.proxy = proxy
        """The address of the proxy, without user and password."""
        self.problem = problem
        self.status = status
        """The status of its answer, where it speaks HTTP: 407 for wrong credentials."""

    def __str__(self) -> str:
        return f"no way through the proxy {self.proxy}: {self.problem}"


class ChannelOverflowError(WebSocketError):
    """A queue of frames with `ChannelOverflow.CLOSE` was full. Whoever should have taken the frames was too slow: this
    side for ``incoming``, the peer or the network for ``outgoing``.

    Kotlin: `ChannelOverflowException`.
    """

    def __init__(self, direction: str, capacity: int) -> None:
        super().__init__(direction, capacity)
        self.direction = direction
        """``"incoming"`` or ``"outgoing"``."""
        self.capacity = capacity
        """How many frames there was room for."""

    def __str__(self) -> str:
        return f"{self.direction} has room for {self.capacity} frames, and was full"


class FrameTooBigError(WebSocketError):
    """A frame, or the fragments of a message together, went beyond `max_frame_size`. The peer's fault.

    Kotlin: `FrameTooBigException`.
    """

    def __init__(self, limit: int, size: int | None = None) -> None:
        super().__init__(limit, size)
        self.limit = limit
        """The limit, in bytes."""
        self.size = size
        """How much had been announced or gathered, in bytes; None where the engine does not say."""

    def __str__(self) -> str:
        size = "a message" if self.size is None else f"{self.size} bytes"
        return f"{size} where {self.limit} are allowed"


class ProtocolViolationError(WebSocketError):
    """The peer broke the protocol. Its fault. Kotlin: `ProtocolViolationException`."""

    def __init__(self, violation: str, *, code: int = 1002) -> None:
        super().__init__(violation)
        self.violation = violation
        """What it did."""
        self.code = code
        """The close code for it: 1002, or 1007 for a text that is not UTF-8 and for what cannot be inflated."""

    def __str__(self) -> str:
        return f"the peer broke the protocol: {self.violation}"


class HandshakeError(WebSocketError):
    """The server answered, but did not open a session. Its decision, or a mistake in the request.

    Kotlin: `WebSocketException`.
    """

    def __init__(
        self,
        problem: str,
        *,
        status: int | None = None,
        headers: Mapping[str, str] | None = None,
        body: bytes = b"",
    ) -> None:
        super().__init__(problem)
        self.problem = problem
        self.status = status
        """The status of the answer; None if there was no readable answer."""
        self.headers: Mapping[str, str] = {} if headers is None else headers
        self.body = body
        """What had arrived of the body."""

    def __str__(self) -> str:
        return self.problem


class ContentConvertError(WebSocketError):
    """A value and a frame could not be turned into each other. Kotlin: `WebsocketContentConvertException`."""


class ConverterNotFoundError(ContentConvertError):
    """`send_serialized` or `receive_deserialized` without a `content_converter`. The caller's mistake.

    Kotlin: `WebsocketConverterNotFoundException`.
    """

    def __str__(self) -> str:
        return "this session has no converter: give WebSockets(content_converter=...) one"


class SerializeError(ContentConvertError):
    """The converter cannot write this value. The caller's mistake."""

    def __init__(self, problem: str) -> None:
        super().__init__(problem)
        self.problem = problem


class DeserializeError(ContentConvertError):
    """A message does not say a value of the type that was asked for. The peer's fault; the session lives on.

    Kotlin: `WebsocketDeserializeException`.
    """

    def __init__(self, problem: str, frame: Frame) -> None:
        super().__init__(problem, frame)
        self.problem = problem
        """What is wrong and where, for people: ``person.age: expected int, not '12'``."""
        self.frame = frame
        """The message."""

    def __str__(self) -> str:
        return self.problem


class FrameNotApplicableError(DeserializeError):
    """The converter does not read frames of this kind: a text where MessagePack is spoken. The peer's fault."""


class MalformedContentError(DeserializeError):
    """The message is nothing that the converter's format knows. The peer's fault. Kotlin: `JsonConvertException`."""


class ContentMismatchError(DeserializeError):
    """The message is in order, and says something else than was asked for. The peer's fault, or a type that is out of
    date.
    """
