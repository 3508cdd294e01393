"""`Scalar`: what a field is compared with, and what it means to a field of another type."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import date, datetime, time
from decimal import Context, Decimal
from enum import Enum
from functools import lru_cache
from math import isfinite
from reprlib import repr as short_repr
from types import NoneType
from typing import Any, Final, TypeAlias
from uuid import UUID

from flowws.feeds._errors import BadFilterError

Scalar: TypeAlias = bool | int | float | str | None
"""What a filter compares a field with: null, true and false, a number, a text."""

MAX_TEXT: Final = 1024  # characters
_WHOLE: Final = range(-(2**63), 2**64)  # whole numbers that every reader of JSON on this side takes

_EXACT: Final = Context()
"""Asked for: else decimal makes one of its own for each session's context, and it stays there."""


def _number(text: str) -> Decimal:
    number = Decimal(text, _EXACT)
    if number.is_nan():  # it is not even like itself, and one of two sorts has no hash
        raise ValueError(text)
    return number


_BY_TEXT: Final[dict[type, Callable[[str], object]]] = {
    datetime: datetime.fromisoformat,
    date: date.fromisoformat,
    time: time.fromisoformat,
    UUID: UUID,
    Decimal: _number,
}
"""How a field of this type reads the text that it is compared with."""

_KINDS: Final = frozenset({NoneType, bool, int, float, str, *_BY_TEXT})


def checked_text(text: object, what: str) -> str:
    """A name, a path or a text. Raises `BadFilterError` for what is none, is too long or is no Unicode."""
    if not isinstance(text, str):
        raise BadFilterError(f"{what} is a text, not {short_repr(text)}")
    if len(text) > MAX_TEXT:
        raise BadFilterError(f"{what} has at most {MAX_TEXT} characters, not {len(text)}")
    if not text.isascii() and any("\ud800" <= each <= "\udfff" for each in text):
        raise BadFilterError(f"{what} is no Unicode: {short_repr(text)}")
    return text


def checked_scalar(value: object) -> Scalar:
    """What a field may be compared with. Raises `BadFilterError` for anything else."""
    if isinstance(value, str):
        return checked_text(value, "a text in a filter")
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, int) and value in _WHOLE:
        return value
    if isinstance(value, float) and isfinite(value):
        return value
    raise BadFilterError(f"a field is compared with null, true, false, a number or a text, not {short_repr(value)}")


def said(value: object) -> object:
    """A value of Python in the terms of JSON, as far as it has any: `Enum` by value, others by their text."""
    while isinstance(value, Enum):
        value = value.value
    if isinstance(value, (datetime, date, time)):
        return value.isoformat()
    return str(value) if isinstance(value, (UUID, Decimal)) else value


def canonical(scalar: Scalar) -> str:
    """The same text for scalars that are equal to every field."""
    return json.dumps(int(scalar) if isinstance(scalar, float) and scalar.is_integer() else scalar)


def forms(scalar: Scalar) -> dict[type, object]:
    """What a scalar is to a field, by the field's type. There is none for types that it is never compared with."""
    if not isinstance(scalar, str):
        if isinstance(scalar, (bool, NoneType)):
            return {type(scalar): scalar}
        number = int(scalar) if isinstance(scalar, float) and scalar.is_integer() else scalar  # as `canonical` has it
        return {int: number, float: number, Decimal: Decimal(repr(number), _EXACT)}
    found: dict[type, object] = {str: scalar}
    for kind, read in _BY_TEXT.items():
        try:
            found[kind] = read(scalar)
        except (ValueError, ArithmeticError):  # ArithmeticError: Decimal's word for it
            continue
    return found


def in_plain_terms(found: object) -> tuple[object, type | None]:
    """A field's content and which of the types above it is: members of an `Enum` are their values, and what is of a
    subclass counts as of the class. None where it is something else, such as a list.
    """
    while isinstance(found, Enum):
        found = found.value
    kind: Any = type(found)
    return found, _kind(kind)


@lru_cache(maxsize=1024)
def _kind(kind: type[object]) -> type | None:
    return next((base for base in kind.__mro__ if base in _KINDS), None)  # a bool is no int: its own class comes first
