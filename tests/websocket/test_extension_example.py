"""W15, the recipe: a log of frames."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path


def test_w15_the_log_of_frames():
    script = Path(__file__).parents[2] / "examples" / "frame_log.py"
    done = subprocess.run([sys.executable, str(script)], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines() == [
        "-> <Frame.Text 'hello'>",
        "<- <Frame.Text 'HELLO'>",
        "-> <Frame.Text 'is there anybody?'>",
        "<- <Frame.Text 'IS THERE ANYBODY?'>",
        "agreed on: permessage-deflate; server_max_window_bits=12; client_max_window_bits=12",
    ]
    assert done.stderr == ""
