"""`PeopleFile`: what is on disk."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from flowws.demo import Deleted, InvalidPersonError, NoSuchPersonError, PeopleFile, PeopleFileError, Person, Saved

ADA = Person(1, "Ada", "London")


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "folder that is not there yet" / "people.db"


@pytest.fixture
def file(path: Path) -> Iterator[PeopleFile]:
    file = PeopleFile(path)
    yield file
    file.close()


def test_a_new_file_has_nobody_in_it(file: PeopleFile) -> None:
    assert file.people() == (0, ())


def test_a_save_without_an_id_adds(file: PeopleFile) -> None:
    assert file.save("Ada", "London", None) == Saved(1, ADA)
    assert file.people() == (1, (ADA,))


def test_a_save_with_an_id_changes(file: PeopleFile) -> None:
    file.save("Ada", "London", None)
    assert file.save("Augusta", "Ockham", 1) == Saved(2, Person(1, "Augusta", "Ockham"))
    assert file.people() == (2, (Person(1, "Augusta", "Ockham"),))


def test_a_delete_tells_who_it_was(file: PeopleFile) -> None:
    file.save("Ada", "London", None)
    assert file.delete(1) == Deleted(2, ADA)
    assert file.people() == (2, ())


def test_everything_is_there_after_a_restart(path: Path, file: PeopleFile) -> None:
    file.save("Ada", "London", None)
    file.close()
    again = PeopleFile(path)
    assert again.people() == (1, (ADA,))
    again.close()


def test_an_id_is_never_given_twice_not_even_after_a_restart(path: Path, file: PeopleFile) -> None:
    file.save("Ada", "", None)
    file.delete(1)
    file.close()
    again = PeopleFile(path)
    assert again.save("Grace", "", None).person.id == 2
    again.close()


def test_what_was_changed_lately(file: PeopleFile) -> None:
    updates = [file.save("Ada", "London", None), file.save("Ada", "Ockham", 1), file.delete(1)]
    assert file.changes(0, 10) == updates
    assert file.changes(1, 1) == updates[1:2]
    assert file.changes(3, 10) == []


def test_changes_that_are_not_kept_any_more(path: Path) -> None:
    file = PeopleFile(path, history=2)
    updates = [file.save(name, "", None) for name in ("Ada", "Grace", "Alan")]
    assert file.changes(0, 10) is None
    assert file.changes(1, 10) == updates[1:]
    file.close()


def test_the_epoch_is_that_of_the_file(path: Path, file: PeopleFile) -> None:
    again, other = PeopleFile(path), PeopleFile(path.with_name("others.db"))
    assert file.epoch() == again.epoch()
    assert file.epoch() > 1_700_000_000_000  # in milliseconds
    assert other.epoch() >= file.epoch()
    for each in again, other:
        each.close()


def test_a_file_from_before_changes_were_kept(path: Path, file: PeopleFile) -> None:
    file.save("Ada", "London", None)
    file.close()
    old = sqlite3.connect(path)
    old.executescript("DROP TABLE change; DROP TABLE epoch")
    old.close()
    again = PeopleFile(path)
    assert again.people() == (1, (ADA,))
    assert again.changes(0, 10) is None
    assert again.changes(1, 10) == []
    deleted = again.delete(1)
    assert again.changes(1, 10) == [deleted]
    again.close()


@pytest.mark.parametrize("person_id", [1, 0, -1, 2**63 - 1, 2**63, -(2**70)])
def test_an_unknown_id_changes_nothing(file: PeopleFile, person_id: int) -> None:
    with pytest.raises(NoSuchPersonError, match=f"there is no person {person_id}$"):
        file.delete(person_id)
    with pytest.raises(NoSuchPersonError):
        file.save("Ada", "", person_id)
    assert file.people() == (0, ())


@pytest.mark.parametrize(
    ("name", "city", "problem"),
    [
        ("", "London", "the name is missing"),
        (" \n\t", "London", "the name is missing"),
        ("A" * 81, "", "the name is longer than 80 characters"),
        ("Ada", "L" * 81, "the city is longer than 80 characters"),
        ("\x1b[2J", "", "the name has a control character in it"),
        ("Ada", "\0", "the city has a control character in it"),
        ("\ud800", "", "the name has a control character in it"),
    ],
)
def test_who_cannot_be_saved(file: PeopleFile, name: str, city: str, problem: str) -> None:
    with pytest.raises(InvalidPersonError) as refused:
        file.save(name, city, None)
    assert str(refused.value) == problem
    assert file.people() == (0, ())


@pytest.mark.parametrize("name", ["Ada Lovelace", "李冶", "O'Neil\"; DROP TABLE people", "👩‍💻", "نیلوفر"])
def test_names_of_the_world(file: PeopleFile, name: str) -> None:
    assert file.save(f"  {name}\n", "", None).person.name == name
    assert file.people()[1][0].name == name


def test_threads_and_second_openers_make_one_line_of_revisions(path: Path, file: PeopleFile) -> None:
    other = PeopleFile(path)
    with ThreadPoolExecutor(8) as threads:
        updates = list(threads.map(lambda i: (file, other)[i % 2].save(f"nr {i}", "", None), range(80)))
    assert sorted(update.revision for update in updates) == list(range(1, 81))
    assert sorted(update.person.id for update in updates) == list(range(1, 81))
    revision, people = other.people()
    assert (revision, len(people)) == (80, 80)
    other.close()


def test_a_file_that_someone_else_holds_is_an_error_and_then_works_again(path: Path) -> None:
    impatient = PeopleFile(path, patience=0.0)
    greedy = sqlite3.connect(path, isolation_level=None)
    greedy.execute("BEGIN IMMEDIATE")
    with pytest.raises(PeopleFileError, match="database is locked"):
        impatient.save("Ada", "London", None)
    greedy.execute("ROLLBACK")
    greedy.close()
    assert impatient.save("Ada", "London", None).revision == 1
    impatient.close()


def test_a_write_that_fails_half_way_leaves_no_trace(path: Path, file: PeopleFile) -> None:
    saboteur = sqlite3.connect(path)
    saboteur.execute("CREATE TRIGGER no BEFORE UPDATE ON revision BEGIN SELECT RAISE(FAIL, 'no'); END")
    with pytest.raises(PeopleFileError, match=r"no$"):
        file.save("Ada", "London", None)
    assert file.people() == (0, ())
    saboteur.execute("DROP TRIGGER no")
    saboteur.close()
    assert file.save("Ada", "London", None) == Saved(1, ADA)


def test_another_programs_database_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "other.db"
    other = sqlite3.connect(path)
    other.execute("CREATE TABLE people (everything)")
    other.commit()
    other.close()
    before = path.read_bytes()
    with pytest.raises(PeopleFileError, match="is the database of another program"):
        PeopleFile(path)
    assert path.read_bytes() == before


def test_what_is_no_database_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "letter.txt"
    path.write_text("Dear Ada, " * 100)
    with pytest.raises(PeopleFileError, match="file is not a database"):
        PeopleFile(path)
    assert path.read_text() == "Dear Ada, " * 100


def test_a_folder_that_cannot_be_made(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(PeopleFileError):
        PeopleFile(tmp_path / "file" / "people.db")
