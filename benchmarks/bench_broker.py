"""What a flow across processes costs: flowws on Redis Streams beside what one would write by hand.

    python benchmarks/bench_broker.py [batches latency three] [--rounds 5] [--profile]

- ``batches``: messages a second from one publisher to one subscriber, published and acknowledged in batches of 64
- ``latency``: how long a message is on its way, at 1,000 messages a second, published one by one
- ``three``: ``batches`` with three subscribers

A message is 200 bytes of JSON, written and read. Publisher, subscribers and redis-server are processes of their own;
the server is new for each measurement, listens on a unix socket, and keeps nothing on disk. The peers take turns; a
figure is the median of the rounds, and a ratio is the median of the ratios of each round. Only the ratios matter; the
bounds are those of the project. ``coredis`` is the bare loop: XADD, awaited one by one, and XREAD. The peers tell
nobody of a gap, and write a message twice when an answer is lost.

With ``--profile`` flowws alone is asked, and shows where its time goes.
"""

from __future__ import annotations

import argparse
import json
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

from _broker_peers import PEERS

MESSAGES = 30_000  # of a measurement in batches
PACED = 3000  # of a measurement of delays
RATE = 1000.0
FIRST = "flowws"
BARE = "coredis"

Figures = Mapping[str, float]


# ------------------------------------------------------------------------------------------------------ the processes


@contextmanager
def redis_server() -> Iterator[str]:
    """A server without anything on disk; the path of its socket."""
    with tempfile.TemporaryDirectory() as folder:
        path = str(Path(folder) / "redis.sock")
        options = ["--port", "0", "--unixsocket", path, "--dir", folder, "--save", "", "--appendonly", "no"]
        with subprocess.Popen(["redis-server", *options], stdout=subprocess.DEVNULL) as server:
            try:
                while subprocess.run(["redis-cli", "-s", path, "ping"], capture_output=True, check=False).returncode:
                    time.sleep(0.01)
                yield path
            finally:
                server.terminate()


def worked(path: str) -> float:
    """Seconds of processor time that a server has had."""
    said = subprocess.run(["redis-cli", "-s", path, "info", "cpu"], capture_output=True, text=True, check=True).stdout
    figures = dict(line.split(":") for line in said.splitlines() if ":" in line)
    return float(figures["used_cpu_user"]) + float(figures["used_cpu_sys"])


class Process:
    """One of `_broker_peers.py` at work."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        assert process.stdin is not None  # it is piped
        assert process.stdout is not None  # as above
        self._orders, self._answers = process.stdin, process.stdout
        assert self._answers.readline() == "ready\n"

    def begin(self) -> None:
        """Let it publish."""
        self._orders.write("begin\n")
        self._orders.flush()

    def report(self) -> dict[str, Any]:
        """What it has seen, at its end."""
        said: dict[str, Any] = json.loads(self._answers.readline())
        return said


@contextmanager
def process(role: str, peer: str, path: str, *options: str) -> Iterator[Process]:
    """A publisher or a subscriber, ready."""
    command = [sys.executable, str(Path(__file__).with_name("_broker_peers.py")), role, peer, path, *options]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as it:
        try:
            yield Process(it)
        except BaseException:
            it.kill()
            raise


# ---------------------------------------------------------------------------------------------------- what is asked


def measured(peer: str, *, subscribers: int = 1, rate: float = 0.0, profile: bool = False) -> dict[str, float]:
    """Messages a second that the slowest subscriber got, microseconds of delay, and of processor time for a message."""
    count = PACED if rate else MESSAGES // (10 if peer == BARE else 1)
    options = [str(count), *(["--rate", str(rate)] if rate else []), *(["--profile"] if profile else [])]
    with redis_server() as path, ExitStack() as stack:
        readers = [stack.enter_context(process("receive", peer, path, *options)) for _ in range(subscribers)]
        writer = stack.enter_context(process("publish", peer, path, *options))
        before = worked(path)
        writer.begin()
        published = writer.report()
        received = [reader.report() for reader in readers]
        server = worked(path) - before
    return {
        "rate": count / (max(each["ended"] for each in received) - published["began"]),
        "p50": max(each["p50"] for each in received) * 1e6,
        "p99": max(each["p99"] for each in received) * 1e6,
        "publisher": published["worked"] / count * 1e6,
        "subscriber": max(each["worked"] for each in received) / count * 1e6,
        "server": server / count * 1e6,
    }


@dataclass(frozen=True)
class Bound:
    """A figure of flowws against the same figure of somebody else."""

    figure: str
    peer: str
    least: float = 0.0
    most: float = float("inf")

    def check(self, rounds: Mapping[str, list[Figures]]) -> bool:
        """Print how it stands; whether it holds."""
        pairs = zip(rounds[FIRST], rounds[self.peer], strict=True)
        ratio = statistics.median(ours[self.figure] / theirs[self.figure] for ours, theirs in pairs)
        bound = f"at least {self.least:.2f}" if self.least else f"at most {self.most:.2f}"
        print(f"  {self.figure} of {FIRST} to that of {self.peer}: {ratio:.2f}  ({bound})")
        return self.least <= ratio <= self.most


@dataclass(frozen=True)
class Question:
    """A table: what each candidate does, which figures are shown, and how the first line is to stand beside others."""

    unit: str
    figures: tuple[str, ...]
    candidates: Mapping[str, Callable[[], Figures]]
    bounds: tuple[Bound, ...] = field(default=())


RATES = ("rate", "publisher", "server", "subscriber")
UNIT = "messages a second; microseconds of processor time for each"

QUESTIONS = {
    "batches": Question(
        UNIT,
        RATES,
        {peer: partial(measured, peer) for peer in PEERS},
        (Bound("rate", "redis-py Streams", least=1.0), Bound("rate", "coredis pipelines", least=1.5)),
    ),
    "latency": Question(
        "microseconds from publishing to receiving",
        ("p50", "p99"),
        {peer: partial(measured, peer, rate=RATE) for peer in PEERS if peer != "coredis pipelines"},
        (Bound("p50", BARE, most=2.0), Bound("p99", BARE, most=3.0)),
    ),
    "three": Question(
        UNIT,
        RATES,
        {FIRST: partial(measured, FIRST, subscribers=3)}
        | {f"{peer}, one subscriber": partial(measured, peer) for peer in (FIRST,)}
        | {peer: partial(measured, peer, subscribers=3) for peer in ("redis-py Streams", "redis-py pub/sub")},
        (Bound("rate", f"{FIRST}, one subscriber", least=0.5),),
    ),
}


def answer(name: str, rounds: int) -> bool:
    """Print one table; whether its bounds hold."""
    question = QUESTIONS[name]
    taken: dict[str, list[Figures]] = {candidate: [] for candidate in question.candidates}
    for _ in range(rounds):
        for candidate, figures in taken.items():
            figures.append(question.candidates[candidate]())
    print(f"\n{name}, {question.unit}")
    print(f"  {'':26}" + "".join(f"{figure:>12}" for figure in question.figures))
    for candidate, figures in taken.items():
        medians = (statistics.median(each[figure] for each in figures) for figure in question.figures)
        print(f"  {candidate:26}" + "".join(f"{median:12,.0f}" for median in medians))
    held = [bound.check(taken) for bound in question.bounds]  # each is printed
    return all(held)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("questions", nargs="*", metavar="question", help=", ".join(QUESTIONS))
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--profile", action="store_true")
    asked = parser.parse_args()
    unknown = set(asked.questions) - set(QUESTIONS)
    if unknown:
        parser.error(f"there is no question {', '.join(unknown)}: there are {', '.join(QUESTIONS)}")
    if shutil.which("redis-server") is None:
        sys.exit("this needs redis-server (Debian: apt install redis-server)")
    if asked.profile:
        for name in asked.questions or ["batches"]:
            measured(FIRST, rate=RATE if name == "latency" else 0.0, profile=True)
        return
    answers = [answer(name, asked.rounds) for name in asked.questions or QUESTIONS]
    sys.exit(not all(answers))


if __name__ == "__main__":
    main()
