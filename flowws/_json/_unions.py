"""Which member of a union a content is meant for."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from enum import Enum
from types import NoneType
from typing import Any, Literal, cast, get_args, get_origin, get_type_hints

from cattrs import Converter

from ._problems import Mismatch, unreadable


def read_union(converter: Converter, union: Any) -> Callable[[Any, Any], Any]:
    """The hook of a union.

    An object goes to the class whose `Literal` field says so, else to the classes that know most of its keys;
    anything else to the members in their order. The first that takes it wins; if none does, the complaint of the
    only likely one is told.
    """
    members = [NoneType if member is None else member for member in get_args(union)]
    classes = [member for member in members if _fields(member)]
    others = [member for member in members if member not in classes]
    tag = _common_tag(classes)

    def read(content: Any, _: Any) -> Any:
        if type(content) is dict and classes:
            fields = cast("dict[str, Any]", content)
            if tag is not None:
                chosen = _tagged(tag, classes, fields)
                return converter.get_structure_hook(chosen)(content, chosen)
            known = sorted(classes, key=lambda each: -len(_fields(each).keys() & fields.keys()))  # stable
            return _first_that_fits(converter, [*known, *others], content)
        return _first_that_fits(converter, others or classes, content)

    return read


def _first_that_fits(converter: Converter, members: list[Any], content: Any) -> Any:
    complaints: list[Exception] = []
    for member in members:
        try:
            return converter.get_structure_hook(member)(content, member)
        except Exception as error:  # it does not fit, the next one may
            if unreadable(error):
                raise
            complaints.append(error)
    likely = [error for error, member in zip(complaints, members, strict=True) if member is not NoneType]
    if len(likely) == 1:
        raise likely[0]
    raise Mismatch(" or ".join(_name(member) for member in members), content)


def _tagged(tag: str, classes: list[Any], content: dict[str, Any]) -> Any:
    if tag not in content:
        raise KeyErrorAt(tag)
    said = content[tag]
    choices = {value: member for member in classes for value in _literals(_fields(member)[tag])}
    for value, member in choices.items():
        if value == said and type(value) is type(said):
            return member
    raise MismatchAt(tag, Mismatch(" or ".join(map(repr, choices)), said))


class MismatchAt(Mismatch):
    """A mismatch in a field."""

    def __init__(self, field: str, mismatch: Mismatch) -> None:
        ValueError.__init__(self, f"{field}: {mismatch}")


class KeyErrorAt(Mismatch):
    """A field that is missing."""

    def __init__(self, field: str) -> None:
        ValueError.__init__(self, f"{field}: missing")


def _common_tag(classes: list[Any]) -> str | None:
    """The field that is a `Literal` in every class, and a different one in each."""
    if len(classes) < 2:
        return None
    for field in _fields(classes[0]):
        values = [value for member in classes for value in _literals(_fields(member).get(field))]
        if all(_literals(_fields(member).get(field)) for member in classes) and len(set(values)) == len(values):
            return field
    return None


def _literals(kind: Any) -> tuple[Any, ...]:
    if get_origin(kind) is not Literal:
        return ()
    return tuple(value.value if isinstance(value, Enum) else value for value in get_args(kind))


def _fields(kind: Any) -> dict[str, Any]:
    """The fields of a class, by name; nothing for what is no class with fields."""
    plain = get_origin(kind) or kind
    if dataclasses.is_dataclass(plain) or hasattr(plain, "__attrs_attrs__") or hasattr(plain, "__required_keys__"):
        return get_type_hints(plain)
    return {}


def _name(member: Any) -> str:
    if member is NoneType:
        return "null"
    return getattr(member, "__name__", None) or repr(member)
