"""`ExtensionChain`: the extensions of a session, in their order."""

from __future__ import annotations

from collections.abc import Sequence

from .._errors import FrameTooBigError
from .._frame import PLAIN, Frame, TextFrame, received_text
from ..extensions import Deflate, WebSocketExtension
from ._assembler import not_utf8


class ExtensionChain:
    """What a message passes on its way.

    ::

        send      -->  first  -->  second  -->  ...  -->  the wire
        incoming  <--  first  <--  second  <--  ...  <--  the wire
    """

    __slots__ = ("_limit", "deflate", "extensions", "rsv", "takes_all")

    def __init__(self, extensions: Sequence[WebSocketExtension], limit: int) -> None:
        self.extensions = tuple(extensions)
        """In the order of a message that leaves."""
        self.rsv = sum(extension.rsv for extension in extensions)  # no two have the same bit
        """The reserved bits that a message of the peer may have."""
        only = self.extensions[0] if len(self.extensions) == 1 else None
        self.deflate = only if isinstance(only, Deflate) else None
        """What compresses the messages, where nothing else happens to them."""
        self.takes_all = not all(extension.may_skip for extension in extensions)
        """Whether messages without such a bit pass here, too."""
        self.limit(limit)

    def limit(self, size: int) -> None:
        """How many bytes a message of the peer may have in the end."""
        self._limit = size
        for extension in self.extensions:
            extension.max_size = size

    def check_streaming(self) -> None:
        """Raises `ValueError` where an extension needs to see whole messages."""
        for extension in self.extensions:
            if not extension.may_skip:
                name = extension.name or type(extension).__name__
                raise ValueError(f"a message cannot be streamed: the extension {name!r} needs to see it whole")

    def transform_out(self, message: Frame) -> Frame:
        """What to send in place of a message."""
        for extension in self.extensions:
            message = extension.transform_out(message)
        return message

    def transform_in(self, message: Frame) -> Frame:
        """What the peer meant by a message.

        Raises `ProtocolViolationError` and `FrameTooBigError` for what the peer did wrong, and anything else for what
        an extension did.
        """
        for extension in reversed(self.extensions):
            message = extension.transform_in(message)
        if message.bits != PLAIN:
            raise ValueError(f"no extension has cleared a reserved bit of {message!r}")
        if len(message.payload) > self._limit:
            raise FrameTooBigError(self._limit, len(message.payload))
        return _as_text(message) if isinstance(message, TextFrame) else message


def _as_text(message: TextFrame) -> TextFrame:
    """The same with its UTF-8 looked at, now that it is what it was before its travels."""
    if isinstance(message.payload, str):
        return message
    try:
        return received_text(message.payload)
    except UnicodeDecodeError as error:
        raise not_utf8() from error
