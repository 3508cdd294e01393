"""`JsonCodec`: values as the bytes of a JSON text, read strictly."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from types import NoneType
from typing import Any, Final, cast

import orjson

from ._errors import JsonMismatchError, MalformedJsonError
from ._problems import problem_of, unreadable
from ._strict import strict_converter


class JsonCodec:
    """Values as JSON in UTF-8, written by orjson and read by cattrs, strictly.

    Reads and writes what type hints can say in JSON: numbers, texts, lists, tuples, sets, mappings, dataclasses,
    `TypedDict`, `NamedTuple`, enums, `Literal`, `Optional`, unions (of classes: told apart by a `Literal` field,
    else by the fields they have), generics, `datetime`, `date`, `time` and `UUID`.

    Strictly: ``"12"`` is not a number, ``1`` not a bool, ``null`` nothing but None; a pair is not a triple. A number
    without a fraction is also a `float`. A field that nobody asked for is ignored, unless `forbid_extra_keys`.

    >>> JsonCodec().to_bytes({"name": "Ada"})
    b'{"name":"Ada"}'
    >>> JsonCodec().from_bytes(b'[1, 2, 2]', set[int])
    {1, 2}
    """

    def __init__(self, *, forbid_extra_keys: bool = False) -> None:
        self._converter: Final = strict_converter(forbid_extra_keys=forbid_extra_keys)
        self._reader: Final = lru_cache(maxsize=1024)(self._find_reader)

    def to_bytes(self, value: object) -> bytes:
        """The JSON text for a value. Raises `TypeError` for one that has no form in JSON."""
        try:
            return orjson.dumps(value, _in_other_words, orjson.OPT_NON_STR_KEYS)
        except TypeError as error:  # orjson.JSONEncodeError is one
            raise TypeError(f"{value!r:.100} cannot be written as JSON: {error}") from error

    def from_bytes(self, data: bytes | str, kind: Any) -> Any:
        """The value of type `kind` that a JSON text says.

        Raises `MalformedJsonError` for what is no JSON, `JsonMismatchError`, which says where it is something else, and
        `TypeError` for a type that JSON has no form for.
        """
        asked: Any = NoneType if kind is None else kind
        read = self._reader(asked)
        try:
            content = orjson.loads(data)
        except ValueError as error:  # orjson.JSONDecodeError
            raise MalformedJsonError(f"this is not JSON: {error}") from error
        try:
            return read(content, asked)
        except Exception as error:  # a hook, or the class itself, may raise anything: all of it means "does not fit"
            if missing := unreadable(error):
                raise _no_form(kind, missing) from error
            raise JsonMismatchError(problem_of(error)) from error

    def _find_reader(self, kind: Any) -> Callable[[Any, Any], Any]:
        try:
            return self._converter.get_structure_hook(kind)
        except Exception as error:  # cattrs has many words for it
            raise _no_form(kind, error) from error

    def __repr__(self) -> str:
        return "JsonCodec()"


def _no_form(kind: Any, error: Exception) -> TypeError:
    return TypeError(f"{kind!r} cannot be read from JSON: {error}")


def _in_other_words(value: object) -> object:
    """What orjson does not know, in terms that it knows."""
    if isinstance(value, (set, frozenset)):
        return list(cast("set[object]", value))
    if isinstance(value, tuple):  # a NamedTuple
        return tuple(cast("tuple[object, ...]", value))
    raise TypeError(f"{type(value).__name__} has no form in JSON")
