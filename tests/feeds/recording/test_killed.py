"""A program that is killed leaves a file with all that it has seen."""

from __future__ import annotations

import logging
import signal
import sys
from pathlib import Path
from subprocess import PIPE, Popen

import pytest

from flowws.feeds import read_runs, replay

PROGRAM = """
import sys
import anyio
from flowws import flow, delay
from flowws.feeds import record

@flow
async def numbers():
    number = 0
    while True:
        yield number
        number += 1

def show(number):
    print(number, flush=True)

anyio.run(record(numbers(), sys.argv[1]).collect, show)
"""


async def test_all_that_was_seen_stands_in_the_file(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    path = tmp_path / "some.jsonl"
    seen = killed(path, after=500)
    values = await replay(path, int, speed=float("inf")).to_list()
    assert values == list(range(len(values)))
    assert len(values) >= seen
    assert (await read_runs(path))[0].outcome is None
    assert "cut off" in caplog.messages[-1 if len(caplog.messages) < 3 else 1]
    assert {record.levelno for record in caplog.records} == {logging.WARNING}


def killed(path: Path, after: int) -> int:
    """Runs the program until it has shown so many values; how many it has shown in the end."""
    with Popen([sys.executable, "-c", PROGRAM, str(path)], stdout=PIPE, text=True) as program:
        assert program.stdout is not None
        for _ in range(after):
            program.stdout.readline()
        program.send_signal(signal.SIGKILL)
        return after + len(program.stdout.read().splitlines())
