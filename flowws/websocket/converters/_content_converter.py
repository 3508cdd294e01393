"""`ContentConverter`: what a session needs in order to speak in values."""

from __future__ import annotations

from typing import Any, Protocol, runtime_checkable

from flowws.websocket._errors import ContentMismatchError, DeserializeError, FrameNotApplicableError
from flowws.websocket._frame import Frame


@runtime_checkable
class ContentConverter(Protocol):
    """Turns values into frames and back. Stateless: one serves every session.

    One of your own is a class with these methods; `docs/converters.md` has an example. It is free to raise whatever
    its format raises: while a message is read, that becomes a `DeserializeError`, and it never closes the session.

    Kotlin: `WebsocketContentConverter`.
    """

    def serialize(self, value: object) -> Frame:
        """The message for a value. Raises `SerializeError` for one that it cannot write."""
        ...

    def deserialize(self, frame: Frame, kind: Any) -> Any:
        """The value of type `kind` that a message says. Raises `DeserializeError`, which carries the frame, for a
        message that does not say one, and `TypeError` for a type that it cannot read at all.
        """
        ...

    def is_applicable(self, frame: Frame) -> bool:
        """Whether it reads frames of this kind at all. Kotlin: `isApplicable`."""
        ...


def read(converter: ContentConverter, frame: Frame, kind: Any) -> Any:
    """The value that a message says, for a session: only documented errors come out."""
    if not converter.is_applicable(frame):
        raise not_applicable(converter, frame)
    try:
        return converter.deserialize(frame, kind)
    except (DeserializeError, TypeError):
        raise
    except Exception as error:
        raise ContentMismatchError(f"{error!r}", frame) from error


def not_applicable(converter: object, frame: Frame) -> FrameNotApplicableError:
    """The message is of a kind that the converter does not read."""
    return FrameNotApplicableError(f"{converter!r} does not read frames like {frame!r}", frame)
