"""`MsgspecConverter`: values as JSON or MessagePack, by msgspec."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from types import NoneType
from typing import TYPE_CHECKING, Any, Final, Literal, TypeAlias, get_args

from flowws.websocket._errors import ContentMismatchError, MalformedContentError, SerializeError
from flowws.websocket._frame import Frame

from ._content_converter import not_applicable
from ._extras import load

if TYPE_CHECKING:
    import msgspec

MsgspecFormat: TypeAlias = Literal["json", "msgpack"]


class MsgspecConverter:
    r"""Values as JSON in text messages, or as MessagePack in binary ones, written and read by msgspec.

    Reads and writes `msgspec.Struct` and whatever else msgspec does. It is the fastest of the converters; the rules,
    such as how members of a union are told apart, are msgspec's own.

    Args:
        wire: "json": writes text messages, reads text and binary ones. "msgpack": writes and reads binary messages.
        strict: whether ``"12"`` is not a number, and so on.
        enc_hook: writes what msgspec has no form for, in terms that it has one for.
        dec_hook: the way back: called with a type and what was read.

    Raises `ImportError` where msgspec is missing: it comes with the extra ``flowws[msgspec]``.

    >>> MsgspecConverter("msgpack").serialize({"name": "Ada"})
    <Frame.Binary b'\x81\xa4name\xa3Ada'>

    Kotlin: `KotlinxWebsocketSerializationConverter`, with Json or with a binary format.
    """

    def __init__(
        self,
        wire: MsgspecFormat = "json",
        *,
        strict: bool = True,
        enc_hook: Callable[[Any], Any] | None = None,
        dec_hook: Callable[[type, Any], Any] | None = None,
    ) -> None:
        if wire not in get_args(MsgspecFormat):
            raise ValueError(f"msgspec's formats here are {' and '.join(get_args(MsgspecFormat))}, not {wire!r}")
        self._msgspec: Final = load("msgspec", self)
        self._format: Final = self._msgspec.json if wire == "json" else self._msgspec.msgpack
        self._wire: Final = wire
        self._strict: Final = strict
        self._dec_hook: Final = dec_hook
        self._encode: Final = self._format.Encoder(enc_hook=enc_hook).encode
        self._reader: Final = lru_cache(maxsize=1024)(self._find_reader)

    def serialize(self, value: object) -> Frame:
        """The message for a value. Raises `SerializeError`."""
        written = self.to_bytes(value)
        return Frame.Text(written) if self._wire == "json" else Frame.Binary(written)

    def deserialize(self, frame: Frame, kind: Any) -> Any:
        """The value of type `kind` that a message says.

        Raises `DeserializeError`, which says what is wrong and where, and `TypeError` for a type that msgspec cannot
        read.
        """
        if not self.is_applicable(frame):
            raise not_applicable(self, frame)
        asked: Any = NoneType if kind is None else kind
        decode = self._reader(asked)
        try:
            return decode(frame.payload)  # a text as it is: msgspec takes both
        except self._msgspec.ValidationError as error:
            raise ContentMismatchError(_turn_around(str(error)), frame) from error
        except self._msgspec.DecodeError as error:
            raise MalformedContentError(f"this is not {self._wire}: {error}", frame) from error
        except RecursionError as error:
            raise MalformedContentError("this is nested too deeply", frame) from error
        except Exception as error:  # a hook, or the class itself, may raise anything
            raise ContentMismatchError(str(error) or repr(error), frame) from error

    def is_applicable(self, frame: Frame) -> bool:
        """Whether it reads frames of this kind: JSON in texts and bytes, MessagePack in bytes."""
        return isinstance(frame, Frame.Binary) or (self._wire == "json" and isinstance(frame, Frame.Text))

    def to_bytes(self, value: object) -> bytes:
        """The content of the message for a value: how brokers write. Raises `SerializeError`."""
        try:
            written: bytes = self._encode(value)
        except Exception as error:  # a hook may raise anything
            raise SerializeError(f"{value!r:.100} cannot be written as {self._wire}: {error}") from error
        return written

    def from_bytes(self, data: bytes, kind: Any) -> Any:
        """The value of type `kind` that such a content says: how brokers read. Raises what msgspec does, and
        `TypeError` for a type that it cannot read.
        """
        asked: Any = NoneType if kind is None else kind
        return self._reader(asked)(data)

    def _find_reader(self, kind: Any) -> Callable[[bytes | str], Any]:
        try:
            decoder: msgspec.json.Decoder[Any] = self._format.Decoder(
                kind, strict=self._strict, dec_hook=self._dec_hook
            )
        except Exception as error:
            raise TypeError(f"{kind!r} cannot be read by msgspec: {error}") from error
        return decoder.decode

    def __repr__(self) -> str:
        return f"MsgspecConverter({self._wire!r})"


def _turn_around(problem: str) -> str:
    """Msgspec says ``what - at `$.where[0]` ``."""
    what, _, where = problem.replace("`", "").partition(" - at ")
    where = where.removeprefix("$").removeprefix(".")
    return f"{where}: {what[:1].lower()}{what[1:]}" if where else f"{what[:1].lower()}{what[1:]}"
