"""The parts of the pages that are made from the code are as the code is now."""

from __future__ import annotations

import runpy
from pathlib import Path

import pytest

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
