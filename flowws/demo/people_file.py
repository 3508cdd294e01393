"""`PeopleFile`: the people in an SQLite file. Plain blocking code; `People` keeps it off the event loop."""

from __future__ import annotations

import sqlite3
import threading
import unicodedata
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import TypeVar

from .errors import InvalidPersonError, NoSuchPersonError, PeopleFileError
from .messages import Deleted, Person, Saved, Update

_Done = TypeVar("_Done", Saved, Deleted)

# Stored in the file's header: tells our files from another program's, which are left alone.
_APPLICATION_ID = 0x666C6F77  # "flow"

_TABLES = """
    CREATE TABLE IF NOT EXISTS people (
        id   INTEGER PRIMARY KEY AUTOINCREMENT,  -- never given twice
        name TEXT NOT NULL,
        city TEXT NOT NULL
    );
    CREATE TABLE IF NOT EXISTS revision (
        value INTEGER NOT NULL                   -- one row: how many commits there have been
    );
    INSERT INTO revision SELECT 0 WHERE NOT EXISTS (SELECT 1 FROM revision);
    CREATE TABLE IF NOT EXISTS change (          -- the newest of these commits
        revision INTEGER PRIMARY KEY,
        deleted  INTEGER NOT NULL,
        id       INTEGER NOT NULL,
        name     TEXT NOT NULL,
        city     TEXT NOT NULL
    );
    CREATE TABLE IF NOT EXISTS epoch (
        value INTEGER NOT NULL                   -- one row: when the file was made, in milliseconds since 1970
    );
    INSERT INTO epoch SELECT round((julianday('now') - 2440587.5) * 86400000) WHERE NOT EXISTS (SELECT 1 FROM epoch);
"""

_LONGEST = 80
_LARGEST_ID = 2**63 - 1  # SQLite's


class PeopleFile:
    """The people in an SQLite file, the revision they are at, and what was changed lately.

    Each write is one transaction that also counts the revision up, and it is on disk when the call returns. Several
    threads, and several processes, may use a file at once.
    """

    def __init__(self, path: Path, *, patience: float = 5.0, history: int = 10_000) -> None:
        """Opens the file, or makes it, and its folder; waits `patience` seconds for writes of another process. As many
        changes as `history` says are kept.
        """
        self.path = path
        self._history = history
        self._one_at_a_time = threading.Lock()
        with self._problems_named():
            path.parent.mkdir(parents=True, exist_ok=True)
            self._db = sqlite3.connect(path, timeout=patience, isolation_level=None, check_same_thread=False)
            try:
                self._prepare()
            except BaseException:
                self._db.close()
                raise

    def people(self) -> tuple[int, tuple[Person, ...]]:
        """The revision, and everybody at that revision, the longest known first."""
        with self._transaction("BEGIN"):
            people = self._db.execute("SELECT id, name, city FROM people ORDER BY id").fetchall()
            return self._revision(), tuple(Person(*row) for row in people)

    def epoch(self) -> int:
        """Tells this file from any other: revisions of another epoch are not its own."""
        with self._transaction("BEGIN"):
            (epoch,) = self._db.execute("SELECT value FROM epoch").fetchone()
            return int(epoch)

    def changes(self, after: int, limit: int) -> list[Update] | None:
        """What was changed since a revision, the oldest first; None where the first of it is not kept any more."""
        with self._transaction("BEGIN"):
            rows = self._db.execute(
                "SELECT revision, deleted, id, name, city FROM change WHERE revision > ? ORDER BY revision LIMIT ?",
                (after, limit),
            ).fetchall()
            if (rows[0][0] if rows else self._revision() + 1) > after + 1:
                return None
        return [(Deleted if deleted else Saved)(revision, Person(*who)) for revision, deleted, *who in rows]

    def save(self, name: str, city: str, person_id: int | None) -> Saved:
        """Adds a person, or changes the one with this id."""
        name, city = _text("name", name, required=True), _text("city", city)
        with self._transaction("BEGIN IMMEDIATE"):
            person = self._add(name, city) if person_id is None else self._change(person_id, name, city)
            return self._noted(Saved(self._next_revision(), person))

    def delete(self, person_id: int) -> Deleted:
        """Takes a person off the list."""
        with self._transaction("BEGIN IMMEDIATE"):
            person = self._find(person_id)
            self._db.execute("DELETE FROM people WHERE id = ?", (person_id,))
            return self._noted(Deleted(self._next_revision(), person))

    def close(self) -> None:
        """Lets the file go, after the transaction that runs."""
        with self._one_at_a_time:
            self._db.close()

    # The parts of a transaction.

    def _prepare(self) -> None:
        self._claim()
        self._db.execute("PRAGMA journal_mode = WAL")  # a writer does not keep readers waiting
        self._db.execute("PRAGMA synchronous = FULL")  # what was committed survives a power cut

    def _claim(self) -> None:
        """Sees to it that the file is ours, before anything in it is changed."""
        with self._transaction("BEGIN IMMEDIATE"):
            (application_id,) = self._db.execute("PRAGMA application_id").fetchone()
            is_new = not application_id and not self._db.execute("SELECT 1 FROM sqlite_schema LIMIT 1").fetchone()
            if application_id != _APPLICATION_ID and not is_new:
                raise PeopleFileError(self.path, "is the database of another program")
            for statement in _TABLES.split(";"):  # executescript() would commit first
                self._db.execute(statement)
            self._db.execute(f"PRAGMA application_id = {_APPLICATION_ID}")

    def _add(self, name: str, city: str) -> Person:
        rows = self._db.execute("INSERT INTO people (name, city) VALUES (?, ?) RETURNING id", (name, city))
        ((person_id,),) = rows.fetchall()
        return Person(person_id, name, city)

    def _change(self, person_id: int, name: str, city: str) -> Person:
        self._find(person_id)
        self._db.execute("UPDATE people SET name = ?, city = ? WHERE id = ?", (name, city, person_id))
        return Person(person_id, name, city)

    def _find(self, person_id: int) -> Person:
        if 0 < person_id <= _LARGEST_ID:
            for row in self._db.execute("SELECT id, name, city FROM people WHERE id = ?", (person_id,)).fetchall():
                return Person(*row)
        raise NoSuchPersonError(person_id)

    def _revision(self) -> int:
        (revision,) = self._db.execute("SELECT value FROM revision").fetchone()
        return int(revision)

    def _next_revision(self) -> int:
        self._db.execute("UPDATE revision SET value = value + 1")
        return self._revision()

    def _noted(self, update: _Done) -> _Done:
        person = update.person
        change = (update.revision, isinstance(update, Deleted), person.id, person.name, person.city)
        self._db.execute("INSERT INTO change VALUES (?, ?, ?, ?, ?)", change)
        self._db.execute("DELETE FROM change WHERE revision <= ?", (update.revision - self._history,))
        return update

    @contextmanager
    def _transaction(self, begin: str) -> Generator[None]:
        with self._one_at_a_time, self._problems_named():
            self._db.execute(begin)
            try:
                yield
                self._db.execute("COMMIT")
            except BaseException:
                if self._db.in_transaction:  # SQLite itself rolls back after some failures, such as a full disk
                    self._db.execute("ROLLBACK")
                raise

    @contextmanager
    def _problems_named(self) -> Generator[None]:
        try:
            yield
        except (sqlite3.Error, OSError) as error:
            raise PeopleFileError(self.path, str(error)) from error


def _text(field: str, text: str, *, required: bool = False) -> str:
    """The text as it is stored: one line, no space around it."""
    text = " ".join(text.split())
    if required and not text:
        raise InvalidPersonError(field, "is missing")
    if len(text) > _LONGEST:
        raise InvalidPersonError(field, f"is longer than {_LONGEST} characters")
    if any(unicodedata.category(character) in {"Cc", "Cs"} for character in text):
        raise InvalidPersonError(field, "has a control character in it")
    return text
