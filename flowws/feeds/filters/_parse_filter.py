"""`parse_filter`: a filter from what somebody sent."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from inspect import iscoroutinefunction
from reprlib import repr as short_repr
from typing import Any, Final, TypeAlias, cast

from flowws.feeds._errors import BadFilterError

from ._comparison import ORDERS, among, equal, ordered, unlike
from ._filter import EVERYTHING, MAX_DEPTH, MAX_NODES, Filter, all_of, any_of, check_choices, named, of_predicate
from ._path import checked_path
from ._scalar import checked_text

Predicate: TypeAlias = Callable[[Any], object]


def parse_filter(
    said: object, *, names: Mapping[str, Predicate] | None = None, fields: Collection[str] | None = None
) -> Filter:
    """The filter that a message describes. Safe to call with whatever came over the network: nothing of it is run.

    Args:
        said: None (everything), the name of a predicate, or a list: ``["eq", "age", 36]``, also ``ne``, ``lt``,
            ``le``, ``gt`` and ``ge``; ``["in", "age", [36, 41]]``; ``["and", f, g]``, ``["or", f, g]``, ``["not", f]``
            of other filters; ``["name", "saves"]``. A `Filter` is parsed again.
        names: the predicates by their names. None: any name will do, and the filter cannot be called.
        fields: the fields that may be named, each with all that is inside. None: all; empty: none.

    Raises `BadFilterError`, whose text may be told to who sent it.

    >>> parse_filter(["and", ["eq", "city", "London"], "saves"], names={"saves": lambda value: value["kind"] == "save"})
    Filter(['and', ['eq', 'city', 'London'], ['name', 'saves']])
    """
    return _Parser(names, fields).parse(said.to_json() if isinstance(said, Filter) else said)


def check_predicates(names: Mapping[str, Predicate]) -> dict[str, Predicate]:
    """The predicates of a feed. Raises `TypeError` for what is no function or has to be awaited."""
    for name, predicate in names.items():
        checked_text(name, "the name of a filter")
        if not _answers_at_once(predicate):
            raise TypeError(f"the filter {name!r} must be a function that answers at once, not {predicate!r}")
    return dict(names)


def check_fields(fields: Collection[str] | None) -> frozenset[str] | None:
    """The fields that filters may name. Raises `TypeError` for one text, `BadFilterError` for what is no path."""
    if isinstance(fields, str):
        raise TypeError(f"fields are several texts, not one: {fields!r}")
    return None if fields is None else frozenset(map(checked_path, fields))


def _answers_at_once(predicate: object) -> bool:
    return callable(predicate) and not iscoroutinefunction(predicate)


class _Parser:
    """One description, read from the top; it counts its parts, and the entries of its lists."""

    def __init__(self, names: Mapping[str, Predicate] | None, fields: Collection[str] | None) -> None:
        self._names: Final = names
        self._fields: Final = fields
        self._nodes = 0
        self._choices = 0

    def parse(self, said: object, depth: int = 1) -> Filter:
        self._nodes += 1
        if depth > MAX_DEPTH:
            raise BadFilterError(f"a filter is at most {MAX_DEPTH} levels deep")
        if self._nodes > MAX_NODES:
            raise BadFilterError(f"a filter has at most {MAX_NODES} parts")
        if said is None:
            return EVERYTHING
        if isinstance(said, str):
            return self._name(said)
        if not isinstance(said, (list, tuple)):
            raise BadFilterError(f"a filter is null, a name or a list, not {short_repr(said)}")
        if not said:
            raise BadFilterError("a filter is not an empty list: null is everything")
        verb, *rest = cast("list[object]", said)
        if verb in ("and", "or", "not"):
            return self._combination(cast("str", verb), [self.parse(each, depth + 1) for each in rest])
        if verb == "name":
            (name,) = _exactly(1, "name", rest)
            return self._name(name)
        return self._comparison(verb, rest)

    def _combination(self, verb: str, parts: list[Filter]) -> Filter:
        if verb == "not":
            _exactly(1, verb, parts)
            return ~parts[0]
        if not parts:
            raise BadFilterError(f"{verb} takes one filter or more, not none")
        return all_of(parts) if verb == "and" else any_of(parts)

    def _comparison(self, verb: object, rest: list[object]) -> Filter:
        if verb == "in":
            path, choices = _exactly(2, verb, rest)
            if not isinstance(choices, (list, tuple)):
                raise BadFilterError(f"in looks a field up in a list, not in {short_repr(choices)}")
            listed = list(cast("list[object]", choices))
            self._choices += len(listed)
            check_choices(self._choices)
            return among(self._path(path), listed)
        if not isinstance(verb, str) or not (verb in ORDERS or verb in ("eq", "ne")):
            raise BadFilterError(f"there is no comparison {short_repr(verb)}")
        path, scalar = _exactly(2, verb, rest)
        if verb == "eq":
            return equal(self._path(path), scalar)
        if verb == "ne":
            return unlike(self._path(path), scalar)
        return ordered(verb, self._path(path), scalar)

    def _path(self, said: object) -> str:
        path = checked_path(said)
        steps = path.split(".")
        if self._fields is not None and not any(
            ".".join(steps[:end]) in self._fields for end in range(1, len(steps) + 1)
        ):
            raise BadFilterError(f"this feed is not filtered by the field {short_repr(path)}")
        return path

    def _name(self, said: object) -> Filter:
        name = checked_text(said, "the name of a filter")
        if self._names is None:
            return named(name)
        if name not in self._names:
            raise BadFilterError(f"this feed has no filter named {short_repr(name)}")
        return of_predicate(name, self._names[name])


def _exactly(count: int, verb: object, rest: list[Any]) -> list[Any]:
    if len(rest) != count:
        raise BadFilterError(f"{verb} takes {count} {'argument' if count == 1 else 'arguments'}, not {len(rest)}")
    return rest
