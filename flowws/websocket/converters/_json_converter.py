"""`JsonConverter`: values as JSON, read strictly."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from types import NoneType
from typing import Any, Final, cast

import orjson

from flowws.websocket._errors import DeserializeError, SerializeError
from flowws.websocket._frame import Frame

from ._problems import problem_of
from ._strict import strict_converter


class JsonConverter:
    """Values as JSON text, written by orjson and read by cattrs, strictly.

    Reads and writes what type hints can say in JSON: numbers, texts, lists, tuples, sets, mappings, dataclasses,
    `TypedDict`, `NamedTuple`, enums, `Literal`, `Optional`, unions (of classes: told apart by a `Literal` field,
    else by the fields they have), generics, `datetime`, `date`, `time` and `UUID`.

    Strictly: ``"12"`` is not a number, ``1`` not a bool, ``null`` nothing but None; a pair is not a triple. A number
    without a fraction is also a `float`. A field that nobody asked for is ignored, unless `forbid_extra_keys`.

    Writes text messages, reads text and binary ones.

    >>> JsonConverter().serialize({"name": "Ada"})
    <Frame.Text '{"name":"Ada"}'>
    """

    def __init__(self, *, forbid_extra_keys: bool = False) -> None:
        self._converter: Final = strict_converter(forbid_extra_keys=forbid_extra_keys)
        self._reader: Final = lru_cache(maxsize=1024)(self._find_reader)

    def serialize(self, value: object) -> Frame.Text:
        """The message for a value. Raises `SerializeError`."""
        try:
            return Frame.Text(orjson.dumps(value, _in_other_words, orjson.OPT_NON_STR_KEYS))
        except TypeError as error:  # orjson.JSONEncodeError is one
            raise SerializeError(f"{value!r:.100} cannot be written as JSON: {error}") from error

    def deserialize(self, frame: Frame, kind: Any) -> Any:
        """The value of type `kind` that a message says.

        Raises `DeserializeError`, which says what is wrong and where, and `TypeError` for a type that JSON has no
        form for.
        """
        asked: Any = NoneType if kind is None else kind
        read = self._reader(asked)
        try:
            content = orjson.loads(frame.data)
        except orjson.JSONDecodeError as error:
            raise DeserializeError(f"this is not JSON: {error}", frame) from error
        try:
            return read(content)
        except Exception as error:  # a hook, or the class itself, may raise anything: all of it means "does not fit"
            raise DeserializeError(problem_of(error), frame) from error

    def _find_reader(self, kind: Any) -> Callable[[Any], Any]:
        try:
            hook = self._converter.get_structure_hook(kind)
        except Exception as error:  # cattrs has many words for it
            raise TypeError(f"{kind!r} cannot be read from JSON: {error}") from error
        return lambda content: hook(content, kind)

    def __repr__(self) -> str:
        return "JsonConverter()"


def _in_other_words(value: object) -> object:
    """What orjson does not know, in terms that it knows."""
    if isinstance(value, (set, frozenset)):
        return list(cast("set[object]", value))
    if isinstance(value, tuple):  # a NamedTuple
        return tuple(cast("tuple[object, ...]", value))
    raise TypeError(f"{type(value).__name__} has no form in JSON")
