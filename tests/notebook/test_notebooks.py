"""The notebooks of the project, on a real kernel; and what each of them owes its reader."""

from __future__ import annotations

import ast
import json
import re
from pathlib import Path
from typing import Any

import pytest

from tests.notebook.kernels import ROOT, Kernel
from tests.notebook.notebook_run import cells_of, run_notebook

NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))
WITH_JOBS = [path for path in NOTEBOOKS if "notebook_scope()" in path.read_text(encoding="utf-8")]
each_notebook = pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)


@pytest.mark.timeout(100)
@each_notebook
def test_it_runs_from_top_to_bottom_and_every_cell_shows_something(kernel: Kernel, path: Path) -> None:
    done = run_notebook(kernel, cells_of(path))
    assert [cell.source for cell in done if not cell.outputs and not only_defines(cell.source)] == []


@pytest.mark.timeout(100)
@pytest.mark.parametrize("kernel", ["this"], indirect=True)
@pytest.mark.parametrize("path", WITH_JOBS, ids=lambda path: path.stem)
def test_every_cell_may_be_run_twice(kernel: Kernel, path: Path) -> None:
    """The second run of a cell replaces what the first one has launched."""
    run_notebook(kernel, [cell for cell in cells_of(path) for _ in range(2)])


def only_defines(source: str) -> bool:
    """Whether this is code that has nothing to show."""
    nodes = (ast.Import, ast.ImportFrom, ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.Assign)
    return all(isinstance(node, nodes) for node in ast.parse(source).body)


def code_cells(path: Path) -> list[dict[str, Any]]:
    return [cell for cell in cells_of(path) if cell["cell_type"] == "code"]


def prose(path: Path) -> str:
    return "\n\n".join(cell["source"] for cell in cells_of(path) if cell["cell_type"] == "markdown")


@each_notebook
def test_it_is_kept_without_what_a_run_leaves(path: Path) -> None:
    content = json.loads(path.read_text(encoding="utf-8"))
    assert set(content["metadata"]) == {"kernelspec", "language_info"}
    assert content["metadata"]["kernelspec"]["name"] == "python3"
    for cell in content["cells"]:
        assert set(cell["metadata"]) <= {"tags", "jupyter"}
        if cell["cell_type"] == "code":
            assert (cell["outputs"], cell["execution_count"]) == ([], None)
    ids = [cell["id"] for cell in content["cells"]]
    assert len(set(ids)) == len(ids)


@each_notebook
def test_its_first_cell_does_not_wait(path: Path) -> None:
    """A kernel in which nothing has run yet gives no answer to a cell that awaits and fails with a group."""
    compile(code_cells(path)[0]["source"], path, "exec", dont_inherit=True)


@each_notebook
def test_it_has_one_exercise_with_its_solution_folded(path: Path) -> None:
    assert prose(path).count("## Exercise") == 1
    solutions = [cell for cell in code_cells(path) if "solution" in cell["metadata"].get("tags", [])]
    assert [cell["metadata"]["jupyter"] for cell in solutions] == [{"source_hidden": True}]


@each_notebook
def test_its_links_lead_somewhere(path: Path) -> None:
    targets = [target for target in re.findall(r"\]\(([^)#\s]+)", prose(path)) if "://" not in target]
    assert targets
    assert [target for target in targets if not (path.parent / target).exists()] == []


def test_all_of_them_are_listed_and_follow_each_other() -> None:
    names = [path.name for path in NOTEBOOKS]
    listed = re.findall(r"\((\d\d_\w+\.ipynb)\)", (ROOT / "notebooks" / "README.md").read_text(encoding="utf-8"))
    assert listed == names
    for path, following in zip(NOTEBOOKS, names[1:], strict=False):
        assert f"Next: [{prose(path).rpartition('Next: [')[2].partition(']')[0]}]({following})" in prose(path)
