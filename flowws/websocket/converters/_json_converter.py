"""`JsonConverter`: values as JSON, read strictly."""

from __future__ import annotations

from codecs import lookup
from collections.abc import Callable
from functools import lru_cache
from types import NoneType
from typing import Any, Final, cast

import orjson

from flowws.websocket._errors import ContentMismatchError, MalformedContentError, SerializeError
from flowws.websocket._frame import Frame

from ._content_converter import not_applicable
from ._problems import problem_of, unreadable
from ._strict import strict_converter


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
        self._converter: Final = strict_converter(forbid_extra_keys=forbid_extra_keys)
        self._reader: Final = lru_cache(maxsize=1024)(self._find_reader)

    def serialize(self, value: object) -> Frame:
        """The message for a value. Raises `SerializeError`."""
        try:
            written = orjson.dumps(value, _in_other_words, orjson.OPT_NON_STR_KEYS)
            return (
                Frame.Text(written) if self._charset is None else Frame.Binary(written.decode().encode(self._charset))
            )
        except (TypeError, UnicodeEncodeError) as error:  # orjson.JSONEncodeError is a TypeError
            raise SerializeError(f"{value!r:.100} cannot be written as JSON: {error}") from error

    def deserialize(self, frame: Frame, kind: Any) -> Any:
        """The value of type `kind` that a message says.

        Raises `DeserializeError`, which says what is wrong and where, and `TypeError` for a type that JSON has no
        form for.
        """
        if not self.is_applicable(frame):
            raise not_applicable(self, frame)
        asked: Any = NoneType if kind is None else kind
        read = self._reader(asked)
        try:
            content = orjson.loads(self._utf8(frame))
        except ValueError as error:  # orjson.JSONDecodeError and UnicodeDecodeError
            raise MalformedContentError(f"this is not JSON: {error}", frame) from error
        try:
            return read(content)
        except Exception as error:  # a hook, or the class itself, may raise anything: all of it means "does not fit"
            if missing := unreadable(error):
                raise _no_form(kind, missing) from error
            raise ContentMismatchError(problem_of(error), frame) from error

    def is_applicable(self, frame: Frame) -> bool:
        """Whether it reads frames of this kind: texts and bytes."""
        return not frame.is_control

    def _utf8(self, frame: Frame) -> bytes | str:
        if self._charset is None or isinstance(frame, Frame.Text):
            return frame.payload  # a text as it is: orjson takes both
        return frame.data.decode(self._charset)

    def _find_reader(self, kind: Any) -> Callable[[Any], Any]:
        try:
            hook = self._converter.get_structure_hook(kind)
        except Exception as error:  # cattrs has many words for it
            raise _no_form(kind, error) from error
        return lambda content: hook(content, kind)

    def __repr__(self) -> str:
        return "JsonConverter()"


def _checked(charset: str) -> str | None:
    """The name of a charset; None for UTF-8, which needs nobody's help."""
    try:
        name = lookup(charset).name
    except LookupError:
        raise ValueError(f"there is no charset {charset!r}") from None
    return None if name == "utf-8" else name


def _no_form(kind: Any, error: Exception) -> TypeError:
    return TypeError(f"{kind!r} cannot be read from JSON: {error}")


def _in_other_words(value: object) -> object:
    """What orjson does not know, in terms that it knows."""
    if isinstance(value, (set, frozenset)):
        return list(cast("set[object]", value))
    if isinstance(value, tuple):  # a NamedTuple
        return tuple(cast("tuple[object, ...]", value))
    raise TypeError(f"{type(value).__name__} has no form in JSON")
