"""A notebook, run from top to bottom on a real kernel: whatever goes wrong in it fails the run, in whichever cell.

Runners that look at the cell which has just run miss half of it: an exception group is plain text on stderr to them, a
job that fails later belongs to a cell that is done, and a job that fails at the very end to none. So here the last word
is `aclose_all`, which raises what a job has failed with, and all cells are looked at once more when it has been spoken.

A cell may say by a tag that something is meant to be: ``raises-exception``, which is Jupyter's own, or ``stderr``.
"""

from __future__ import annotations

import json
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from tests.notebook.kernels import Cell, Kernel

CELL_LIMIT = 20.0
LIMIT = 60.0
"""So many seconds a cell and a whole notebook may take."""
LAST_WORD = "from flowws.notebook import aclose_all\nawait aclose_all()"


class NotebookError(AssertionError):
    """What went wrong, and in which cell."""


def cells_of(path: Path) -> list[dict[str, Any]]:
    """The cells of a notebook file as they stand there, but each source in one piece."""
    content = json.loads(path.read_text(encoding="utf-8"))
    return [cell | {"source": "".join(cell["source"])} for cell in content["cells"]]


def code(source: str, *tags: str) -> dict[str, Any]:
    """A cell of code."""
    return {"cell_type": "code", "source": source, "metadata": {"tags": list(tags)}}


def run_notebook(
    kernel: Kernel, cells: Sequence[dict[str, Any]], *, cell_limit: float = CELL_LIMIT, limit: float = LIMIT
) -> list[Cell]:
    """The cells of code that have run, which is all of them; raises `NotebookError`."""
    end = time.monotonic() + limit
    done: list[tuple[Cell, list[str]]] = []
    for each in [*cells, code(LAST_WORD)]:
        if each["cell_type"] != "code" or not each["source"].strip():
            continue
        cell = kernel.start(each["source"], each.get("id"))
        tags = each["metadata"].get("tags", [])
        done.append((cell, tags))
        left = end - time.monotonic()
        try:
            kernel.wait(cell, min(cell_limit, max(left, 0)))
        except TimeoutError:
            problem = f"takes longer than {cell_limit:g} s" if left > cell_limit else f"is late: {limit:g} s are over"
            raise _error(cell, problem) from None
        if (cell.status == "error") != ("raises-exception" in tags):
            raise _error(cell, "fails" if cell.status == "error" else "should have failed")
    for cell, tags in done:
        if cell.errors and "raises-exception" not in tags:
            raise _error(cell, "shows a failure")
        if cell.stderr and "stderr" not in tags:
            raise _error(cell, "has something to say on stderr")
    return [cell for cell, _ in done[:-1]]


def _error(cell: Cell, problem: str) -> NotebookError:
    shown = [line for error in cell.errors for line in error["traceback"]]
    reply = cell.reply or {}
    said = [f"{reply['ename']}: {reply['evalue']}"] if "ename" in reply and not shown else []
    return NotebookError("\n".join([f"a cell {problem}:", cell.source, "", *shown, *said, cell.stderr]))
