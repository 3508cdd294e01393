"""Comparisons of a field: filters that are told from others by what they say, not by who knows their name."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from operator import ge, gt, le, lt
from typing import Any, Final

from flowws.feeds._errors import BadFilterError

from ._filter import Filter, check_choices
from ._path import reader
from ._scalar import Scalar, canonical, checked_scalar, forms, in_plain_terms

ORDERS: Final[dict[str, Callable[[Any, Any], bool]]] = {"lt": lt, "le": le, "gt": gt, "ge": ge}


def equal(path: str, scalar: object) -> Filter:
    """The values whose field is that."""
    checked = checked_scalar(scalar)
    return _one_of(path, [checked], ["eq", path, checked])


def among(path: str, choices: list[Any]) -> Filter:
    """The values whose field is one of those."""
    check_choices(len(choices))  # before each is looked at
    checked = [checked_scalar(each) for each in choices]
    return _one_of(path, checked, ["in", path, checked], len(checked))


def unlike(path: str, scalar: object) -> Filter:
    """The values whose field is anything else."""
    checked = checked_scalar(scalar)
    same = ~_one_of(path, [checked], [])
    return Filter(["ne", path, checked], same._key, same._check, None, ())


def ordered(order: str, path: str, scalar: object) -> Filter:
    """The values whose field is below or above."""
    checked = checked_scalar(scalar)
    if checked is None or isinstance(checked, bool):
        raise BadFilterError(f"{order} compares with a number or a text, not with {json.dumps(checked)}")
    read, compare, known = reader(path), ORDERS[order], forms(checked)

    def check(value: object) -> bool:
        found = read(value)
        kind: type | None = type(found)
        if kind not in known:
            found, kind = in_plain_terms(found)
            if kind not in known:
                return False
        try:
            return compare(found, known[kind])
        except (TypeError, ArithmeticError):  # one has a time zone, the other has none; a Decimal that is not a number
            return False

    return Filter([order, path, checked], f'["{order}",{json.dumps(path)},{canonical(checked)}]', check, None, ())


def _one_of(path: str, scalars: Sequence[Scalar], description: list[Any], choices: int = 0) -> Filter:
    """The values whose field is one of these."""
    read = reader(path)
    known: dict[type, set[object]] = {}
    for scalar in scalars:
        for kind, form in forms(scalar).items():
            known.setdefault(kind, set()).add(form)

    def check(value: object) -> bool:
        found = read(value)
        kind: type | None = type(found)
        if kind not in known:
            found, kind = in_plain_terms(found)
            if kind not in known:
                return False
        try:
            return found in known[kind]
        except TypeError:  # a Decimal that is not a number
            return False

    items = ",".join(sorted(set(map(canonical, scalars))))
    return Filter(description, f'["in",{json.dumps(path)},[{items}]]', check, None, (), choices)
