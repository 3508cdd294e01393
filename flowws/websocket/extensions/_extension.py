"""`WebSocketExtension`: what it takes to change the messages of a session on their way."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from sys import maxsize
from typing import TypeAlias

from flowws._core import Deferred, Job
from flowws.websocket._close_reason import CloseReason
from flowws.websocket._frame import Frame

ExtensionParameters: TypeAlias = Sequence[tuple[str, str | None]]
"""What follows the name of an extension in ``Sec-WebSocket-Extensions``: names with their values, or with None."""


class WebSocketExtension:
    """One extension in one connection: it may keep what it knows of the messages so far. Made by a factory.

    ::

        send      -->  first.transform_out  -->  second.transform_out  -->  the wire
        incoming  <--  first.transform_in   <--  second.transform_in   <--  the wire

    It sees whole data messages, text and binary, and no control frames. Of a text that it may have to change, `data` is
    what counts: that it is UTF-8 is looked at when the last extension has had it.

    Kotlin: `WebSocketExtension`.
    """

    name: str = ""
    """As it was agreed on; empty for an extension that the peer does not know of."""

    rsv: int = 0
    """The reserved bits that are its own: RSV1 as 4, RSV2 as 2, RSV3 as 1."""

    may_skip: bool = False
    """Whether a message may pass by it: an incoming one that has none of its bits, an outgoing one that is streamed."""

    max_size: int = maxsize
    """How many bytes a message may have once it is transformed. The session says so, and keeps it up to date."""

    def opened(self, name: str, close_reason: Deferred[CloseReason], connection: Job) -> None:
        """The session that it is part of begins: what the session is called in the log, why it will have closed, and
        what is complete when its connection is over, behind which no message passes.
        """

    def transform_out(self, frame: Frame) -> Frame:
        """The message to send in place of this one. A failure closes the session with 1011.

        Kotlin: `processOutgoingFrame`.
        """
        return frame

    def transform_in(self, frame: Frame) -> Frame:
        """The message that the peer meant by this one. Takes away the extension's own bits.

        Raises `ProtocolViolationError`, which closes the session with its code, and `FrameTooBigError`, which closes
        with 1009; any other failure is this side's own, and closes with 1011.

        Kotlin: `processIncomingFrame`.
        """
        return frame


class WebSocketExtensionFactory(ABC):
    """Agrees with a peer about an extension, and makes one for each connection: `WebSockets(extensions=[...])`.

    One factory serves every connection, as the server's and as the client's.

    Kotlin: `WebSocketExtensionFactory`; there the extension negotiates for itself.
    """

    name: str
    """A token, as in ``Sec-WebSocket-Extensions``."""

    rsv: int = 0
    """The reserved bits that its extensions use: no two factories of a configuration may use the same."""

    def offers(self) -> Sequence[ExtensionParameters]:
        """What a client offers, the best first; without more, the name alone. Kotlin: `protocols`."""
        return ((),)

    @abstractmethod
    def accept(self, offered: ExtensionParameters) -> tuple[WebSocketExtension, ExtensionParameters]:
        """A server's answer to one offer: the extension, and the parameters to confirm.

        Raises `ValueError` for an offer that it cannot take: it is declined, and the next one is tried.

        Kotlin: `serverNegotiation`.
        """

    @abstractmethod
    def agree(self, chosen: ExtensionParameters) -> WebSocketExtension:
        """A client's extension, as the server chose it.

        Raises `ValueError` where that is none of what was offered: the handshake fails.

        Kotlin: `clientNegotiation`.
        """


class LocalExtension(WebSocketExtensionFactory):
    """An extension that the peer need not know of, as it changes nothing on the wire: a log, a count.

    It is part of every session; `make` is called for each connection.

    >>> class Count(WebSocketExtension):
    ...     sent = 0
    ...     def transform_out(self, frame: Frame) -> Frame:
    ...         self.sent += 1
    ...         return frame
    >>> LocalExtension(Count)
    LocalExtension(Count)
    """

    def __init__(self, make: Callable[[], WebSocketExtension]) -> None:
        if not callable(make):
            raise TypeError(f"a local extension is made by a function without arguments, not by {make!r}")
        self.make = make
        self.name = ""

    def offers(self) -> Sequence[ExtensionParameters]:
        """Nothing: there is nothing to agree on."""
        return ()

    def accept(self, offered: ExtensionParameters) -> tuple[WebSocketExtension, ExtensionParameters]:
        """Never asked."""
        raise ValueError(f"{self!r} is not for the wire, {offered!r} cannot be accepted")

    def agree(self, chosen: ExtensionParameters) -> WebSocketExtension:
        """Never asked."""
        raise ValueError(f"{self!r} is not for the wire, {chosen!r} cannot be agreed on")

    def __repr__(self) -> str:
        return f"LocalExtension({getattr(self.make, '__name__', repr(self.make))})"
