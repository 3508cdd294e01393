"""What the feed of these tests says: every update follows from its offset, so that anybody can tell what is due."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any, Final, TypeAlias

Update: TypeAlias = dict[str, Any]
WireFilter: TypeAlias = "str | list[Any] | None"

CITIES: Final = ("Aarhus", "Vejle", "Ribe", "Odense")
KEYS: Final = 12
"""So many people there are; a snapshot is the last that was said of each. Everything repeats after as many updates."""
NOTE: Final = 1000
"""Characters that make an update large enough to fill, soon, what the system keeps for a client that stalls."""

NAMED: Final[dict[str, Callable[[Update], bool]]] = {
    "all": lambda update: True,
    "saves": lambda update: bool(update["kind"] == "saved"),
}
"""The predicates that the server knows."""

FILTERS: Final[tuple[WireFilter, ...]] = (
    "all",
    "saves",
    ["eq", "person.city", "Aarhus"],
    ["and", ["ge", "person.age", 30], ["not", ["name", "saves"]]],
)
"""What clients ask for."""

_MEANINGS: Final[tuple[Callable[[Update], bool], ...]] = (
    NAMED["all"],
    NAMED["saves"],
    lambda update: bool(update["person"]["city"] == "Aarhus"),
    lambda update: bool(update["person"]["age"] >= 30 and update["kind"] != "saved"),
)


def update(offset: int) -> Update:
    """The update with this offset."""
    return {"number": offset, **_KINDS[offset % KEYS]}


def _kind(key: int) -> Update:
    person = {"id": key, "city": CITIES[key % len(CITIES)], "age": 20 + 3 * key}
    return {"kind": "saved" if key % 3 else "deleted", "person": person, "note": "n" * NOTE}


_KINDS: Final = tuple(map(_kind, range(KEYS)))


def encoded(wanted: WireFilter) -> str:
    """A filter as text, which names it."""
    return json.dumps(wanted, separators=(",", ":"))


_PASSING: Final = {
    encoded(wanted): tuple(means(update(key)) for key in range(KEYS))
    for wanted, means in zip(FILTERS, _MEANINGS, strict=True)
}


def passes(wanted: str, offset: int) -> bool:
    """Whether a filter, as text, lets this update through."""
    return _PASSING[wanted][offset % KEYS]


_STEPS: Final = {
    wanted: tuple(next(step for step in range(1, KEYS + 1) if passing[(key + step) % KEYS]) for key in range(KEYS))
    for wanted, passing in _PASSING.items()
}


def next_passing(wanted: str, offset: int) -> int:
    """The first update behind this one that passes."""
    return offset + _STEPS[wanted][offset % KEYS]


def count_passing(wanted: str, after: int, until: int) -> int:
    """How many of the updates behind `after`, up to `until`, pass."""
    return sum(passes(wanted, offset) for offset in range(after + 1, until + 1))


def snapshot(wanted: str, offset: int) -> list[int]:
    """The updates, by their offsets, that make the snapshot at this offset."""
    return [each for each in range(max(1, offset - KEYS + 1), offset + 1) if passes(wanted, each)]
