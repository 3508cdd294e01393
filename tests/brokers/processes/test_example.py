"""The example of two processes does what it says."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

EXAMPLE = Path(__file__).parents[3] / "examples" / "two_processes.py"


def test_the_example(needs_redis: None) -> None:
    done = subprocess.run([sys.executable, "-W", "error", str(EXAMPLE)], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.splitlines() == [
        "the listener hears clock 40",
        "the listener hears globe 120",
        "the listener is away, and the bidding goes on",
        "the listener hears clock 50",
        "the listener hears clock 60",
    ]
