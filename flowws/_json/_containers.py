"""Values that contain others: lists, sets, mappings, tuples. Hooks of what they contain are looked up when first
needed: a type may contain itself.
"""

from __future__ import annotations

import collections.abc
import re
from collections.abc import Callable
from typing import Any, Final, TypeAlias, TypeVar, cast, get_args, get_origin

from cattrs import Converter, IterableValidationError
from cattrs.errors import IterableValidationNote

from ._problems import Mismatch, are_enough
from ._scalars import SCALARS, Hook, choice, from_text, is_enum

# Type checkers take the arguments of their base classes for theirs.
_Note: Final[Any] = IterableValidationNote
_Problems: Final[Any] = IterableValidationError

LISTS: Final = {
    list,
    collections.abc.Sequence,
    collections.abc.MutableSequence,
    collections.abc.Iterable,
    collections.abc.Collection,
}
SETS: Final[dict[Any, Callable[[list[Any]], Any]]] = {
    set: set,
    collections.abc.Set: frozenset,
    collections.abc.MutableSet: set,
    frozenset: frozenset,
}
MAPPINGS: Final = {dict, collections.abc.Mapping, collections.abc.MutableMapping}

Part: TypeAlias = tuple[Any, Hook, Any, Any]
"""Where it is, its hook, its type, its content."""


def plain(kind: Any) -> Any:
    """The class of a generic: `list` of ``list[int]``; any other type is its own."""
    return get_origin(kind) or kind


def array(converter: Converter, make: Callable[[list[Any]], Any], kind: Any) -> Hook:
    """The hook of a list, and of what is made of one."""
    (element,) = get_args(kind) or (Any,)
    if element is Any:
        return lambda content, _: make(_list(content))

    def read(content: Any, _: Any) -> Any:
        hook = converter.get_structure_hook(element)
        return make(each(kind, [(index, hook, element, item) for index, item in enumerate(_list(content))]))

    return read


def a_set(converter: Converter, kind: Any) -> Hook:
    """The hook of a set."""
    return array(converter, SETS[plain(kind)], kind)


def a_tuple(converter: Converter, kind: Any) -> Hook:
    """The hook of a tuple, which has so many places, or any number of one type."""
    kinds = get_args(kind)
    if kind is tuple or (kinds and kinds[-1] is Ellipsis):
        return array(converter, tuple, _list_of(kinds[0] if kinds else Any))
    return places(converter, kinds, kind)


def places(converter: Converter, kinds: tuple[Any, ...], kind: Any) -> Hook:
    """The hook of a list with a type for each place."""

    def read(content: Any, _: Any) -> Any:
        items = _list(content, len(kinds))
        hooks = [converter.get_structure_hook(each) for each in kinds]
        return tuple(each(kind, list(zip(range(len(kinds)), hooks, kinds, items, strict=True))))

    return read


def mapping(converter: Converter, kind: Any) -> Hook:
    """The hook of a mapping."""
    key, value = get_args(kind) or (Any, Any)
    if key in (Any, str) and value is Any:  # nothing to look at: a key of JSON is a text
        return lambda content, _: an_object(content)

    def read(content: Any, _: Any) -> dict[Any, Any]:
        fields = an_object(content)
        key_hook, value_hook = _key_hook(converter, key), converter.get_structure_hook(value)
        keys = each(kind, [(name, key_hook, key, name) for name in fields])
        values = each(kind, [(name, value_hook, value, item) for name, item in fields.items()])
        return dict(zip(keys, values, strict=True))

    return read


def _key_hook(converter: Converter, kind: Any) -> Hook:
    """A key is a text in JSON: the one place where a number may come as one."""
    if kind in _KEYS:
        return _KEYS[kind]
    if is_enum(kind) and not issubclass(kind, str):
        by_text = {str(member.value): member for member in kind}
        return lambda content, _: choice(by_text)(content, kind)
    return SCALARS[str] if isinstance(kind, TypeVar) else converter.get_structure_hook(kind)


_NUMBER: Final = re.compile(r"-?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][+-]?[0-9]+)?")  # RFC 8259, section 6


def _number(kind: type[int | float], name: str) -> Hook:
    """Not what Python takes for one besides: blanks, underscores, other digits, nan."""

    def parse(text: str) -> int | float:
        if _NUMBER.fullmatch(text) is None:
            raise ValueError(text)
        return kind(text)

    return from_text(parse, name)


_KEYS: Final[dict[Any, Hook]] = {
    int: _number(int, "an integer"),
    float: _number(float, "a number"),
    bool: lambda content, _: choice({"true": True, "false": False})(content, bool),
}


def an_object(content: Any) -> dict[str, Any]:
    """The content, which must be an object of JSON."""
    if type(content) is not dict:
        raise Mismatch("an object", content)
    return cast("dict[str, Any]", content)


def _list(content: Any, length: int | None = None) -> list[Any]:
    if _is_list(content) and length in (None, len(content)):
        return cast("list[Any]", content)
    raise Mismatch("a list" if length is None else f"a list of {length}", content)


def _is_list(content: object) -> bool:
    return type(content) is list


def _list_of(kind: Any) -> Any:
    return list[kind]


def each(kind: Any, parts: list[Part], note: Any = _Note, problems_of: Any = _Problems) -> list[Any]:
    """Every part, read; or problems, with their places, as many as are told."""
    done: list[Any] = []
    problems: list[Exception] = []
    for place, hook, part_kind, content in parts:
        try:
            done.append(hook(content, part_kind))
        except Exception as error:  # noqa: BLE001  # whatever it is, it is told with its place
            error.__notes__ = [
                *getattr(error, "__notes__", ()),
                note(f"at {place!r}", place, part_kind),
            ]
            problems.append(error)
            if are_enough(problems):
                break
    if problems:
        raise problems_of("some parts do not fit", problems, kind)
    return done
