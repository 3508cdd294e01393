"""`Tape`: a file that runs are written to, as JSON Lines (docs/recording.md describes them).

Each line is one call of the operating system, made on the loop: when the program is killed, all that has happened
stands in the file, but for half of one line perhaps. A thread would hold the loop up for a microsecond less, and lose
what waits for it (benchmarks/bench_recording.py).
"""

from __future__ import annotations

import os
from base64 import b64encode
from datetime import UTC, datetime
from pathlib import Path
from secrets import token_hex
from typing import BinaryIO, Final, Literal, TypeAlias

import orjson

from flowws._core import loop_clock

VERSION: Final = 1

Kind: TypeAlias = Literal["flow", "session"]


class Tape:
    """One file, open while a run is written to it. What is there stays: a run is added behind it."""

    def __init__(self, path: Path) -> None:
        self.path: Final = path
        self._file: BinaryIO | None = None
        self._runs = 0

    def begin(self, kind: Kind, name: str) -> Track:
        """A run that begins now. Raises `OSError`."""
        if self._file is None:
            self._file = _opened(self.path)
        self._runs += 1
        try:
            return Track(self, kind, name)
        except BaseException:
            self.let_go()
            raise

    def write(self, line: bytes) -> None:
        """Add to the file. Raises `OSError`."""
        assert self._file is not None  # a run is written to it
        while line:  # a disk that is full takes half of a line, and then none
            line = line[self._file.write(line) :]

    def let_go(self) -> None:
        """A run is over: with the last one, the file is closed."""
        self._runs -= 1
        if not self._runs and self._file is not None:
            self._file.close()
            self._file = None


def _opened(path: Path) -> BinaryIO:
    """The file, behind its last whole line: who wrote it before may have been killed in the middle of one."""
    file = path.open("a+b", buffering=0)
    try:
        if file.seek(0, os.SEEK_END):
            file.seek(-1, os.SEEK_END)
            if file.read(1) != b"\n":
                file.write(b"\n")
    except BaseException:
        file.close()
        raise
    return file


class Track:
    """One run that is being written: one collection of a flow, or one session."""

    __slots__ = ("_clock", "_is_over", "_prefix", "_started", "_tape")

    def __init__(self, tape: Tape, kind: Kind, name: str) -> None:
        run = token_hex(4)  # by chance, so that runs and programs that share a file need not know of each other
        self._tape = tape
        self._prefix = b'{"run":"%b",' % run.encode()
        self._clock = loop_clock()
        self._started = self._clock()
        self._is_over = False
        beginning = {"recording": VERSION, "of": kind, "name": _unicode(name), "at": datetime.now(UTC).isoformat()}
        tape.write(self._prefix + orjson.dumps(beginning)[1:] + b"\n")

    def note(self, key: bytes, content: bytes) -> None:
        """Something happens now; `content` is JSON in one line. Raises `OSError`."""
        self._tape.write(b'%b"t":%.6f,"%b":%b}\n' % (self._prefix, self._clock() - self._started, key, content))

    def end(self, outcome: dict[str, str]) -> None:
        """The run is over. Raises `OSError`."""
        self._is_over = True
        try:
            said = orjson.dumps({key: _unicode(text) for key, text in outcome.items()})
            self._tape.write(b'%b"t":%.6f,%b\n' % (self._prefix, self._clock() - self._started, said[1:]))
        finally:
            self._tape.let_go()

    def drop(self) -> None:
        """Write nothing more of it."""
        if not self._is_over:
            self._is_over = True
            self._tape.let_go()


def _unicode(text: str) -> str:
    """What JSON can carry: a text of Python's may have halves of characters, as errors of the operating system do."""
    return text.encode(errors="backslashreplace").decode()


def base64(data: bytes) -> bytes:
    """Bytes as JSON has them."""
    return b'"%b"' % b64encode(data)


def checked_path(path: object) -> Path:
    """Where a recording is. Raises `TypeError` for what is no path."""
    if not isinstance(path, (str, Path)):
        raise TypeError(f"a recording is a file, by its path, not {path!r}")
    return Path(path)
