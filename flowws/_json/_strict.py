"""A cattrs converter that takes JSON at its word: no number from a text, no list from a text, no class from a list."""

from __future__ import annotations

from collections.abc import Callable, Container
from functools import partial
from types import UnionType
from typing import Any, Literal, TypeVar, Union, get_origin

from cattrs import Converter

from ._containers import LISTS, MAPPINGS, SETS, a_set, a_tuple, array, mapping, plain
from ._records import a_class, a_named_tuple, a_typed_dict, is_class, is_named_tuple, is_typed_dict
from ._scalars import SCALARS, Hook, as_it_is, enum, is_enum, literal
from ._unions import read_union


def strict_converter(*, forbid_extra_keys: bool) -> Converter:
    """The converter, with every hook that differs from cattrs' own."""
    converter = Converter(forbid_extra_keys=forbid_extra_keys, detailed_validation=True)
    for scalar, hook in SCALARS.items():
        converter.register_structure_hook(scalar, hook)
    cattrs: Any = converter  # not all of its methods are typed
    factories: tuple[tuple[Callable[[Any], bool], Callable[[Any], Hook]], ...] = (
        (_is_anything, lambda _: as_it_is),
        (is_enum, enum),
        (is_named_tuple, partial(a_named_tuple, converter)),
        (lambda kind: get_origin(kind) is Literal, literal),
        (is_class, partial(a_class, cattrs.gen_structure_attrs_fromdict)),
        (is_typed_dict, partial(a_typed_dict, converter, forbid_extra_keys=forbid_extra_keys)),
        (_is_one_of(LISTS), partial(array, converter, list)),
        (_is_one_of(SETS), partial(a_set, converter)),
        (_is_one_of(MAPPINGS), partial(mapping, converter)),
        (_is_one_of({tuple}), partial(a_tuple, converter)),
        (lambda kind: get_origin(kind) in (Union, UnionType), partial(read_union, converter)),
    )
    for fits, factory in factories:
        converter.register_structure_hook_factory(fits, factory)
    return converter


def _is_anything(kind: Any) -> bool:
    return kind is object or isinstance(kind, TypeVar)


def _is_one_of(classes: Container[Any]) -> Callable[[Any], bool]:
    def is_one(kind: Any) -> bool:
        try:
            return plain(kind) in classes
        except TypeError:  # not hashable
            return False

    return is_one
