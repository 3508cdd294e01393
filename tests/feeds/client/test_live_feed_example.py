"""The example of a client that outlives its connections does what it says."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

EXAMPLE = Path(__file__).parents[3] / "examples" / "live_feed.py"


def test_the_example() -> None:
    done = subprocess.run([sys.executable, "-W", "error", str(EXAMPLE)], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.splitlines() == [
        "everything: clock 40 globe 120",
        "clock 50; the connection is lost, and the bidding goes on",
        "connected again, nothing is missing",
        "globe 130; from now on nothing but the clock",
        "everything: clock 50",
        "clock 60",
    ]
