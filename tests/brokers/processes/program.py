"""A process that publishes into a flow, or one that writes down what it hears of it, and a handle on it for the test.

    python -m tests.brokers.processes.program publish asyncio URL NAME COUNT
    python -m tests.brokers.processes.program subscribe trio URL FILE COUNT

Both say ``ready``. A publisher then waits for a line, publishes half of its values, waits for another, and publishes
the rest. A subscriber goes on behind the last line of its file, and ends when the file has so many.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from random import Random
from typing import Final

import anyio
import anyio.to_thread

from flowws.brokers import BrokeredSharedFlow, Position, RedisBroker

ROOT: Final = Path(__file__).parents[3]
TOPIC: Final = "numbers"
Number = tuple[str, int]
"""Who has published it, and their how manyeth it is."""


class Program:
    """A process at work."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        assert process.stdin is not None
        assert process.stdout is not None
        self._process, self._orders, self._answers = process, process.stdin, process.stdout

    def expect(self, line: str) -> None:
        """Wait for what it says next."""
        said = self._answers.readline().rstrip("\n")
        assert said == line, f"said {said!r} instead of {line!r}"

    def go_on(self) -> None:
        """Give it the line that it waits for."""
        self._orders.write("go on\n")
        self._orders.flush()

    def kill(self) -> None:
        """As if the machine had stopped."""
        self._process.kill()
        self._process.wait()

    def end(self) -> None:
        """Wait until it has ended, as it should."""
        assert self._process.wait(30) == 0


@contextmanager
def running(*arguments: str) -> Iterator[Program]:
    """A process; it does not outlive the block."""
    command = [sys.executable, "-m", "tests.brokers.processes.program", *arguments]
    with subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        try:
            yield Program(process)
        finally:
            process.kill()


# ------------------------------------------------------------------------------------------------------ what they do


async def publish(flow: BrokeredSharedFlow[Number], name: str, count: int) -> None:
    """In batches of any size."""
    random = Random(name)
    print("ready", flush=True)
    for numbers in range(count // 2), range(count // 2, count):
        await anyio.to_thread.run_sync(sys.stdin.readline)
        for number in numbers:
            await flow.emit((name, number))
            if random.random() < 0.1:
                await flow.flush()
        await flow.flush()
        print("so far", flush=True)


async def subscribe(flow: BrokeredSharedFlow[Number], path: Path, count: int) -> None:
    """Each value is a line of the file, written at once, so that what is there survives whatever happens here."""
    written = read(path)
    token = Position.parse(written[-1].split()[0]) if written else await flow.ready()
    print("ready", flush=True)
    with path.open("ab", buffering=0) as file:
        missing = count - len(written)
        async for position, (name, number) in flow.positioned(token).take(missing):
            file.write(f"{position} {name} {number}\n".encode())
            if len(written) == 0 and position.offset == count // 4:
                print("so far", flush=True)


def read(path: Path) -> list[str]:
    """The whole lines of a file to which nobody writes; a torn one at its end is taken away."""
    if not path.exists():
        return []
    whole = path.read_bytes().rpartition(b"\n")
    path.write_bytes(whole[0] + whole[1])
    return whole[0].decode().splitlines()


async def main(role: str, url: str, name: str, count: str) -> None:
    async with RedisBroker(url) as broker:
        flow: BrokeredSharedFlow[Number] = broker.shared_flow(TOPIC, Number)
        if role == "publish":
            await publish(flow, name, int(count))
        else:
            await subscribe(flow, Path(name), int(count))


if __name__ == "__main__":
    _, role, backend, url, name, count = sys.argv
    anyio.run(main, role, url, name, count, backend=backend)
