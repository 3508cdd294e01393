"""`ContentConverter`: what a session needs in order to speak in values."""

from __future__ import annotations

from typing import Any, Protocol

from flowws.websocket._frame import Frame


class ContentConverter(Protocol):
    """Turns values into frames and back. Stateless: one serves every session.

    Kotlin: `WebsocketContentConverter`.
    """

    def serialize(self, value: object) -> Frame:
        """The message for a value. Raises `SerializeError`."""
        ...

    def deserialize(self, frame: Frame, kind: Any) -> Any:
        """The value of type `kind` that a message says. Raises `DeserializeError`, which carries the frame."""
        ...
