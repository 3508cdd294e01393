"""`FrameType`: the kinds of frames, by their numbers on the wire."""

from __future__ import annotations

from enum import IntEnum


class FrameType(IntEnum):
    """The kind of a frame; its value is the opcode (RFC 6455, section 5.2). A continuation has the kind of the message
    that it belongs to.

    >>> FrameType(9).is_control
    True

    Kotlin: `FrameType`.
    """

    TEXT = 0x1
    BINARY = 0x2
    CLOSE = 0x8
    PING = 0x9
    PONG = 0xA

    @property
    def is_control(self) -> bool:
        """Whether it is of the protocol's own, and never fragmented. Kotlin: `controlFrame`."""
        return self >= FrameType.CLOSE

    @classmethod
    def of_or_none(cls, opcode: int) -> FrameType | None:
        """The kind with this opcode; None where there is none. Kotlin: `FrameType[opcode]`."""
        try:
            return cls(opcode)
        except ValueError:
            return None
