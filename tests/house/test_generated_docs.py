"""The parts of the pages that are made from the code are as the code is now."""

from __future__ import annotations

import runpy
from pathlib import Path

import pytest

import flowws

# What has no picture: it gives neither a flow nor a value to be drawn.
UNDRAWN = {
    "as_observable",
    "collect",
    "collect_indexed",
    "collect_latest",
    "launch_in",
    "pipe",
    "produce_in",
    "progress",
    "subscribe_async",
    "to_stream",
}
DOCS = Path(__file__).parents[2] / "docs"
GENERATOR = runpy.run_path(str(DOCS / "generate.py"))


@pytest.mark.parametrize("path", sorted(DOCS.glob("*.md")), ids=lambda path: path.name)
def test_no_page_is_behind_the_code(path: Path) -> None:
    page = path.read_text(encoding="utf-8")
    assert GENERATOR["renewed"](page) == page, "run `make docs`"


def test_every_part_is_on_a_page() -> None:
    pages = "\n".join(path.read_text(encoding="utf-8") for path in DOCS.glob("*.md"))
    assert [part for part in GENERATOR["PARTS"] if f"<!-- made from the code: {part} -->" not in pages] == []


def test_a_change_of_the_table_shows() -> None:
    page = "<!-- made from the code: job states -->\nas it was\n<!-- end -->"
    assert "ACTIVE --> COMPLETING: the body returns" in GENERATOR["renewed"](page)
    assert "as it was" not in GENERATOR["renewed"](page)


def test_the_pictures_are_what_the_code_does_now() -> None:
    for folder, drawn in (("marbles", GENERATOR["pictures"]()), ("pictures", GENERATOR["drawings"]())):
        kept = {path.name: path.read_text(encoding="utf-8") for path in (DOCS / folder).glob("*.svg")}
        assert kept == drawn, "run `make docs`"


def test_every_operator_has_its_picture() -> None:
    shown = {marble.operator for marbles in GENERATOR["EXAMPLES"].values() for marble in marbles}
    operators = {name for name, value in vars(flowws.Flow).items() if callable(value) and not name.startswith("_")}
    assert sorted(operators - shown - UNDRAWN) == []
    assert sorted(shown & UNDRAWN) == []
