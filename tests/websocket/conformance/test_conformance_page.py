"""docs/conformance.md: each test that it names is there, and each rule has one."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

HERE = Path(__file__).parents[1]
PAGE = (HERE.parents[1] / "docs" / "conformance.md").read_text(encoding="utf-8")
NAMED = re.compile(r"`([\w/]+\.py)::(\w+)`")
ROWS = [
    [cell.strip() for cell in line.strip("|").split("|")]
    for line in PAGE.splitlines()
    if re.match(r"\| \d+(\.\d+)* \|", line)
]

SECTIONS = {
    "RFC 6455": "3 4.1 4.2.1 4.2.2 4.3 4.4 5.1 5.2 5.3 5.4 5.5 5.5.1 5.5.2 5.5.3 5.6 5.8 6.1 6.2 7.1.1 7.1.2 7.1.4 "
    "7.1.5 7.1.6 7.1.7 7.2.1 7.2.2 7.2.3 7.3 7.4.1 7.4.2 8.1 9.1 10.2 10.3 10.4 10.6 10.7",
    "RFC 7692": "5.1 6 6.1 6.2 7.1 7.1.1.1 7.1.1.2 7.1.2.1 7.1.2.2 7.2.1 7.2.2 8",
}


def found_in(file: Path) -> set[str]:
    tree = ast.parse(file.read_text(encoding="utf-8"))
    return {
        node.name
        for node in tree.body
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.name.startswith("test_")
    }


@pytest.mark.parametrize("name", sorted({name for name, _ in NAMED.findall(PAGE)}))
def test_every_test_that_is_named_is_there(name: str) -> None:
    named = {test for file, test in NAMED.findall(PAGE) if file == name}
    assert named - found_in(HERE / name) == set()


def test_every_rule_has_a_test() -> None:
    assert [row for row in ROWS if len(row) != 5 or not NAMED.search(row[4])] == []
    assert {row[1] for row in ROWS} == {"MUST", "SHOULD", "MAY"}
    assert {row[2] for row in ROWS} == {"server", "client", "both"}


@pytest.mark.parametrize("rfc", SECTIONS)
def test_every_section_has_a_rule(rfc: str) -> None:
    parts = re.split(r"^## ", PAGE, flags=re.MULTILINE)
    said = {
        found for part in parts if part.startswith(rfc) for found in re.findall(r"^\| ([\d.]+) \|", part, re.MULTILINE)
    }
    assert said == set(SECTIONS[rfc].split())


def test_every_test_of_this_folder_is_named() -> None:
    ours = {
        (file.relative_to(HERE).as_posix(), test)
        for file in (HERE / "conformance").glob("test_*.py")
        if file != Path(__file__)
        for test in found_in(file)
    }
    assert ours - set(NAMED.findall(PAGE)) == set()
