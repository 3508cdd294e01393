"""Values with named fields: dataclasses, `TypedDict`, `NamedTuple`, generic or not."""

from __future__ import annotations

import dataclasses
import typing
from collections.abc import Callable
from typing import Any, Final, NotRequired, Required, TypeVar, cast, get_args, get_origin, get_type_hints, is_typeddict

from cattrs import ClassValidationError, Converter, ForbiddenExtraKeysError
from cattrs.errors import AttributeValidationNote

from ._containers import Part, an_object, each, places, plain
from ._scalars import Hook

# Type checkers take the arguments of their base classes for theirs.
_Note: Final[Any] = AttributeValidationNote
_Problems: Final[Any] = ClassValidationError

_ABOUT_THE_KEY: Final = {Required, NotRequired, getattr(typing, "ReadOnly", Required)}  # ReadOnly comes with 3.13


def is_class(kind: Any) -> bool:
    """Whether it is a dataclass, or one of attrs."""
    made = plain(kind)
    return isinstance(made, type) and (dataclasses.is_dataclass(made) or hasattr(cast("type", made), "__attrs_attrs__"))


def is_typed_dict(kind: Any) -> bool:
    """Whether it is a `TypedDict`."""
    return is_typeddict(plain(kind))


def is_named_tuple(kind: Any) -> bool:
    """Whether it is a `NamedTuple`."""
    made = plain(kind)
    return isinstance(made, type) and issubclass(made, tuple) and "_fields" in vars(cast("type", made))


def a_class(make: Callable[[Any], Hook], kind: Any) -> Hook:
    """The hook of a dataclass: cattrs fills it."""
    unspecified = () if get_origin(kind) else getattr(kind, "__parameters__", ())
    fill = make(kind[(Any,) * len(unspecified)] if unspecified else kind)  # a generic class alone: of anything
    return lambda content, asked: fill(an_object(content), asked)


def a_named_tuple(converter: Converter, kind: Any) -> Hook:
    """The hook of a `NamedTuple`: a list in JSON, as any tuple."""
    made, hints = plain(kind), _hints(kind)
    read_places = places(converter, tuple(hints.get(name, Any) for name in made._fields), kind)
    return lambda content, asked: made(*read_places(content, asked))


def a_typed_dict(converter: Converter, kind: Any, *, forbid_extra_keys: bool) -> Hook:
    """The hook of a `TypedDict`. Not cattrs' own: that takes every key for required where annotations are texts."""
    required_keys: frozenset[str] = plain(kind).__required_keys__
    fields = {name: _field(hint, name in required_keys) for name, hint in _hints(kind).items()}

    def read(content: Any, _: Any) -> dict[str, Any]:
        given = an_object(content)
        if forbid_extra_keys and (extra := given.keys() - fields.keys()):
            raise ForbiddenExtraKeysError("", kind, set(extra))
        parts: list[Part] = []
        for name, (hint, is_required) in fields.items():
            if name in given:
                parts.append((name, converter.get_structure_hook(hint), hint, given[name]))
            elif is_required:
                parts.append((name, _missing, hint, name))
        return dict(zip((part[0] for part in parts), each(kind, parts, _Note, _Problems), strict=True))

    return read


def _missing(name: str, _: Any) -> None:
    raise KeyError(name)


def _field(hint: Any, is_required: bool) -> tuple[Any, bool]:
    """Type and whether it must be there, of an annotation that may say both."""
    while (said := get_origin(hint)) in _ABOUT_THE_KEY:
        is_required = said is Required or (is_required and said is not NotRequired)
        (hint,) = get_args(hint)
    return hint, is_required


def _hints(kind: Any) -> dict[str, Any]:
    """The annotations of the fields, in the terms of this kind: of ``Pair[int]``, int where `Pair` says T. What was not
    said is anything.
    """
    made = plain(kind)
    said = dict(zip(getattr(made, "__parameters__", ()), get_args(kind), strict=False))
    return {name: _in_terms(hint, said) for name, hint in get_type_hints(made, include_extras=True).items()}


def _in_terms(hint: Any, said: dict[Any, Any]) -> Any:
    if isinstance(hint, TypeVar):
        return said.get(hint, Any)
    parameters = getattr(hint, "__parameters__", ())
    if not parameters or isinstance(hint, type):
        return hint
    return hint[tuple(said.get(each, Any) for each in parameters)]
