"""What stands in a notebook that was run by nbclient, as `jupyter nbconvert --execute` does it, and stored."""

from __future__ import annotations

from pathlib import Path
from typing import Any, cast

import nbformat
import pytest
from nbclient import NotebookClient

from tests.notebook.kernels import ROOT
from tests.notebook.lab import write_notebook

pytestmark = [
    pytest.mark.timeout(60),  # a kernel takes seconds to start
    # It holds sockets of its own, which go with it.
    pytest.mark.filterwarnings("ignore::ResourceWarning", "ignore::pytest.PytestUnraisableExceptionWarning"),
]


def executed(folder: Path, monkeypatch: pytest.MonkeyPatch, *cells: str) -> list[Any]:
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    for name in ("IPYTHONDIR", "JUPYTER_CONFIG_DIR", "JUPYTER_RUNTIME_DIR", "JUPYTER_DATA_DIR"):
        monkeypatch.setenv(name, str(folder))
    file = folder / "a.ipynb"
    write_notebook(file, *cells)
    notebook: Any = nbformat.read(file, as_version=4)
    NotebookClient(notebook, timeout=20, kernel_name="python3").execute()
    return cast("list[Any]", notebook.cells)


def test_the_last_picture_is_in_the_saved_notebook(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    cells = executed(
        tmp_path,
        monkeypatch,
        "from flowws import interval\nfrom flowws.notebook import live_widget, view",
        "numbers = view(interval(0.01).take(50), fps=20)\nnumbers",
        "plot = live_widget(interval(0.01).take(50))\nplot",
        "await numbers.job.join()\nawait plot.job.join()",
    )
    kept = cells[1].outputs[0].data["text/html"]
    assert "50 values · ended" in kept
    assert ">49</td>" in kept
    bundle = cells[2].outputs[0].data
    assert set(bundle) == {"text/html", "text/plain"}  # a widget would be an error message to whoever has no kernel
    assert "50 values · ended" in bundle["text/html"]
    assert "<polyline" in bundle["text/html"]
