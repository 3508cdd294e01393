"""What it costs to write a recording: one call of the operating system per line, on the loop, or a thread.

How long a value takes on its way from the event to the file decides what a program that is killed leaves behind; how
long the loop is held up decides what everybody else notices. The values are those of a feed: 200 bytes of JSON.

python benchmarks/bench_recording.py
"""

from __future__ import annotations

import statistics
import tempfile
from collections.abc import Callable
from pathlib import Path
from queue import SimpleQueue
from threading import Thread
from time import perf_counter

import anyio

from flowws import Flow, as_flow
from flowws.feeds import record

VALUES = [{"id": number, "name": "Ada Lovelace", "city": "London", "note": "x" * 120} for number in range(20_000)]
LINE = b'{"run":"0123abcd","t":12.345678,"value":{"id":1,"note":"' + b"x" * 180 + b'"}}\n'
PERCENTILES = (50, 99, 99.9)


class OnTheLoop:
    """Each line is written at once."""

    def __init__(self, path: Path) -> None:
        self._file = path.open("ab", buffering=0)
        self.write = self._file.write

    def close(self) -> None:
        """All is written."""
        self._file.close()


class ByAThread:
    """Each line waits for a thread, which writes all that waits."""

    def __init__(self, path: Path) -> None:
        self._file = path.open("ab", buffering=0)
        self._queue: SimpleQueue[bytes] = SimpleQueue()
        self._thread = Thread(target=self._run)
        self._thread.start()
        self.write = self._queue.put

    def _run(self) -> None:
        while line := self._queue.get():
            waiting = [line]
            while not self._queue.empty() and (line := self._queue.get()):
                waiting.append(line)
            self._file.write(b"".join(waiting))
            if not line:
                return

    def close(self) -> None:
        """Wait until all is written."""
        self._queue.put(b"")
        self._thread.join()
        self._file.close()


def held_up(way: Callable[[Path], OnTheLoop | ByAThread], path: Path, lines: int = 50_000) -> list[float]:
    """For how long each write holds its caller up, and how long all took until they were in the file."""
    tape = way(path)
    took: list[float] = []
    began = perf_counter()
    for _ in range(lines):
        before = perf_counter()
        tape.write(LINE)
        took.append(perf_counter() - before)
    tape.close()
    return [
        *(statistics.quantiles(took, n=1000)[int(each * 10) - 1] for each in PERCENTILES),
        (perf_counter() - began) / lines,
    ]


def per_value(source: Callable[[Path], Flow[object]], path: Path) -> float:
    """Seconds per value of a whole collection."""
    began = perf_counter()
    anyio.run(source(path).collect)
    return (perf_counter() - began) / len(VALUES)


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "some.jsonl"
        print("microseconds per line    " + "".join(f"{f'p{each}':>10}" for each in PERCENTILES) + "   until written")
        for way in (OnTheLoop, ByAThread):
            print(f"  {way.__name__:<23}" + "".join(f"{each * 1e6:>10.2f}" for each in held_up(way, path)))
        plain = statistics.median(per_value(lambda _: as_flow(VALUES), path) for _ in range(5))
        recorded = statistics.median(per_value(lambda path: record(as_flow(VALUES), path), path) for _ in range(5))
        print(f"\nmicroseconds per value: {plain * 1e6:.2f} without, {recorded * 1e6:.2f} with a recording")


if __name__ == "__main__":
    main()
