"""`field`: comparing a field of a value makes a filter."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, time
from decimal import Decimal
from enum import Enum
from typing import ClassVar, Final, TypeAlias, final
from uuid import UUID

from ._comparison import among, equal, ordered, unlike
from ._filter import Filter
from ._path import checked_path
from ._scalar import Scalar, said

Operand: TypeAlias = Scalar | date | time | UUID | Decimal | Enum
"""What a field is compared with in Python: what JSON has, and what travels as its text. A `datetime` is a `date`."""


def field(path: str) -> Field:
    """A field of the values of a feed, by its name, or by a path: names with dots between them. Compare it.

    Raises `BadFilterError` for what is no path of at most 8 names.

    >>> field("person.city") == "London"
    Filter(['eq', 'person.city', 'London'])
    >>> field("person.city").is_in(["London", "Paris"])
    Filter(['in', 'person.city', ['London', 'Paris']])
    """
    return Field(path)


@final
class Field:
    """A field of the values of a feed. Each comparison makes a `Filter`; `BadFilterError` for what has no JSON form.

    A value without the field, or with nothing on the way to it, is compared as if it were None. Numbers, texts and
    truth values never compare with each other: ``==`` and the orders are false for such a pair, ``!=`` is true. A date,
    a time, a UUID and a Decimal are compared with what the text says in their own terms.
    """

    __slots__ = ("_path",)
    __hash__: ClassVar[None]  # type: ignore[assignment]  # pyright: ignore[reportIncompatibleMethodOverride]  # equal to what?

    def __init__(self, path: str) -> None:
        self._path: Final = checked_path(path)

    def __eq__(self, other: Operand) -> Filter:  # type: ignore[override]  # pyright: ignore[reportIncompatibleMethodOverride]  # the point of it
        return equal(self._path, said(other))

    def __ne__(self, other: Operand) -> Filter:  # type: ignore[override]  # pyright: ignore[reportIncompatibleMethodOverride]  # as above
        return unlike(self._path, said(other))

    def __lt__(self, other: Operand) -> Filter:
        return ordered("lt", self._path, said(other))

    def __le__(self, other: Operand) -> Filter:
        return ordered("le", self._path, said(other))

    def __gt__(self, other: Operand) -> Filter:
        return ordered("gt", self._path, said(other))

    def __ge__(self, other: Operand) -> Filter:
        return ordered("ge", self._path, said(other))

    def is_in(self, choices: Iterable[Operand]) -> Filter:
        """The values whose field is one of `choices`, 256 at most."""
        if isinstance(choices, str):
            raise TypeError(f"is_in takes several choices, not one text: {choices!r:.80}")
        return among(self._path, [said(each) for each in choices])

    def __repr__(self) -> str:
        return f"field({self._path!r})"
