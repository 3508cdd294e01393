"""A fresh kernel for a test that asks for one: of this environment, and of an older one where there is one."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.notebook.kernels import OTHER_PYTHON, Kernel


@pytest.fixture(params=["this", "older"])
def kernel(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Kernel]:
    """At its end the process must have had nothing to say: no warning, no task that was destroyed while pending."""
    python = sys.executable if request.param == "this" else os.environ.get(OTHER_PYTHON, "")
    if not python:
        pytest.skip(f"{OTHER_PYTHON} names no interpreter with an older ipykernel")
    with Kernel(tmp_path, python) as one:
        yield one
    assert one.log.strip() == ""
