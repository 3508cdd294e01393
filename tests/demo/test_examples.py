"""The examples run, and do what they say."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

EXAMPLES = Path(__file__).parents[2] / "examples"


def run(name: str, *arguments: str) -> list[str]:
    script = [sys.executable, str(EXAMPLES / name), *arguments]
    return subprocess.run(script, capture_output=True, text=True, check=True).stdout.splitlines()


def test_the_pipeline() -> None:
    assert run("pipeline.py") == ["fine", "too warm", "fine", "the thermometer has stopped"]


def test_the_client_gets_from_the_server_what_it_asked_for() -> None:
    script = [sys.executable, str(EXAMPLES / "feed_server.py"), "0"]
    server = subprocess.Popen(script, stdout=subprocess.PIPE, text=True)
    with server:
        try:
            assert server.stdout is not None
            url = server.stdout.readline().strip()
            *readings, last = run("feed_client.py", "21", url)
        finally:
            server.kill()
    assert last == "ten are enough"
    assert len(readings) == 10
    assert {key for reading in readings for key in json.loads(reading)} == {"room", "celsius"}
