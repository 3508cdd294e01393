"""A cattrs converter that takes JSON at its word: no number from a text, no list from a text, no class from a list."""

from __future__ import annotations

import collections.abc
import dataclasses
from collections.abc import Callable
from datetime import date, datetime, time
from enum import Enum
from functools import lru_cache, partial
from types import NoneType, UnionType
from typing import (
    Any,
    Final,
    Literal,
    TypeAlias,
    TypeVar,
    Union,
    cast,
    get_args,
    get_origin,
    get_type_hints,
    is_typeddict,
)
from uuid import UUID

from cattrs import Converter, IterableValidationError
from cattrs.errors import IterableValidationNote

from ._problems import Mismatch
from ._unions import read_union

Hook: TypeAlias = Callable[[Any, Any], Any]

# Type checkers take the arguments of their base classes for theirs.
_Note: Final[Any] = IterableValidationNote
_Problems: Final[Any] = IterableValidationError

_LISTS: Final = {
    list,
    collections.abc.Sequence,
    collections.abc.MutableSequence,
    collections.abc.Iterable,
    collections.abc.Collection,
}
_SETS: Final[dict[Any, Callable[[list[Any]], Any]]] = {
    set: set,
    collections.abc.Set: frozenset,
    collections.abc.MutableSet: set,
    frozenset: frozenset,
}
_MAPPINGS: Final = {dict, collections.abc.Mapping, collections.abc.MutableMapping}


def strict_converter(*, forbid_extra_keys: bool) -> Converter:
    """The converter, with every hook that differs from cattrs' own."""
    converter = Converter(forbid_extra_keys=forbid_extra_keys, detailed_validation=True)
    for scalar, hook in _SCALARS.items():
        converter.register_structure_hook(scalar, hook)
    cattrs: Any = converter  # not all of its methods are typed
    factories: tuple[tuple[Callable[[Any], bool], Callable[[Any], Hook]], ...] = (
        (_is_enum, _enum),
        (_is_named_tuple, partial(_named_tuple, converter)),
        (lambda kind: _origin(kind) is Literal, _literal),
        (_is_class, partial(_object, cattrs.gen_structure_attrs_fromdict)),
        (_is_typed_dict, partial(_object, cattrs.gen_structure_typeddict)),
        (_is_one_of(_LISTS), partial(_array, converter, list)),
        (_is_one_of(_SETS), lambda kind: _array(converter, _SETS[_plain(kind)], kind)),
        (_is_one_of(_MAPPINGS), partial(_mapping, converter)),
        (_is_one_of({tuple}), partial(_tuple, converter)),
        (lambda kind: _origin(kind) in (Union, UnionType), partial(read_union, converter)),
    )
    for fits, factory in factories:
        converter.register_structure_hook_factory(fits, factory)
    return converter


# Which hook is whose


def _origin(kind: Any) -> Any:
    return get_origin(kind)


def _plain(kind: Any) -> Any:
    return get_origin(kind) or kind


def _is_one_of(plain: collections.abc.Container[Any]) -> Callable[[Any], bool]:
    def is_one(kind: Any) -> bool:
        try:
            return _plain(kind) in plain
        except TypeError:  # not hashable
            return False

    return is_one


def _is_enum(kind: Any) -> bool:
    return isinstance(kind, type) and issubclass(kind, Enum)


def _is_named_tuple(kind: Any) -> bool:
    return isinstance(kind, type) and issubclass(kind, tuple) and "_fields" in vars(cast("type", kind))


def _is_class(kind: Any) -> bool:
    plain = _plain(kind)
    return isinstance(plain, type) and (
        dataclasses.is_dataclass(plain) or hasattr(cast("type", plain), "__attrs_attrs__")
    )


def _is_typed_dict(kind: Any) -> bool:
    return is_typeddict(_plain(kind))


# Scalars


def _scalar(kind: Any, name: str) -> Hook:
    """Cattrs comes here for subclasses too, an `IntEnum` for one."""
    takes = (int, float) if kind is float else (kind,)

    def read(content: Any, asked: Any) -> Any:
        if _is_enum(asked):
            return _enum(asked)(content, asked)
        if type(content) not in takes:
            raise Mismatch(name, content)
        return content if type(content) is asked else asked(content)

    return read


def _null(content: Any, _: Any) -> None:
    if content is not None:
        raise Mismatch("null", content)


def _from_text(parse: Callable[[str], Any], name: str) -> Hook:
    def read(content: Any, _: Any) -> Any:
        try:
            if type(content) is str:
                return parse(content)
        except ValueError:
            pass
        raise Mismatch(name, content)

    return read


def _no_bytes(content: Any, _: Any) -> Any:
    raise Mismatch("bytes, which JSON has no form for", content)


_SCALARS: Final[dict[Any, Hook]] = {
    str: _scalar(str, "a text"),
    bool: _scalar(bool, "true or false"),
    int: _scalar(int, "an integer"),
    float: _scalar(float, "a number"),
    bytes: _no_bytes,
    NoneType: _null,
    datetime: _from_text(datetime.fromisoformat, "a date and time"),
    date: _from_text(date.fromisoformat, "a date"),
    time: _from_text(time.fromisoformat, "a time of day"),
    UUID: _from_text(UUID, "a UUID"),
}


@lru_cache(maxsize=1024)
def _enum(kind: type[Enum]) -> Hook:
    return _choice({member.value: member for member in kind})


def _literal(kind: Any) -> Hook:
    return _choice({(each.value if isinstance(each, Enum) else each): each for each in get_args(kind)})


def _choice(choices: dict[Any, Any]) -> Hook:
    names = " or ".join(repr(value) for value in choices)

    def read(content: Any, _: Any) -> Any:
        for value, choice in choices.items():
            if value == content and type(value) is type(content):
                return choice
        raise Mismatch(names, content)

    return read


# Containers. Hooks of what they contain are looked up when first needed: a type may contain itself.


def _object(make: Callable[[Any], Hook], kind: Any) -> Hook:
    fill = make(kind)

    def read(content: Any, asked: Any) -> Any:
        if type(content) is not dict:
            raise Mismatch("an object", content)
        return fill(content, asked)

    return read


def _array(converter: Converter, make: Callable[[list[Any]], Any], kind: Any) -> Hook:
    (element,) = get_args(kind) or (Any,)

    def read(content: Any, _: Any) -> Any:
        hook = converter.get_structure_hook(element)
        return make(_each(kind, [(index, hook, element, item) for index, item in enumerate(_list(content))]))

    return read


def _is_list(content: object) -> bool:
    return type(content) is list


def _list(content: Any, length: int | None = None) -> list[Any]:
    if _is_list(content) and length in (None, len(content)):
        return cast("list[Any]", content)
    raise Mismatch("a list" if length is None else f"a list of {length}", content)


def _list_of(kind: Any) -> Any:
    return list[kind]


def _tuple(converter: Converter, kind: Any) -> Hook:
    kinds = get_args(kind)
    if kind is tuple or (kinds and kinds[-1] is Ellipsis):
        return _array(converter, tuple, _list_of(kinds[0] if kinds else Any))
    return _places(converter, kinds, kind)


def _places(converter: Converter, kinds: tuple[Any, ...], kind: Any) -> Hook:
    def read(content: Any, _: Any) -> Any:
        items = _list(content, len(kinds))
        hooks = [converter.get_structure_hook(each) for each in kinds]
        return tuple(_each(kind, list(zip(range(len(kinds)), hooks, kinds, items, strict=True))))

    return read


def _named_tuple(converter: Converter, kind: Any) -> Hook:
    hints = get_type_hints(kind)
    read_places = _places(converter, tuple(hints.get(name, Any) for name in kind._fields), kind)
    return lambda content, asked: kind(*read_places(content, asked))


def _mapping(converter: Converter, kind: Any) -> Hook:
    key, value = get_args(kind) or (Any, Any)

    def read(content: Any, _: Any) -> dict[Any, Any]:
        if type(content) is not dict:
            raise Mismatch("an object", content)
        fields = cast("dict[str, Any]", content)
        key_hook, value_hook = _key_hook(converter, key), converter.get_structure_hook(value)
        keys = _each(kind, [(name, key_hook, key, name) for name in fields])
        values = _each(kind, [(name, value_hook, value, item) for name, item in fields.items()])
        return dict(zip(keys, values, strict=True))

    return read


def _key_hook(converter: Converter, kind: Any) -> Hook:
    """A key is a text in JSON: the one place where a number may come as one."""
    if kind is int:
        return _from_text(int, "an integer")
    if _is_enum(kind) and not issubclass(kind, str):
        by_text = {str(member.value): member for member in kind}
        return lambda content, _: _choice(by_text)(content, kind)
    return _SCALARS[str] if isinstance(kind, TypeVar) else converter.get_structure_hook(kind)


def _each(kind: Any, parts: list[tuple[Any, Hook, Any, Any]]) -> list[Any]:
    done: list[Any] = []
    problems: list[Exception] = []
    for place, hook, part_kind, content in parts:
        try:
            done.append(hook(content, part_kind))
        except Exception as error:  # noqa: BLE001  # whatever it is, it is told with its place
            error.__notes__ = [
                *getattr(error, "__notes__", ()),
                _Note(f"at {place!r}", place, part_kind),
            ]
            problems.append(error)
    if problems:
        raise _Problems("some parts do not fit", problems, kind)
    return done
