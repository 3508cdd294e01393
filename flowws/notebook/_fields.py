"""What a value consists of: the columns of a table, the lines of a plot."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from decimal import Decimal
from functools import lru_cache
from math import isfinite
from numbers import Real
from typing import Any, Final, TypeVar, cast

T = TypeVar("T")

VALUE: Final = "value"
"""The heading of a value that has no fields."""

# Named tuples, dataclasses, msgspec's structs, pydantic's models: each lists its fields under a name of its own.
_LISTS: Final = ("_fields", "__dataclass_fields__", "__struct_fields__", "__pydantic_fields__")


def fields_of(value: object) -> dict[str, object] | None:
    """The fields of `value` by name; None where it has none."""
    kind: type[Any] = type(value)
    if _is_mapping(kind):
        return {str(key): each for key, each in cast("Mapping[object, object]", value).items()}
    names = _names(kind)
    return {name: getattr(value, name, None) for name in names} if names else None


def columns_of(value: object) -> dict[str, object]:
    """The fields; a value without any is its own."""
    fields = fields_of(value)
    return {VALUE: value} if fields is None else fields


def numbers_of(value: object) -> dict[str, float]:
    """The fields that can be plotted: finite numbers, and no booleans."""
    return {name: number for name, each in columns_of(value).items() if (number := _number(each)) is not None}


def is_number(value: object) -> bool:
    """Whether it counts something, or measures."""
    return _counts_or_measures(type(value))


def _number(value: object) -> float | None:
    if not _counts_or_measures(type(value)):
        return None
    try:
        number = float(cast("float", value))
    except (OverflowError, ValueError):  # an integer larger than any float, a signalling NaN
        return None
    return number if isfinite(number) else None


# A plot asks for thousands of values a second, mostly of one kind (benchmarks/bench_view.py).


def _remembered(ask: Callable[[type[Any]], T]) -> Callable[[type[Any]], T]:
    return cast("Callable[[type[Any]], T]", lru_cache(maxsize=128)(ask))


@_remembered
def _is_mapping(kind: type[Any]) -> bool:
    return issubclass(kind, Mapping)


@_remembered
def _counts_or_measures(kind: type[Any]) -> bool:
    return not issubclass(kind, bool) and issubclass(kind, (Real, Decimal))


@_remembered
def _names(kind: type[Any]) -> tuple[str, ...]:
    for name in _LISTS:
        fields: Any = getattr(kind, name, None)
        if fields:
            return tuple(map(str, fields))
    return ()
