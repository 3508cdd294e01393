"""The runner of notebooks itself: what it must not let pass."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.notebook.kernels import Kernel
from tests.notebook.notebook_run import NotebookError, code, run_notebook

SCOPE = "from flowws import delay\nfrom flowws.notebook import notebook_scope\nscope = notebook_scope()"
FAILS_LATER = "async def fails():\n    await delay({})\n    raise ValueError('late')\nscope.launch(fails)\nNone"


def test_a_notebook_that_is_well(kernel: Kernel) -> None:
    done = run_notebook(kernel, [code("a = 1"), {"cell_type": "markdown", "source": "# a"}, code(""), code("a + 1")])
    assert [cell.result for cell in done] == ["", "2"]


def test_a_failure_that_is_meant_to_be(kernel: Kernel) -> None:
    run_notebook(kernel, [code("1 / 0", "raises-exception"), code("import sys; print(1, file=sys.stderr)", "stderr")])
    with pytest.raises(NotebookError, match="should have failed"):
        run_notebook(kernel, [code("1", "raises-exception")])


def test_a_failure(kernel: Kernel) -> None:
    with pytest.raises(NotebookError, match=r"(?s)fails:\n1 / 0.*ZeroDivisionError"):
        run_notebook(kernel, [code("1 / 0")])


@pytest.mark.parametrize("before", ["", SCOPE], ids=["plain", "with a scope"])
def test_a_group_of_failures(kernel: Kernel, before: str) -> None:
    with pytest.raises(NotebookError, match="ExceptionGroup"):
        run_notebook(kernel, [code("1"), code(before), code("raise ExceptionGroup('two', [ValueError(), OSError()])")])


def test_a_job_that_fails_while_another_cell_runs(kernel: Kernel) -> None:
    with pytest.raises(NotebookError, match="ValueError"):
        run_notebook(kernel, [code(SCOPE), code(FAILS_LATER.format(0)), code("await delay(0.2)")])


def test_a_job_that_fails_at_its_end(kernel: Kernel) -> None:
    at_the_end = (
        "async def fails():\n    try:\n        await delay(60)\n    finally:\n        1 / 0\nscope.launch(fails)"
    )
    with pytest.raises(NotebookError, match=r"(?s)aclose_all\(\).*ZeroDivisionError"):
        run_notebook(kernel, [code(SCOPE), code(at_the_end), code("await delay(0)")])


def test_a_cell_that_does_not_end(tmp_path: Path) -> None:
    with pytest.raises(NotebookError, match=r"longer than 0\.5 s"), Kernel(tmp_path) as kernel:
        run_notebook(kernel, [code("import time\ntime.sleep(2)")], cell_limit=0.5)


def test_a_notebook_that_does_not_end(tmp_path: Path) -> None:
    with pytest.raises(NotebookError, match=r"late: 0\.5 s"), Kernel(tmp_path) as kernel:
        run_notebook(kernel, [code("import time"), *[code("time.sleep(0.2)")] * 9], limit=0.5)


def test_a_warning(kernel: Kernel) -> None:
    with pytest.raises(NotebookError, match="UserWarning"):
        run_notebook(kernel, [code("import warnings\nwarnings.warn('careful')")])
