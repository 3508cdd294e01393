"""Compressing and inflating, message by message (RFC 7692, section 7.2).

The agreement about it is read by `websockets`; this is not its codec, which would refuse a message that is exactly as
large as allowed, lose what follows a block that calls itself the last, and hold zlib's memory for connections that have
not compressed anything yet.
"""

from __future__ import annotations

import zlib
from sys import maxsize
from typing import Any, Final

from flowws.websocket._errors import FrameTooBigError, ProtocolViolationError

_TAIL: Final = b"\x00\x00\xff\xff"  # the end of a flush, which does not travel
_MOST_ENDS: Final = 16  # streams that may end in one message: each costs a copy of what follows
_MODERATE_MEMORY: Final = 5  # of 9; more gains little with small windows


class Compressor:
    """Our half: compresses the messages of one connection, each for itself or with a window on those before it."""

    __slots__ = ("_bits", "_level", "_stream", "_takeover")

    def __init__(self, window_bits: int, *, takeover: bool, level: int) -> None:
        self._bits = window_bits
        self._takeover = takeover
        self._level = level
        self._stream: Any = None  # made for the first message

    def compress(self, data: bytes) -> bytes:
        """The payload that travels."""
        stream = self._stream
        if stream is None:
            stream = self._new_stream()
            if self._takeover:
                self._stream = stream
        return _packed(stream, data)

    def compress_apart(self, data: bytes) -> bytes:
        """The payload of a message that refers to none before it, and that none refers to."""
        return _packed(self._new_stream(), data)

    def begin_anew(self) -> None:
        """Refer to nothing that was before."""
        self._stream = None

    def _new_stream(self) -> Any:
        return zlib.compressobj(self._level, wbits=-self._bits, memLevel=_MODERATE_MEMORY)

    def __repr__(self) -> str:
        return _told(self._bits, self._takeover)


class Inflater:
    """The peer's half: inflates its messages, and never more of one than is allowed."""

    __slots__ = ("_bits", "_stream", "_takeover")

    def __init__(self, window_bits: int, *, takeover: bool) -> None:
        self._bits = window_bits
        self._takeover = takeover
        self._stream: Any = None  # made for the first message

    def inflate(self, data: bytes, limit: int) -> bytes:
        """The message of a payload. Raises `FrameTooBigError`, and `ProtocolViolationError` for what is no such
        payload; the connection is of no use then.
        """
        stream = self._stream
        if stream is None:
            stream = zlib.decompressobj(-self._bits)
            if self._takeover:
                self._stream = stream
        whole = _inflated(stream, data + _TAIL, limit)
        return self._go_on(stream, whole, limit) if stream.eof else whole

    def _go_on(self, stream: Any, whole: bytes, limit: int) -> bytes:
        """A block may call itself the last (section 7.2.3.4). What follows is another stream, with the same window."""
        for _ in range(_MOST_ENDS):
            rest = stream.unused_data
            stream = zlib.decompressobj(-self._bits, whole[-(1 << self._bits) :])
            whole = _inflated(stream, rest, limit, whole)
            if not stream.eof:
                if self._takeover:
                    self._stream = stream
                return whole
        raise _corrupt()

    def __repr__(self) -> str:
        return _told(self._bits, self._takeover)


def _packed(stream: Any, data: bytes) -> bytes:
    packed: bytes = stream.compress(data) + stream.flush(zlib.Z_SYNC_FLUSH)
    return packed[: -len(_TAIL)]


def _inflated(stream: Any, data: bytes, limit: int, before: bytes = b"") -> bytes:
    try:
        # One byte more: zlib cannot tell a message that just fits from one that does not.
        inflated: bytes = before + stream.decompress(data, min(limit, maxsize - 1) + 1 - len(before))
    except zlib.error as error:
        raise _corrupt() from error
    if len(inflated) > limit:
        raise FrameTooBigError(limit)
    return inflated


def _corrupt() -> ProtocolViolationError:
    return ProtocolViolationError("compressed data that cannot be inflated", code=1007)


def _told(window_bits: int, takeover: bool) -> str:
    return f"{1 << window_bits} bytes{'' if takeover else ' of the same message'}"
