"""The people feed's protocol: what travels, as typed JSON, over ``/people``.

Every message is one JSON object whose ``type`` says which of these classes it is; the two unions at the end are all
there is. A browser and the server talk like this, the client's messages on the left:

.. code-block:: text

    GET /people?filter=saves                       (no filter means "all")
                                                   {"type":"snapshot","filter":"saves","revision":6,"people":[...]}
    {"type":"save","name":"Ada","city":"London"}
                                                   {"type":"committed","revision":7}
                                                   {"type":"saved","revision":7,"person":{"id":3,"name":"Ada","city":"London"}}
    {"type":"filter","filter":"deletes"}
                                                   {"type":"snapshot","filter":"deletes","revision":7,"people":[...]}
    {"type":"delete","id":99}
                                                   {"type":"error","message":"there is no person 99"}
    {"type":"delete","id":3}
                                                   {"type":"deleted","revision":8,"person":{"id":3, ...}}
                                                   {"type":"committed","revision":8}
    {"type":"stop"}
                                                   close 1000

Three rules make a client easy to write:

* A ``snapshot`` starts the list afresh. It comes first, after each change of filter, and when a client was too slow to
  be given every update. What follows it is under its filter and newer than its revision, with nothing missing or twice.
* Each ``save`` and ``delete`` is answered once, in order: by ``committed`` or by ``error``. The update itself arrives
  like everybody's, and only if the filter lets it through, before or after the answer.
* An ``error`` never ends the session; neither does a message that cannot be read.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Literal, TypeAlias


class PeopleFilter(StrEnum):
    """Which updates a client wants."""

    ALL = "all"
    SAVES = "saves"
    DELETES = "deletes"

    def accepts(self, update: Update) -> bool:
        """Whether a client with this filter is sent the update."""
        match self:
            case PeopleFilter.ALL:
                return True
            case PeopleFilter.SAVES:
                return isinstance(update, Saved)
            case PeopleFilter.DELETES:
                return isinstance(update, Deleted)


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody on the list. An id is never given twice, not even after a delete."""

    id: int
    name: str
    city: str


# From the client.


@dataclass(frozen=True, slots=True)
class ChangeFilter:
    """Send me these updates from now on. Answered by a snapshot, unless the filter is the one in force."""

    type: Literal["filter"] = field(default="filter", kw_only=True)
    filter: PeopleFilter


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
class Stop:
    """End my session: no further update, and a close with 1000."""

    type: Literal["stop"] = field(default="stop", kw_only=True)


# From the server.


@dataclass(frozen=True, slots=True)
class Snapshot:
    """Everybody, as of a revision, and the filter that what follows is under."""

    type: Literal["snapshot"] = field(default="snapshot", kw_only=True)
    filter: PeopleFilter
    revision: int
    people: tuple[Person, ...]


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


@dataclass(frozen=True, slots=True)
class Committed:
    """Your save or delete is on disk, as this revision."""

    type: Literal["committed"] = field(default="committed", kw_only=True)
    revision: int


@dataclass(frozen=True, slots=True)
class ErrorMessage:
    """Your last message was refused, and why, in words for a person."""

    type: Literal["error"] = field(default="error", kw_only=True)
    message: str


Update: TypeAlias = Saved | Deleted
"""A change to the list: its revision is one more than the change before it."""

ClientMessage: TypeAlias = ChangeFilter | Save | Delete | Stop
ServerMessage: TypeAlias = Snapshot | Saved | Deleted | Committed | ErrorMessage
