"""`Frame`: one WebSocket frame or, as sessions hand them out, one whole message."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, Final

from ._close_reason import CloseReason
from ._frame_type import FrameType

if TYPE_CHECKING:
    from typing import Self, TypeAlias

CONTINUATION: Final = 0x0
TEXT: Final = 0x1
BINARY: Final = 0x2
CLOSE: Final = 0x8
PING: Final = 0x9
PONG: Final = 0xA

MAX_CONTROL_PAYLOAD: Final = 125  # RFC 6455, section 5.5

_CONTROL, _FIN, _RSV1, _RSV2, _RSV3 = 16, 8, 4, 2, 1
PLAIN: Final = _FIN  # the bits of a whole message, as most are


class Frame:
    """What travels: `Frame.Text`, `Frame.Binary`, `Frame.Ping`, `Frame.Pong` or `Frame.Close`.

    A frame is a value: it may be kept, compared, sent again and shared between sessions. `Frame` itself is never
    made, it is the word for "any of the five".

    >>> frame = Frame.Text("hello")
    >>> frame.data, frame.fin, frame.read_text()
    (b'hello', True, 'hello')

    Kotlin: `Frame`.
    """

    if TYPE_CHECKING:  # at run time the five are bound below, where they exist
        Text: TypeAlias = "TextFrame"
        Binary: TypeAlias = "BinaryFrame"
        Ping: TypeAlias = "PingFrame"
        Pong: TypeAlias = "PongFrame"
        Close: TypeAlias = "CloseFrame"

    __slots__ = ("bits", "payload")

    opcode: ClassVar[int]
    """The number on the wire."""
    is_control: ClassVar[bool] = False
    """Whether it is a Ping, Pong or Close."""

    bits: int
    """FIN as 8, RSV1 as 4, RSV2 as 2, RSV3 as 1, and 16 for a control frame: so that `PLAIN` says all of it at once."""

    payload: bytes | str
    """What an engine is given: a text as it is, where it is known as text. For the way out; see `data`."""

    def __init__(
        self, data: bytes, *, fin: bool = True, rsv1: bool = False, rsv2: bool = False, rsv3: bool = False
    ) -> None:
        if type(self) is Frame:
            raise TypeError("make one of Frame.Text, Frame.Binary, Frame.Ping, Frame.Pong, Frame.Close")
        self.payload = _payload(data)
        self.bits = _FIN if fin else 0
        if rsv1 or rsv2 or rsv3:
            self.bits |= (_RSV1 if rsv1 else 0) | (_RSV2 if rsv2 else 0) | (_RSV3 if rsv3 else 0)

    @staticmethod
    def by_type(
        frame_type: FrameType,
        data: bytes,
        *,
        fin: bool = True,
        rsv1: bool = False,
        rsv2: bool = False,
        rsv3: bool = False,
    ) -> Frame:
        """A frame of this kind. A control frame is always final, and has no reserved bits. Kotlin: `Frame.byType`."""
        kind = _KINDS[FrameType(frame_type)]
        if issubclass(kind, _ControlFrame):
            return kind(data)
        return kind(data, fin=fin, rsv1=rsv1, rsv2=rsv2, rsv3=rsv3)

    @property
    def frame_type(self) -> FrameType:
        """The kind. Kotlin: `frameType`."""
        return FrameType(self.opcode)

    @property
    def data(self) -> bytes:
        """The payload."""
        payload = self.payload
        return payload.encode() if isinstance(payload, str) else payload

    @property
    def fin(self) -> bool:
        """Whether this is the last, or the only, frame of its message."""
        return bool(self.bits & _FIN)

    @property
    def rsv1(self) -> bool:
        """The first bit that extensions may use."""
        return bool(self.bits & _RSV1)

    @property
    def rsv2(self) -> bool:
        """The second bit that extensions may use."""
        return bool(self.bits & _RSV2)

    @property
    def rsv3(self) -> bool:
        """The third bit that extensions may use."""
        return bool(self.bits & _RSV3)

    def read_bytes(self) -> bytes:
        """The payload, whatever the kind of frame. Kotlin: `readBytes`."""
        return self.data

    def copy(self) -> Self:
        """Another frame with the same content. Kotlin needs it to echo; here a frame may be sent as it is."""
        other = type(self).__new__(type(self))
        other.payload = self.payload
        other.bits = self.bits
        return other

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Frame):
            return NotImplemented
        return type(self) is type(other) and self.bits == other.bits and self.data == other.data

    def __hash__(self) -> int:
        return hash((self.opcode, self.bits, self.data))

    def __repr__(self) -> str:
        return f"<Frame.{type(self).__name__} {_shorten(self._shown())}{self._flags()}>"

    def _shown(self) -> str:
        return repr(self.data)

    def _flags(self) -> str:
        flags = {" not final": not self.fin, " rsv1": self.rsv1, " rsv2": self.rsv2, " rsv3": self.rsv3}
        return "".join(flag for flag, on in flags.items() if on)


class TextFrame(Frame):
    """A text message: ``Frame.Text("hello")``, or from bytes of UTF-8. Kotlin: `Frame.Text`."""

    __slots__ = ()
    opcode = TEXT

    def __init__(
        self, data: str | bytes, *, fin: bool = True, rsv1: bool = False, rsv2: bool = False, rsv3: bool = False
    ) -> None:
        if isinstance(data, str):
            self.payload: bytes | str = data if type(data) is str else str.__str__(data)  # a StrEnum: its text
            self.bits = _FIN if fin else 0
            if rsv1 or rsv2 or rsv3:
                self.bits |= (_RSV1 if rsv1 else 0) | (_RSV2 if rsv2 else 0) | (_RSV3 if rsv3 else 0)
        else:
            super().__init__(data, fin=fin, rsv1=rsv1, rsv2=rsv2, rsv3=rsv3)

    def read_text(self) -> str:
        """The text.

        Raises `ValueError` on a frame that is not the last of its message (a character may be cut in two), and
        `UnicodeDecodeError` where the bytes are not UTF-8. What a session hands out is always whole and valid.

        A large text is kept as its bytes, so that it can be passed on as it came, and is decoded by each call.

        Kotlin: `readText`.
        """
        if not self.bits & _FIN:
            raise ValueError(f"{self!r} is not a whole message: its text may be cut inside a character")
        payload = self.payload
        return payload if isinstance(payload, str) else payload.decode()

    def _shown(self) -> str:
        payload = self.payload
        return repr(payload if isinstance(payload, str) else payload.decode(errors="replace"))


class BinaryFrame(Frame):
    """A binary message: ``Frame.Binary(b"...")``. Kotlin: `Frame.Binary`."""

    __slots__ = ()
    opcode = BINARY


class _ControlFrame(Frame):
    __slots__ = ()
    is_control = True

    def __init__(self, data: bytes = b"") -> None:
        super().__init__(data)
        if len(self.data) > MAX_CONTROL_PAYLOAD:
            raise ValueError(f"a control frame carries at most {MAX_CONTROL_PAYLOAD} bytes, not {len(self.data)}")
        self.bits: int = self.bits | _CONTROL


class PingFrame(_ControlFrame):
    """A question whether the peer is there; its payload comes back in a pong. Kotlin: `Frame.Ping`."""

    __slots__ = ()
    opcode = PING


class PongFrame(_ControlFrame):
    """The answer to a ping, or an unasked sign of life. Kotlin: `Frame.Pong`."""

    __slots__ = ()
    opcode = PONG


class CloseFrame(_ControlFrame):
    """The wish to close, or the answer to it: ``Frame.Close(reason)``, or from the bytes of a payload.

    Kotlin: `Frame.Close`.
    """

    __slots__ = ()
    opcode = CLOSE

    def __init__(self, reason: CloseReason | bytes = b"") -> None:
        super().__init__(reason.to_payload() if isinstance(reason, CloseReason) else reason)

    def read_reason(self) -> CloseReason | None:
        """Code and text; None if the frame has neither. Kotlin: `readReason`."""
        return CloseReason.from_payload(self.data)

    def _shown(self) -> str:
        return repr(self.read_reason())


_KINDS: Final[dict[FrameType, type[TextFrame | BinaryFrame | PingFrame | PongFrame | CloseFrame]]] = {
    FrameType.TEXT: TextFrame,
    FrameType.BINARY: BinaryFrame,
    FrameType.PING: PingFrame,
    FrameType.PONG: PongFrame,
    FrameType.CLOSE: CloseFrame,
}

for _type, _kind in _KINDS.items():
    _name = _type.name.capitalize()
    _kind.__name__, _kind.__qualname__ = _name, f"Frame.{_name}"
    setattr(Frame, _name, _kind)


_new: Final = object.__new__


def received_text(data: bytes) -> TextFrame:
    """A whole text from the wire, decoded here and once. Raises `UnicodeDecodeError`."""
    frame = _new(TextFrame)
    frame.payload = data.decode()
    frame.bits = _FIN
    return frame


def undecoded_text(data: bytes, rsv: int = 0, *, fin: bool = True) -> TextFrame:
    """A text, or a piece of one, of which nobody knows whether it is UTF-8."""
    frame = _new(TextFrame)
    frame.payload = data
    frame.bits = (_FIN if fin else 0) | rsv
    return frame


def received_binary(data: bytes, rsv: int = 0, *, fin: bool = True) -> BinaryFrame:
    """A binary message from the wire, or a piece of one."""
    frame = _new(BinaryFrame)
    frame.payload = data
    frame.bits = (_FIN if fin else 0) | rsv
    return frame


def size_of(payload: str | bytes) -> int:
    """How many bytes it has on the wire."""
    return len(payload) if not isinstance(payload, str) or payload.isascii() else len(payload.encode())


def whole_message(opcode: int, payload: bytes) -> TextFrame | BinaryFrame:
    """A whole message: a text only where its bytes are known to be UTF-8."""
    frame: TextFrame | BinaryFrame = _new(TextFrame) if opcode == TEXT else _new(BinaryFrame)
    frame.payload = payload
    frame.bits = _FIN
    return frame


def _payload(data: bytes | bytearray | memoryview[int]) -> bytes:
    if isinstance(data, bytes):
        return data if type(data) is bytes else bytes(data)
    if isinstance(data, (bytearray, memoryview)):  # pyright: ignore[reportUnnecessaryIsInstance]  # untyped callers
        return bytes(data)
    raise TypeError(f"a payload is bytes, not {data!r}")


def _shorten(shown: str) -> str:
    return shown if len(shown) <= 60 else f"{shown[:50]}... ({len(shown)} characters)"
