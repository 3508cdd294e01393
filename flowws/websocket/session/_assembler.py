"""`Assembler`: makes whole messages of frames, and refuses what RFC 6455 forbids."""

from __future__ import annotations

from codecs import getincrementaldecoder
from typing import Final

from .._errors import FrameTooBigError, ProtocolViolationError
from .._frame import BINARY, CONTINUATION, TEXT, BinaryFrame, TextFrame, received_binary, received_text, undecoded_text

_Utf8: Final = getincrementaldecoder("utf-8")


class Assembler:
    """The message that is arriving in fragments, if there is one.

    ::

        TEXT or BINARY, fin          ->  a message at once
        TEXT or BINARY, not fin      ->  kept; then CONTINUATION ... CONTINUATION, fin  ->  one message

    A text is decoded as it comes in, so that bad UTF-8 fails with its first bad byte and not with the last fragment.
    What an extension has yet to look at is left as it is: that is all messages, or those with one of its bits.
    """

    __slots__ = ("_data", "_decoder", "_extensions_see_all", "_opcode", "_rsv", "_rsv_allowed", "limit")

    def __init__(self, limit: int, rsv_allowed: int = 0, *, extensions_see_all: bool = False) -> None:
        self.limit = limit
        """How many bytes a message may have."""
        self._rsv_allowed = rsv_allowed  # the bits of extensions
        self._extensions_see_all = extensions_see_all
        self._opcode: int | None = None  # of the message under way
        self._rsv = 0  # of its first frame
        self._data = bytearray()  # not a list of fragments: those of a byte or none take far more room than they carry
        self._decoder = _Utf8()

    def add(self, opcode: int, payload: bytes, fin: bool, rsv: int) -> TextFrame | BinaryFrame | None:
        """Take a data frame; the message, if this completes it.

        Raises `ProtocolViolationError`, or `FrameTooBigError` when the fragments together exceed the limit.
        """
        if rsv & ~self._rsv_allowed:
            raise ProtocolViolationError("a reserved bit without an extension that uses it")
        if self._opcode is None:
            if opcode == CONTINUATION:
                raise ProtocolViolationError("a continuation of nothing")
            self._opcode, self._rsv = opcode, rsv
        elif opcode != CONTINUATION:
            raise ProtocolViolationError("a new message inside a fragmented one")
        elif rsv:
            raise ProtocolViolationError("a reserved bit inside a message")
        return self._collect(payload, fin)

    def _collect(self, payload: bytes, fin: bool) -> TextFrame | BinaryFrame | None:
        size = len(self._data) + len(payload)
        if size > self.limit:
            raise FrameTooBigError(self.limit, size)
        if fin and not self._data:
            return self._complete(payload)
        self._data += payload
        if self._is_plain_text:
            try:
                self._decoder.decode(payload, fin)
            except UnicodeDecodeError as error:
                raise not_utf8() from error
        return self._complete(bytes(self._data)) if fin else None

    @property
    def _is_plain_text(self) -> bool:
        return self._opcode == TEXT and not self._rsv and not self._extensions_see_all

    def _complete(self, data: bytes) -> TextFrame | BinaryFrame:
        is_plain_text, opcode, rsv = self._is_plain_text, self._opcode, self._rsv
        self._opcode, self._rsv = None, 0
        self._data.clear()
        if opcode == BINARY:
            return received_binary(data, rsv)
        if not is_plain_text:
            return undecoded_text(data, rsv)
        try:
            return received_text(data)
        except UnicodeDecodeError as error:
            raise not_utf8() from error


def not_utf8() -> ProtocolViolationError:
    """For a text that is none."""
    return ProtocolViolationError("a text that is not UTF-8", code=1007)
