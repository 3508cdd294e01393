"""`FrameReader`: cuts the bytes of a peer into frames (RFC 6455, section 5.2). The parsing is `websockets`'.

Reserved bits go through: whether an extension uses them, the session knows.
"""

from __future__ import annotations

from collections.abc import Generator
from struct import Struct
from typing import Final, cast

from websockets.exceptions import PayloadTooBig, ProtocolError
from websockets.frames import Frame, Opcode
from websockets.streams import StreamReader

_FIN: Final = 0x80
_CONTROL: Final = 0x08  # set in the opcodes of control frames
_MAX_CONTROL_PAYLOAD: Final = 125  # RFC 6455, section 5.5

# The heads of frames that are not masked, by how the length is written (RFC 6455, section 5.2).
_SHORT: Final = Struct("!BB").pack
_MEDIUM: Final = Struct("!BBH").pack
_LONG: Final = Struct("!BBQ").pack


class WireFrame(Frame):
    """A frame as it is on the wire, right or wrong."""

    def check(self) -> None:
        """Nothing: `websockets` would refuse reserved bits here."""

    @property
    def rsv(self) -> int:
        """RSV1 as 4, RSV2 as 2, RSV3 as 1."""
        return (4 if self.rsv1 else 0) | (2 if self.rsv2 else 0) | (1 if self.rsv3 else 0)


class ViolationError(Exception):
    """These bytes are no frame that the peer may send: the connection fails with this code and text."""

    def __init__(self, code: int, message: str) -> None:
        super().__init__(code, message)
        self.code: int = code
        self.message: str = message


class FrameReader:
    """Frames of one peer: `feed` it bytes, then take `next_frame` until there is none."""

    def __init__(self, *, masked: bool, max_size: int) -> None:
        self.max_size = max_size
        """How many bytes the payload of a frame may have, from the next frame on."""
        self._masked = masked
        self._stream = StreamReader()
        self._parsing: Generator[None, None, Frame] | None = None  # of a frame whose first byte is here
        self._is_control = False  # that frame
        self._fed = 0  # bytes in all
        self._start = 0  # of that frame, in these bytes

    def feed(self, data: bytes) -> None:
        """Take bytes, cut as they happen to be."""
        self._stream.feed_data(data)
        self._fed += len(data)

    def next_frame(self) -> WireFrame | None:
        """The next frame; None while its last byte is not here.

        Raises `ViolationError` as soon as its beginning shows that it may not come: once it has, nothing can be read
        any more.
        """
        if self._parsing is None:
            if not self._stream.buffer:
                return None
            self._parsing = self._begin(self._stream.buffer[0])
        try:
            next(self._parsing)
        except StopIteration as whole:
            self._parsing = None
            self._check_length(len(whole.value.data))
            return cast("WireFrame", whole.value)
        except ProtocolError as error:
            raise ViolationError(1002, str(error)) from error
        except PayloadTooBig as error:
            if self._is_control:
                raise ViolationError(1002, "a control frame of more than 125 bytes") from error
            if error.size is not None and error.size >> 63:  # RFC 6455, section 5.2
                raise ViolationError(1002, "a length of 64 bits") from error
            raise ViolationError(1009, f"a frame of more than {self.max_size} bytes") from error
        return None

    def _check_length(self, size: int) -> None:
        """RFC 6455, section 5.2: a length is written as short as can be. `websockets` takes any."""
        head = self._fed - len(self._stream.buffer) - self._start - size - (4 if self._masked else 0)
        if head != (2 if size < 126 else 4 if size < 65536 else 10):
            raise ViolationError(1002, "a length that is longer than it has to be")

    def _begin(self, first: int) -> Generator[None, None, Frame]:
        """Look at the first byte. RFC 6455, section 5.5: a control frame is no fragment, and has 125 bytes at most,
        however many a message may have.
        """
        self._start = self._fed - len(self._stream.buffer)
        self._is_control = bool(first & _CONTROL)
        if self._is_control and not first & _FIN:
            raise ViolationError(1002, "a control frame in fragments")
        limit = _MAX_CONTROL_PAYLOAD if self._is_control else self.max_size
        return WireFrame.parse(self._stream.read_exact, mask=self._masked, max_size=limit)


def frame_bytes(opcode: int, payload: bytes, *, fin: bool = True, rsv: int = 0, masked: bool) -> bytes:
    """A frame on the wire, right or wrong. A masked one has a random key of its own."""
    if not masked:  # a quarter of the time: benchmarks/bench_feed.py
        first, size = (_FIN if fin else 0) | rsv << 4 | opcode, len(payload)
        if size < 126:
            return _SHORT(first, size) + payload
        return (_MEDIUM(first, 126, size) if size < 65536 else _LONG(first, 127, size)) + payload
    frame = WireFrame(cast("Opcode", opcode), payload, fin, bool(rsv & 4), bool(rsv & 2), bool(rsv & 1))
    return frame.serialize(mask=masked)
