"""The command line as a shell sees it: a process, what it prints, and how it exits."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

posix = pytest.mark.skipif(os.name != "posix", reason="signals and exit codes of a POSIX shell")


@contextmanager
def flowws(*arguments: str) -> Iterator[subprocess.Popen[str]]:
    """The command, running. It is ended with the block if it has not ended before."""
    process = subprocess.Popen(
        [sys.executable, "-m", "flowws.cli", *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        encoding="utf-8",
        env={**os.environ, "PYTHONIOENCODING": "utf-8", "COLUMNS": "40"},
    )
    with process:
        try:
            yield process
        finally:
            process.terminate()


def line(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None
    return process.stdout.readline().rstrip("\n")


def ended(process: subprocess.Popen[str]) -> tuple[int, str, str]:
    """The exit code, and what was still to read on standard output and on standard error."""
    out, err = process.communicate()
    return process.returncode, out, err


def ran(*arguments: str) -> tuple[int, str, str]:
    with flowws(*arguments) as process:
        return ended(process)


def one_line(text: str) -> bool:
    return text.startswith("flowws: ") and text.endswith("\n") and text.count("\n") == 1


def served(process: subprocess.Popen[str]) -> str:
    """The address of the page that the command prints."""
    while not (text := line(process)).lstrip().startswith("page"):
        assert process.poll() is None, ended(process)
    return text.split()[-1]
