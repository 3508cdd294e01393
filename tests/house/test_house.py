"""The house rules that no linter knows: sizes of files, and a reason for every exemption."""

from __future__ import annotations

import re
import tokenize
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
ROOMS = ("flowws", "tests", "benchmarks", "examples")
FILES = sorted(path for room in ROOMS for path in (ROOT / room).rglob("*.py"))

# A file over 400 lines is named here with its reason; a file over 600 lines has none.
LONG_FOR_A_REASON: dict[str, str] = {}

EXEMPTION = r"noqa|type:\s*ignore|pyright:\s*ignore|pragma:\s*no\s+(cover|branch)|fmt:\s*(off|skip)"
CODES = r"(:\s*[A-Z]+\d+(,\s*[A-Z]+\d+)*|\[[\w\-, ]+\])?"
REASON = r"\s*[#:,(-]+\s*\w+\W+\w+"  # a separator and at least two words
EXEMPTED = re.compile(rf"#\s*({EXEMPTION})")
EXEMPTED_FOR_A_REASON = re.compile(rf"#\s*({EXEMPTION}){CODES}{REASON}")
WORKSHOP_NAMES = ("utils", "helpers", "common", "misc")


def named(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def comments(path: Path) -> Iterator[tuple[int, str]]:
    with path.open("rb") as file:
        for token in tokenize.tokenize(file.readline):
            if token.type == tokenize.COMMENT:
                yield token.start[0], token.string


@pytest.mark.parametrize("path", FILES, ids=named)
def test_a_file_is_read_in_one_sitting(path: Path) -> None:
    lines = len(path.read_text(encoding="utf-8").splitlines())
    assert lines <= 600, f"{lines} lines: split it"
    assert lines <= 400 or named(path) in LONG_FOR_A_REASON, f"{lines} lines: split it, or give the reason in this test"


@pytest.mark.parametrize("path", FILES, ids=named)
def test_every_exemption_gives_its_reason(path: Path) -> None:
    bare = [
        f"line {number}: {text}"
        for number, text in comments(path)
        if EXEMPTED.search(text) and not EXEMPTED_FOR_A_REASON.search(text)
    ]
    assert bare == []


@pytest.mark.parametrize("path", FILES, ids=named)
def test_a_file_is_named_by_its_noun(path: Path) -> None:
    assert path.stem.strip("_") not in WORKSHOP_NAMES


def test_every_package_has_a_front_door_that_is_watched() -> None:
    """A contract's wildcard can name the rooms, but not who may enter which: hence one contract per package."""
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    contracts = settings["tool"]["importlinter"]["contracts"]
    watched = {module for each in contracts if each["type"] == "protected" for module in each["protected_modules"]}
    packages = [path.parent.name for path in (ROOT / "flowws").glob("*/__init__.py")]
    assert {f"flowws.{package}.*" for package in packages} - watched == set()


def test_no_list_of_reasons_outlives_its_file() -> None:
    assert [name for name in LONG_FOR_A_REASON if not (ROOT / name).is_file()] == []
