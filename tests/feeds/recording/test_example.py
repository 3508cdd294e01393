"""The example runs, and does what it says."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

EXAMPLE = Path(__file__).parents[3] / "examples" / "recording.py"


def test_the_example():
    done = subprocess.run([sys.executable, str(EXAMPLE)], capture_output=True, text=True, check=True)
    assert re.sub(r"\d\.\d s", "0.0 s", done.stdout).splitlines() == [
        "/shout: 4 messages in 0.0 s, then CloseReason(1000 NORMAL)",
        "0.0 s: HELLO",
        "0.0 s: IS THERE ANYBODY?",
    ]
    assert done.stderr == ""
