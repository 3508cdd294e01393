"""`Filter`: which values of a feed somebody wants."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from inspect import iscoroutine
from typing import Any, Final, Literal, TypeAlias, cast, final

from flowws._core import IllegalStateError
from flowws.feeds._errors import BadFilterError

from ._scalar import checked_text

MAX_DEPTH: Final = 8
MAX_NODES: Final = 64
MAX_CHOICES: Final = 256
MAX_LENGTH: Final = 48 * 1024  # of its JSON, with every letter beyond ASCII written as an escape

Check: TypeAlias = Callable[[object], bool]
Combination: TypeAlias = Literal["and", "or", "not"]


@final
class Filter:
    """Which values of a feed somebody wants: a function of a value, and a description that travels.

    `field` and `named` make filters; ``&``, ``|`` and ``~`` combine them. Filters that say the same are equal, whatever
    the order of their parts, and hash alike. At most 8 levels deep, at most 64 parts, at most 256 entries in all its
    lists, and 48 KiB of JSON: `BadFilterError` beyond that.

    >>> from flowws.feeds import field
    >>> wanted = (field("age") >= 30) & ~named("saves")
    >>> wanted
    Filter(['and', ['ge', 'age', 30], ['not', ['name', 'saves']]])
    >>> (field("age") >= 30)({"name": "Ada", "age": 36})
    True
    """

    __slots__ = ("_check", "_choices", "_combination", "_depth", "_json", "_key", "_length", "_nodes", "_parts")

    def __init__(
        self,
        description: Any,
        key: str,
        check: Check,
        combination: Combination | None,
        parts: tuple[Filter, ...],
        choices: int = 0,
    ) -> None:
        self._json: Final = description
        self._key: Final = key
        self._check: Final = check
        self._combination: Final = combination
        self._parts: Final = parts
        self._depth: Final[int] = 1 + max((each._depth for each in parts), default=0)
        self._nodes: Final[int] = 1 + sum(each._nodes for each in parts)
        self._choices: Final[int] = choices + sum(each._choices for each in parts)
        if self._depth > MAX_DEPTH:
            raise BadFilterError(f"a filter is at most {MAX_DEPTH} levels deep")
        if self._nodes > MAX_NODES:
            raise BadFilterError(f"a filter has at most {MAX_NODES} parts")
        check_choices(self._choices)
        self._length: Final[int] = sum(each._length for each in parts) if parts else len(json.dumps(description))
        if self._length > MAX_LENGTH:
            raise BadFilterError(f"a filter is at most {MAX_LENGTH // 1024} KiB of JSON")

    # ------------------------------------------------------------------------------------------------ as a predicate

    def __call__(self, value: object) -> bool:
        """Whether `value` passes.

        Raises what a named predicate raises, and `IllegalStateError` where the predicate of that name is not known on
        this side.
        """
        return self._check(value)

    @property
    def size(self) -> int:
        """How many parts it has, which is about what it costs to ask it."""
        return self._nodes

    # -------------------------------------------------------------------------------------------------- as a message

    @property
    def name(self) -> str | None:
        """The name, if all of it is one named predicate."""
        return self._json if isinstance(self._json, str) else None

    def to_json(self) -> str | list[Any] | None:
        """What is sent: None for everything, a name, or an expression of lists. `parse_filter` is the way back."""
        return cast("str | list[Any] | None", json.loads(json.dumps(self._json)))  # a copy: lists can be changed

    def __eq__(self, other: object) -> bool:
        return self._key == other._key if isinstance(other, Filter) else NotImplemented

    def __hash__(self) -> int:
        return hash(self._key)

    # --------------------------------------------------------------------------------------------------- combinations

    def __and__(self, other: Filter) -> Filter:
        return all_of((self, _checked(other)))

    def __or__(self, other: Filter) -> Filter:
        return any_of((self, _checked(other)))

    def __invert__(self) -> Filter:
        return self._parts[0] if self._combination == "not" else negation(self)

    def __bool__(self) -> bool:
        raise TypeError(f"{self!r} is not true or false: combine filters by &, | and ~, not by and, or and not")

    def __repr__(self) -> str:
        return f"Filter({self._json!r})"


def check_choices(count: int) -> None:
    """Raises `BadFilterError` for so many entries in all lists of a filter."""
    if count > MAX_CHOICES:
        raise BadFilterError(f"the lists of a filter have at most {MAX_CHOICES} choices in all, not {count}")


def named(name: str) -> Filter:
    """The values that pass the predicate of that name, which the server of the feed knows.

    Raises `BadFilterError` for what is not a name of at most 1024 characters.

    >>> named("saves").to_json()
    'saves'
    """

    def not_here(_: object) -> bool:
        raise IllegalStateError(f"the predicate {name!r} is known where the feed is served, not here")

    return of_predicate(name, not_here)


# ------------------------------------------------------------------------------------------------ named predicates


def of_predicate(name: object, predicate: Callable[[Any], object]) -> Filter:
    """The values that pass a function, by its name."""
    checked = checked_text(name, "the name of a filter")

    def check(value: object) -> bool:
        said = predicate(value)
        return said if said is True or said is False else _truth(name, said)

    return Filter(checked, json.dumps(["name", checked]), check, None, ())


def _truth(name: object, said: object) -> bool:
    if iscoroutine(said):  # never taken for a true value
        said.close()
        raise TypeError(f"the predicate {name!r} has to answer at once, but is asynchronous")
    return bool(said)


# --------------------------------------------------------------------------------------------------------- combinations

EVERYTHING: Final = Filter(None, "null", lambda _: True, None, ())


def all_of(filters: Iterable[Filter]) -> Filter:
    """The values that pass all of them."""
    parts = [each for each in _flat("and", filters) if each is not EVERYTHING]
    return _combined("and", parts, _every) if parts else EVERYTHING


def any_of(filters: Iterable[Filter]) -> Filter:
    """The values that pass one of them."""
    parts = _flat("or", filters)
    return EVERYTHING if EVERYTHING in parts else _combined("or", parts, _any)


def negation(part: Filter) -> Filter:
    """The values that do not pass."""
    check = part._check
    return Filter(["not", _inside(part)], f'["not",{part._key}]', lambda value: not check(value), "not", (part,))


def _checked(other: object) -> Filter:
    if not isinstance(other, Filter):
        raise TypeError(f"a filter is combined with a filter, not with {other!r}")
    return other


def _flat(combination: Combination, filters: Iterable[Filter]) -> list[Filter]:
    """The parts, each once, and with them the parts of parts that are combined the same way."""
    parts = (part for each in filters for part in (each._parts if each._combination == combination else (each,)))
    return list(dict.fromkeys(parts))


def _combined(combination: Combination, parts: list[Filter], join: Callable[[list[Check]], Check]) -> Filter:
    if len(parts) == 1:
        return parts[0]
    keys = ",".join(sorted(each._key for each in parts))
    check = join([each._check for each in parts])
    return Filter([combination, *map(_inside, parts)], f'["{combination}",{keys}]', check, combination, tuple(parts))


def _inside(part: Filter) -> Any:
    return part._json if part.name is None else ["name", part.name]


def _every(checks: list[Check]) -> Check:
    def check(value: object) -> bool:
        for each in checks:  # noqa: SIM110 - `all` over a generator costs twice as much per value
            if not each(value):
                return False
        return True

    return check


def _any(checks: list[Check]) -> Check:
    def check(value: object) -> bool:
        for each in checks:  # noqa: SIM110 - as above
            if each(value):
                return True
        return False

    return check
