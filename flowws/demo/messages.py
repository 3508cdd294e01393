"""What travels between the people and a page, as typed JSON.

Two paths. ``/people`` is a feed (docs/feed-protocol.md): its snapshots are lists of `Person`, its updates `Saved` and
`Deleted`. ``/people/commands`` takes a `Save` or a `Delete` and answers each once, in order, by `Committed` or by
`ErrorMessage`; the update itself arrives in the feed, like everybody's. The client's messages on the left:

.. code-block:: text

    GET /people
    {"subscribe":"","id":1,"filter":"saves"}
                                                   {"subscribed":"","id":1,"resumed":false}
                                                   {"snapshot":[...],"id":1,"at":"1795245816711-6"}
                                                   {"update":{"type":"saved","revision":7,"person":{...}},"id":1,"at":7}
    {"filter":["eq","person.city","London"],"id":1}
                                                   {"filter":["eq","person.city","London"],"id":1}
                                                   {"snapshot":[...],"id":1,"at":"1795245816711-7"}

    GET /people/commands
    {"type":"save","name":"Ada","city":"London"}
                                                   {"type":"committed","revision":7}
    {"type":"delete","id":99}
                                                   {"type":"error","message":"there is no person 99"}

An ``error`` never ends the session; neither does a message that cannot be read.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Final, Literal, TypeAlias


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody on the list. An id is never given twice, not even after a delete."""

    id: int
    name: str
    city: str


# The updates of the feed.


@dataclass(frozen=True, slots=True)
class Saved:
    """A person was added or changed."""

    type: Literal["saved"] = field(default="saved", kw_only=True)
    revision: int
    person: Person


@dataclass(frozen=True, slots=True)
class Deleted:
    """A person was taken off the list: as they were when last seen."""

    type: Literal["deleted"] = field(default="deleted", kw_only=True)
    revision: int
    person: Person


Update: TypeAlias = Saved | Deleted
"""A change to the list: its revision is one more than that of the change before it."""

FILTERS: Final[Mapping[str, Callable[[Update], bool]]] = {
    "all": lambda update: True,
    "saves": lambda update: isinstance(update, Saved),
    "deletes": lambda update: isinstance(update, Deleted),
}
"""The filters of the feed that have a name."""
FIELDS: Final = ("type", "person.id", "person.name", "person.city")
"""What all other filters may look at."""


# Commands, and the answers to them.


@dataclass(frozen=True, slots=True)
class Save:
    """Add a person, or change the one with this id."""

    type: Literal["save"] = field(default="save", kw_only=True)
    name: str
    city: str = ""
    id: int | None = None


@dataclass(frozen=True, slots=True)
class Delete:
    """Take a person off the list."""

    type: Literal["delete"] = field(default="delete", kw_only=True)
    id: int


@dataclass(frozen=True, slots=True)
class Committed:
    """Your save or delete is on disk, as this revision."""

    type: Literal["committed"] = field(default="committed", kw_only=True)
    revision: int


@dataclass(frozen=True, slots=True)
class ErrorMessage:
    """Your command was refused, and why, in words for a person."""

    type: Literal["error"] = field(default="error", kw_only=True)
    message: str


Command: TypeAlias = Save | Delete
Answer: TypeAlias = Committed | ErrorMessage
