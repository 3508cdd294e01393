"""`JsonConverter`: values as JSON, read strictly."""

from __future__ import annotations

from codecs import lookup
from typing import Any, Final

from flowws._json import JsonCodec, JsonMismatchError, MalformedJsonError
from flowws.websocket._errors import ContentMismatchError, MalformedContentError, SerializeError
from flowws.websocket._frame import Frame

from ._content_converter import not_applicable


class JsonConverter:
    """Values as JSON text, written by orjson and read by cattrs, strictly.

    Reads and writes what type hints can say in JSON: numbers, texts, lists, tuples, sets, mappings, dataclasses,
    `TypedDict`, `NamedTuple`, enums, `Literal`, `Optional`, unions (of classes: told apart by a `Literal` field,
    else by the fields they have), generics, `datetime`, `date`, `time` and `UUID`.

    Strictly: ``"12"`` is not a number, ``1`` not a bool, ``null`` nothing but None; a pair is not a triple. A number
    without a fraction is also a `float`. A field that nobody asked for is ignored, unless `forbid_extra_keys`.

    Writes text messages, reads text and binary ones. A text is UTF-8 by RFC 6455, section 5.6; with another `charset`,
    such as "utf-16", messages are binary and in that, and texts are still read as what they are.

    Not a number, infinity and fields of a dataclass that begin with an underscore are not written, as orjson does it.

    >>> JsonConverter().serialize({"name": "Ada"})
    <Frame.Text '{"name":"Ada"}'>
    """

    def __init__(self, *, forbid_extra_keys: bool = False, charset: str = "utf-8") -> None:
        self._charset: Final = _checked(charset)
        self._codec: Final = JsonCodec(forbid_extra_keys=forbid_extra_keys)

    def serialize(self, value: object) -> Frame:
        """The message for a value. Raises `SerializeError`."""
        written = self.to_bytes(value)
        return Frame.Text(written) if self._charset is None else Frame.Binary(written)

    def deserialize(self, frame: Frame, kind: Any) -> Any:
        """The value of type `kind` that a message says.

        Raises `DeserializeError`, which says what is wrong and where, and `TypeError` for a type that JSON has no
        form for.
        """
        if not self.is_applicable(frame):
            raise not_applicable(self, frame)
        try:
            return self._codec.from_bytes(self._utf8(frame), kind)
        except JsonMismatchError as error:
            raise ContentMismatchError(str(error), frame) from error.__cause__
        except MalformedJsonError as error:
            raise MalformedContentError(str(error), frame) from error.__cause__
        except UnicodeDecodeError as error:
            raise MalformedContentError(f"this is not JSON: {error}", frame) from error

    def is_applicable(self, frame: Frame) -> bool:
        """Whether it reads frames of this kind: texts and bytes."""
        return not frame.is_control

    def to_bytes(self, value: object) -> bytes:
        """The content of the message for a value: how brokers write. Raises `SerializeError`."""
        try:
            written = self._codec.to_bytes(value)
            return written if self._charset is None else written.decode().encode(self._charset)
        except TypeError as error:
            raise SerializeError(str(error)) from error.__cause__
        except UnicodeEncodeError as error:
            raise SerializeError(f"{value!r:.100} cannot be written as JSON: {error}") from error

    def from_bytes(self, data: bytes, kind: Any) -> Any:
        """The value of type `kind` that such a content says: how brokers read. Raises `ValueError`, and `TypeError` for
        a type that JSON has no form for.
        """
        return self._codec.from_bytes(data if self._charset is None else data.decode(self._charset), kind)

    def _utf8(self, frame: Frame) -> bytes | str:
        if self._charset is None or isinstance(frame, Frame.Text):
            return frame.payload  # a text as it is: orjson takes both
        return frame.data.decode(self._charset)

    def __repr__(self) -> str:
        return "JsonConverter()"


def _checked(charset: str) -> str | None:
    """The name of a charset; None for UTF-8, which needs nobody's help."""
    try:
        name = lookup(charset).name
    except LookupError:
        raise ValueError(f"there is no charset {charset!r}") from None
    return None if name == "utf-8" else name
