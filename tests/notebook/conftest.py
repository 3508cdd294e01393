"""A fresh kernel for a test that asks for one: of this environment, and of an older one where there is one."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.notebook.kernels import OTHER_PYTHON, Kernel

WITH_KERNELS = frozenset(
    {
        "test_display_kernel.py",
        "test_kernel_ends.py",
        "test_kernel_pitfalls.py",
        "test_lab.py",
        "test_notebook_run.py",
        "test_notebooks.py",
        "test_scope_across_cells.py",
        "test_scope_failures.py",
        "test_scope_thread.py",
        "test_stop.py",
        "test_view_kernel.py",
        "test_view_saved.py",
        "test_widget.py",
    }
)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Marks what starts real kernels with `kernel`."""
    for item in items:
        if item.path.parent == Path(__file__).parent and item.path.name in WITH_KERNELS:
            item.add_marker("kernel")


@pytest.fixture(params=["this", "older"])
def kernel(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Kernel]:
    """At its end the process must have had nothing to say: no warning, no task that was destroyed while pending."""
    python = sys.executable if request.param == "this" else os.environ.get(OTHER_PYTHON, "")
    if not python:
        pytest.skip(f"{OTHER_PYTHON} names no interpreter with an older ipykernel")
    with Kernel(tmp_path, python) as one:
        yield one
    assert one.log.strip() == ""
