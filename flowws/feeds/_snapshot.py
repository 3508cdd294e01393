"""`Snapshot`: everything as of one moment, before the updates that follow."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Generic, TypeVar

T_co = TypeVar("T_co", covariant=True)


@dataclass(frozen=True)  # without slots: with them, Python 3.11 cannot make a Snapshot[str]()
class Snapshot(Generic[T_co]):
    """Everything as of one moment: what a subscriber begins with, and begins anew with after a change of its filter.

    A server's `snapshot` function may return one instead of bare items, to say which revision they are of. A client
    that asks for markers gets it whole.

    >>> Snapshot(["Ada", "Grace"], revision=7)
    Snapshot(items=('Ada', 'Grace'), revision=7)
    """

    items: tuple[T_co, ...]
    """What there was. Any iterable will do; it is kept as a tuple."""
    revision: int | None = None
    """The newest revision that is in it: updates that are not newer are left out. None: none, or not known here."""

    def __init__(self, items: Iterable[T_co] = (), revision: int | None = None) -> None:
        if isinstance(items, (str, bytes)):
            raise TypeError(f"items are several, such as [{items!r:.100}], not {items!r:.100}")
        object.__setattr__(self, "items", tuple(items))
        object.__setattr__(self, "revision", revision)
