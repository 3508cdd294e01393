"""`Frames`: the messages of updates, each written once, however many they are for."""

from __future__ import annotations

from typing import Any, Final

from flowws.feeds._position import Position
from flowws.feeds._protocol import ProgressMessage, written, written_snapshot, written_update
from flowws.websocket import ContentConverter, Frame, SharedMessage

from ._counts import Counts

ROOM: Final = 1 << 20
"""Bytes that are kept for updates that may be asked for again, by clients that come back at the same time."""


class Update(SharedMessage):
    """The message that brings an update."""

    __slots__ = ("size",)

    def __init__(self, text: bytes) -> None:
        super().__init__(Frame.Text(text))
        self.size: Final = len(text)
        """Its bytes, before they are framed or compressed."""


class _Written:
    """What there is of one update."""

    __slots__ = ("body", "messages", "size")

    def __init__(self, body: bytes) -> None:
        self.body: Final = body
        self.messages: Final[dict[int, Update]] = {}
        """By the id of the subscriptions."""
        self.size = len(body)
        """Bytes, about."""


class Frames:
    """The messages of updates: each value is written once, and each message built once per id of a subscription.

    They are kept between rounds, for those who are behind or come back, as far as `ROOM` allows.
    """

    __slots__ = ("_converter", "_counts", "_size", "_written")

    def __init__(self, converter: ContentConverter, counts: Counts) -> None:
        self._converter = converter
        self._counts = counts
        self._written: dict[int, _Written] = {}  # by the offset
        self._size = 0

    def update(self, value: Any, id: int, offset: int) -> Update:
        """The message that brings this update to subscriptions with this id. Raises what the converter raises."""
        known = self._written.get(offset)
        if known is None:
            known = self._written[offset] = _Written(self.body(value))
            self._counts.encodings += 1
            self._size += known.size
        message = known.messages.get(id)
        if message is None:
            message = known.messages[id] = Update(written_update(known.body, id, offset))
            self._counts.frames_built += 1
            known.size += message.size
            self._size += message.size
        return message

    def snapshot(self, items: tuple[Any, ...], id: int, at: Position) -> Frame:
        """The message that brings a snapshot."""
        return Frame.Text(written_snapshot(map(self.body, items), id, at))

    def progress(self, id: int, offset: int) -> SharedMessage:
        """The message that says how far a subscription is."""
        return SharedMessage(Frame.Text(written(ProgressMessage(id, offset))))

    def body(self, value: Any) -> bytes:
        """The JSON of a value."""
        frame = self._converter.serialize(value)
        if not isinstance(frame, Frame.Text):
            raise TypeError(f"a feed is JSON, and {self._converter!r} writes {frame!r}")
        return frame.data

    def trim(self) -> None:
        """Forget those that were written first, if there are too many. Called between rounds only: within one,
        everything is used again.
        """
        while self._size > ROOM:
            self._size -= self._written.pop(next(iter(self._written))).size

    def clear(self) -> None:
        """Forget all of them."""
        self._written.clear()
        self._size = 0
