"""`Assembler`: makes whole messages of frames, and refuses what RFC 6455 forbids."""

from __future__ import annotations

from codecs import getincrementaldecoder
from typing import Final

from ._errors import FrameTooBigError, ProtocolViolationError
from ._frame import BINARY, CONTINUATION, TEXT, BinaryFrame, TextFrame, received_binary, received_text

_Utf8: Final = getincrementaldecoder("utf-8")


class Assembler:
    """The message that is arriving in fragments, if there is one.

    ::

        TEXT or BINARY, fin          ->  a message at once
        TEXT or BINARY, not fin      ->  kept; then CONTINUATION ... CONTINUATION, fin  ->  one message

    A text is decoded as it comes in, so that bad UTF-8 fails with its first bad byte and not with the last fragment.
    """

    __slots__ = ("_decoder", "_limit", "_opcode", "_parts", "_size")

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._opcode: int | None = None  # of the message under way
        self._parts: list[bytes] = []
        self._size = 0
        self._decoder = _Utf8()

    def add(self, opcode: int, payload: bytes, fin: bool, rsv: int) -> TextFrame | BinaryFrame | None:
        """Take a data frame; the message, if this completes it.

        Raises `ProtocolViolationError`, or `FrameTooBigError` when the fragments together exceed the limit.
        """
        if rsv:
            raise ProtocolViolationError("a reserved bit without an extension that uses it")
        if self._opcode is None:
            if opcode == CONTINUATION:
                raise ProtocolViolationError("a continuation of nothing")
            if fin:
                return self._whole(opcode, payload)
            self._opcode = opcode
        elif opcode != CONTINUATION:
            raise ProtocolViolationError("a new message inside a fragmented one")
        return self._collect(payload, fin)

    def _whole(self, opcode: int, payload: bytes) -> TextFrame | BinaryFrame:
        if opcode == BINARY:
            return received_binary(payload)
        try:
            return received_text(payload)
        except UnicodeDecodeError as error:
            raise _not_utf8() from error

    def _collect(self, payload: bytes, fin: bool) -> TextFrame | BinaryFrame | None:
        self._size += len(payload)
        if self._size > self._limit:
            raise FrameTooBigError(self._limit, self._size)
        self._parts.append(payload)
        if self._opcode == TEXT:
            try:
                self._decoder.decode(payload, fin)
            except UnicodeDecodeError as error:
                raise _not_utf8() from error
        if not fin:
            return None
        opcode, self._opcode = self._opcode, None
        data = b"".join(self._parts)
        self._parts.clear()
        self._size = 0
        return received_text(data) if opcode == TEXT else received_binary(data)


def _not_utf8() -> ProtocolViolationError:
    return ProtocolViolationError("a text that is not UTF-8", code=1007)
