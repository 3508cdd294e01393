"""`SharedMessage`: what goes to many sessions, and is made ready for the wire once."""

from __future__ import annotations

from collections.abc import Hashable, Iterator
from typing import Final

from .._frame import PLAIN, BinaryFrame, Frame, TextFrame, size_of
from ..engines import frame_bytes
from ..extensions import Deflate

_NOTHING: Final[dict[Hashable, bytes]] = {}


class SharedMessage:
    """One message, or several that go together, for `DefaultWebSocketSession.try_send_shared` of many sessions.

    Its bytes on the wire are made once for each way in which they can travel: plain, or compressed as sessions have
    agreed on. Messages that go together leave in one write; those that are shared messages themselves lend their bytes
    to all that they are a part of. Where a session cannot share (a client masks each frame with a key of its own, an
    extension wants to see each message, ASGI has no frames), it sends the messages one by one.

    Raises `TypeError` and `ValueError` for what is no whole message, and `UnicodeEncodeError` for a text that has no
    bytes.

    >>> first, second = SharedMessage("one"), SharedMessage("two")
    >>> both = SharedMessage(first, second)
    >>> both
    <SharedMessage of 2>
    """

    __slots__ = ("_packed", "_parts", "count", "plain")

    def __init__(self, *parts: str | bytes | Frame | SharedMessage) -> None:
        if not parts:
            raise ValueError("a SharedMessage is one message at least")
        whole: list[Frame | SharedMessage] = []
        count = 0
        for part in parts:
            if isinstance(part, SharedMessage):
                whole.append(part)
                count += part.count
            else:
                whole.append(_whole(part))
                count += 1
        self._parts = tuple(whole)
        self._packed: dict[Hashable, bytes] = _NOTHING  # what `wire` has returned, by the terms of the extension
        self.plain: bytes = b""
        """What `wire` has returned without an extension; nothing before that."""
        self.count: int = count
        """How many messages it is."""

    def frames(self) -> Iterator[Frame]:
        """The messages, one by one."""
        for part in self._parts:
            if isinstance(part, SharedMessage):
                yield from part.frames()
            else:
                yield part

    def wire(self, deflate: Deflate | None = None) -> bytes:
        """The frames of a server as they travel: plain, or as this extension and its like compress them.

        Raises what the `compress_if` of the extension does.
        """
        wire = self.plain if deflate is None else self._packed.get(deflate.terms)
        if not wire:
            wire = b"".join([_wire(part, deflate) for part in self._parts])
            if deflate is None:
                self.plain = wire
            else:
                self._packed = {**self._packed, deflate.terms: wire}
        return wire

    def __repr__(self) -> str:
        return f"<SharedMessage of {self.count}>"


def _whole(message: str | bytes | Frame) -> Frame:
    if isinstance(message, Frame):
        pass
    elif isinstance(message, str):
        message = TextFrame(message)
    elif isinstance(message, (bytes, bytearray, memoryview)):  # pyright: ignore[reportUnnecessaryIsInstance]  # untyped callers
        message = BinaryFrame(message)
    else:
        raise TypeError(f"a message is text, bytes, a frame or a SharedMessage, not {message!r}")
    if message.bits != PLAIN:
        raise ValueError(f"a session sends whole messages without reserved bits, not {message!r}")
    size_of(message.payload)  # a text that has no bytes fails here, and not in the midst of many sessions
    return message


def _wire(part: Frame | SharedMessage, deflate: Deflate | None) -> bytes:
    if isinstance(part, SharedMessage):
        return part.wire(deflate)
    frame = part if deflate is None else deflate.transform_apart(part)
    return frame_bytes(frame.opcode, frame.data, rsv=frame.bits & ~PLAIN, masked=False)
