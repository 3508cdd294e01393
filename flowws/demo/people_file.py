"""`PeopleFile`: the people in an SQLite file. Plain blocking code; `People` keeps it off the event loop."""

from __future__ import annotations

import sqlite3
import threading
import unicodedata
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

from .errors import InvalidPersonError, NoSuchPersonError, PeopleFileError
from .messages import Deleted, Person, Saved

# Stored in the file's header: tells our files from another program's, which are left alone.
_APPLICATION_ID = 0x666C6F77  # "flow"

_TABLES = """
    CREATE TABLE people (
        id   INTEGER PRIMARY KEY AUTOINCREMENT,  -- never given twice
        name TEXT NOT NULL,
        city TEXT NOT NULL
    );
    CREATE TABLE revision (
        value INTEGER NOT NULL                   -- one row: how many commits there have been
    );
    INSERT INTO revision VALUES (0);
"""

_LONGEST = 80
_LARGEST_ID = 2**63 - 1  # SQLite's


class PeopleFile:
    """The people in an SQLite file, and the revision they are at.

    Each write is one transaction that also counts the revision up, and it is on disk when the call returns. Several
    threads, and several processes, may use a file at once.
    """

    def __init__(self, path: Path, *, patience: float = 5.0) -> None:
        """Opens the file, or makes it, and its folder; waits `patience` seconds for writes of another process."""
        self.path = path
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

    def save(self, name: str, city: str, person_id: int | None) -> Saved:
        """Adds a person, or changes the one with this id."""
        name, city = _text("name", name, required=True), _text("city", city)
        with self._transaction("BEGIN IMMEDIATE"):
            person = self._add(name, city) if person_id is None else self._change(person_id, name, city)
            return Saved(self._next_revision(), person)

    def delete(self, person_id: int) -> Deleted:
        """Takes a person off the list."""
        with self._transaction("BEGIN IMMEDIATE"):
            person = self._find(person_id)
            self._db.execute("DELETE FROM people WHERE id = ?", (person_id,))
            return Deleted(self._next_revision(), person)

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
            if application_id == _APPLICATION_ID:
                return
            if application_id or self._db.execute("SELECT 1 FROM sqlite_schema LIMIT 1").fetchone():
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
