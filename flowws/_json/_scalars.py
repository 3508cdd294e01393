"""Values without parts: numbers, texts, dates, enums, literals."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime, time
from enum import Enum, Flag
from functools import lru_cache
from types import NoneType
from typing import Any, Final, TypeAlias, get_args
from uuid import UUID

from ._problems import Mismatch

Hook: TypeAlias = Callable[[Any, Any], Any]
"""Reads a content as a type: cattrs' form of it."""


def is_enum(kind: Any) -> bool:
    """Whether it is a class of enum members."""
    return isinstance(kind, type) and issubclass(kind, Enum)


def as_it_is(content: Any, _: Any) -> Any:
    """The hook of `Any`."""
    return content


def from_text(parse: Callable[[str], Any], name: str) -> Hook:
    """The hook of what JSON says as a text."""

    def read(content: Any, _: Any) -> Any:
        try:
            if type(content) is str:
                return parse(content)
        except ValueError:
            pass
        raise Mismatch(name, content)

    return read


def _scalar(kind: Any, name: str) -> Hook:
    """Cattrs comes here for subclasses too, an `IntEnum` for one."""
    takes = (int, float) if kind is float else (kind,)

    def read(content: Any, asked: Any) -> Any:
        if is_enum(asked):
            return enum(asked)(content, asked)
        if type(content) not in takes:
            raise Mismatch(name, content)
        return content if type(content) is asked else asked(content)

    return read


def _null(content: Any, _: Any) -> None:
    if content is not None:
        raise Mismatch("null", content)


def _no_bytes(content: Any, _: Any) -> Any:
    raise Mismatch("bytes, which JSON has no form for", content)


SCALARS: Final[dict[Any, Hook]] = {
    str: _scalar(str, "a text"),
    bool: _scalar(bool, "true or false"),
    int: _scalar(int, "an integer"),
    float: _scalar(float, "a number"),
    bytes: _no_bytes,
    NoneType: _null,
    datetime: from_text(datetime.fromisoformat, "a date and time"),
    date: from_text(date.fromisoformat, "a date"),
    time: from_text(time.fromisoformat, "a time of day"),
    UUID: from_text(UUID, "a UUID"),
}


# One of a few


@lru_cache(maxsize=1024)
def enum(kind: type[Enum]) -> Hook:
    """The hook of an enum."""
    return _flags(kind) if issubclass(kind, Flag) else choice({member.value: member for member in kind})


def _flags(kind: type[Flag]) -> Hook:
    def read(content: Any, _: Any) -> Any:
        try:
            if type(content) is int and (flags := kind(content)).value == content:  # some drop the bits of nobody
                return flags
        except ValueError:
            pass
        raise Mismatch(f"a sum of {' and '.join(str(member.value) for member in kind)}", content)

    return read


def literal(kind: Any) -> Hook:
    """The hook of a `Literal`."""
    return choice({(each.value if isinstance(each, Enum) else each): each for each in get_args(kind)})


def choice(choices: dict[Any, Any]) -> Hook:
    """The hook of a few values, by what they are in JSON."""
    names = " or ".join(repr(value) for value in choices)

    def read(content: Any, _: Any) -> Any:
        for value, chosen in choices.items():
            if value == content and type(value) is type(content):
                return chosen
        raise Mismatch(names, content)

    return read
