"""What it costs to tell many clients the same: flowws beside its peers, one table for each question.

    python benchmarks/bench_feed.py [one four burst sizes stalled] [--rounds 5] [--profile]

- ``one``: one filter, 1,000 clients, each update by itself
- ``four``: the same with four filters, a quarter of the clients each; the peers, who have none, send everything
- ``burst``: one filter, ten updates in one turn of the loop
- ``sizes``: ``one`` with 10 to 5,000 clients: whether one of many costs more than one of few; and a bare loop. With few
  clients an update's fixed part weighs more, with many what the system keeps for each socket is far from the processor:
  everybody's cost has its least value in between
- ``stalled``: how long an update is on its way while one client in ten reads nothing, and while all do

An update is 200 bytes of JSON. Each server is a process of its own on the first core; the clients, in raw picows, are
on the second. The next update is published when all have the last one, so that nobody gains by falling behind. The
servers take turns, each round with fresh processes; a figure is the median of the rounds. A cost is the server's
processor time, the system's included, for one update to one client: so it counts less what else the machine does. Only
the ratios matter; the bounds are those of the project.

With ``--profile`` flowws alone is asked, and shows where its time goes.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import resource
import socket
import statistics
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from time import perf_counter
from typing import Any
from urllib.parse import quote

from _feed_peers import FILTERS, HOST, update
from _session_peers import keep
from picows import WSFrame, WSListener, WSTransport, ws_connect

CLIENTS = 1000
DELIVERIES = 60_000  # of a measurement, about
ORDERS = 500  # of a measurement of what an order takes
MOST_ORDERS = 2000  # of a measurement: few clients make few deliveries
CROWD = 50  # handshakes under way

PEERS = ("flowws", "websockets", "picows", "joined", "aiohttp", "fastapi")
# Stalled clients shall be noticed soon: with little room in the system, in bytes, and this much to fill it with.
BUFFER = 16 * 1024
FILLING = 100  # times ten updates


# --------------------------------------------------------------------------------------------------------- a server


class Server:
    """One of `_feed_peers.py` at work, and how to tell it what to do."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        assert process.stdin is not None  # it is piped
        assert process.stdout is not None  # as above
        self._orders, self._answers = process.stdin, process.stdout
        self.port = int(self._answers.readline())

    def tell(self, order: str) -> None:
        """Give an order; nobody answers."""
        self._orders.write(order + "\n")
        self._orders.flush()

    def report(self) -> Any:
        """What the server says of itself."""
        self.tell("report")
        return json.loads(self._answers.readline())


@contextmanager
def server(peer: str, *options: str) -> Iterator[Server]:
    """A server on the first core."""
    command = [sys.executable, str(Path(__file__).with_name("_feed_peers.py")), peer, *options]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        keep(process.pid, 0)
        yield Server(process)  # at the end its standard input closes, and so it ends


# ------------------------------------------------------------------------------------------------------ the clients


class Client(WSListener):
    """One that only counts."""

    def __init__(self, got: Callable[[], None]) -> None:
        self._got = got

    def on_ws_frame(self, transport: WSTransport, frame: WSFrame) -> None:
        """Take one message."""
        self._got()


class Crowd:
    """Many clients, and how much they have got together."""

    def __init__(self, server: Server, filters: Sequence[str]) -> None:
        self._server = server
        self._filters = filters
        self._readers = Counter[str]()  # how many wait for what passes a filter
        self._transports: list[WSTransport] = []
        self._published = 0
        self._missing = 0
        self._all_here = asyncio.Event()
        self.arrivals: list[float] = []
        """The moment of each delivery since updates were last asked for."""

    async def come(self, count: int) -> None:
        """Connect so many clients, and wait until each has been greeted."""
        places = asyncio.Semaphore(CROWD)

        async def connect(wanted: str) -> WSTransport:
            async with places:
                url = f"ws://{HOST}:{self._server.port}/?filter={quote(wanted)}"
                return (await ws_connect(lambda: Client(self._got), url))[0]

        self._expect(count)
        wanted = [self._filters[number % len(self._filters)] for number in range(count)]
        self._transports += await asyncio.gather(*map(connect, wanted))
        self._readers.update(wanted)
        await self._all_here.wait()

    def stall(self, one_in: int) -> None:
        """From now on one client in so many reads nothing. There is one filter then."""
        for transport in self._transports[::one_in]:
            tcp = transport.underlying_transport
            tcp.pause_reading()
            tcp.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, BUFFER)
            self._readers[self._filters[0]] -= 1

    async def get_many(self, least: int, burst: int) -> tuple[int, int]:
        """Have updates published until there were so many deliveries. How many orders that took, and deliveries."""
        orders = deliveries = 0
        while deliveries < least and orders < MOST_ORDERS:
            orders += 1
            deliveries += await self.get(burst)
        return orders, deliveries

    async def get(self, burst: int) -> int:
        """Have updates published, and wait until all who read have got them. How many deliveries that was."""
        numbers = range(self._published, self._published + burst)
        self._published = numbers.stop
        updates = list(map(update, numbers))
        deliveries = sum(count * sum(map(FILTERS[wanted], updates)) for wanted, count in self._readers.items())
        self._expect(deliveries)
        self._server.tell(f"publish {burst}")
        await self._all_here.wait()
        return deliveries

    def _expect(self, deliveries: int) -> None:
        self._missing = deliveries
        self._all_here.clear()
        self.arrivals.clear()

    def _got(self) -> None:
        self.arrivals.append(perf_counter())
        self._missing -= 1
        if not self._missing:
            self._all_here.set()


# ----------------------------------------------------------------------------------------------------- what is asked


def cost(peer: str, *, clients: int = CLIENTS, filters: int = 1, burst: int = 1, profile: bool = False) -> float:
    """Microseconds of processor time for one update to one client."""
    with server(peer, *(["--profile"] if profile else [])) as it:
        return asyncio.run(_cost(it, clients, list(FILTERS)[:filters], burst))


async def _cost(it: Server, clients: int, filters: Sequence[str], burst: int) -> float:
    crowd = Crowd(it, filters)
    await crowd.come(clients)
    await crowd.get_many(DELIVERIES // 4, burst)  # warm up
    before = it.report()["worked"]
    orders, deliveries = await crowd.get_many(DELIVERIES, burst)
    worked = it.report()["worked"] - before
    return (worked - orders * await _cost_of_an_order(it)) / deliveries * 1e6


async def _cost_of_an_order(it: Server) -> float:
    """Seconds that it takes the server to be told to do nothing. They have nothing to do with what is asked here."""
    before = it.report()["worked"]
    for _ in range(ORDERS):
        it.tell("publish 0")
        await asyncio.sleep(0.001)
    return (it.report()["worked"] - before) / ORDERS


def delay(one_in: int | None) -> float:
    """Milliseconds that the slowest of a hundred deliveries took, while one client in so many reads nothing."""
    with server("flowws", "--send-buffer", str(BUFFER)) as it:
        return asyncio.run(_delay(it, one_in))


async def _delay(it: Server, one_in: int | None) -> float:
    crowd = Crowd(it, list(FILTERS)[:1])
    await crowd.come(CLIENTS)
    if one_in is not None:
        crowd.stall(one_in)
    for _ in range(FILLING):
        await crowd.get(10)
    lagging = it.report()["lagging"]
    assert lagging == (0 if one_in is None else CLIENTS // one_in), f"{lagging} clients do not keep up"
    delays: list[float] = []
    while len(delays) < DELIVERIES:
        await crowd.get(1)
        (published,) = it.report()["published"]
        delays += [arrival - published for arrival in crowd.arrivals]
    return statistics.quantiles(delays, n=100)[-1] * 1e3


# -------------------------------------------------------------------------------------------------------- the tables


@dataclass(frozen=True)
class Question:
    """A table: what is measured, less being better, and how the first line is to stand beside others."""

    unit: str
    candidates: Mapping[str, Callable[[], float]]
    bounds: Mapping[str, float] = field(default_factory=dict[str, float])
    """The first figure is to be at most so many times these."""


COST = "microseconds of the server for each delivery"
SIZES = (5000, 1000, 100, 10)


def among_peers(bound: float, *, filters: int = 1, burst: int = 1) -> Question:
    """What flowws takes and what peers take, and how much of `websockets.broadcast` is allowed."""
    peers = {peer: partial(cost, peer, burst=burst) for peer in PEERS if burst > 1 or peer != "joined"}
    return Question(
        COST, peers | {"flowws": partial(cost, "flowws", filters=filters, burst=burst)}, {"websockets": bound}
    )


QUESTIONS = {
    "one": among_peers(0.85),
    "four": among_peers(1.0, filters=4),
    "burst": among_peers(0.25, burst=10),
    "sizes": Question(
        COST,
        {f"{size} clients": partial(cost, "flowws", clients=size) for size in SIZES}
        | {f"picows, {size} clients": partial(cost, "picows", clients=size) for size in SIZES},
        {f"{min(SIZES)} clients": 1.3},
    ),
    "stalled": Question(
        "milliseconds until 99 of 100 deliveries are made",
        {"one client in ten stalls": partial(delay, 10), "none stalls": partial(delay, None)},
        {"none stalls": 1.2},
    ),
}


def answer(name: str, rounds: int) -> bool:
    """Print one table; whether its bounds hold."""
    question = QUESTIONS[name]
    figures: dict[str, list[float]] = {candidate: [] for candidate in question.candidates}
    for _ in range(rounds):
        for candidate, measured in figures.items():
            measured.append(question.candidates[candidate]())
    holds = True
    print(f"\n{name}, {question.unit}")
    first = next(iter(figures))
    for candidate, measured in figures.items():
        line = f"  {candidate:26}{statistics.median(measured):8.2f}"
        if candidate != first:
            part = statistics.median(ours / theirs for ours, theirs in zip(figures[first], measured, strict=True))
            line += f"    {first}: {part:4.2f} of it"
            if candidate in question.bounds:
                line += f"  (at most {question.bounds[candidate]:.2f})"
                holds &= part <= question.bounds[candidate]
        print(line, flush=True)
    return holds


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("questions", nargs="*", metavar="question", help=", ".join(QUESTIONS))
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--profile", action="store_true")
    asked = parser.parse_args()
    unknown = set(asked.questions) - set(QUESTIONS)
    if unknown:
        parser.error(f"there is no question {', '.join(unknown)}: there are {', '.join(QUESTIONS)}")
    keep(0, 1)
    allow_many_files()
    if asked.profile:
        for name in asked.questions or ["one"]:
            filters, burst = (4 if name == "four" else 1), (10 if name == "burst" else 1)
            cost("flowws", filters=filters, burst=burst, profile=True)
        return
    answers = [answer(name, asked.rounds) for name in asked.questions or QUESTIONS]
    sys.exit(not all(answers))


def allow_many_files() -> None:
    """A socket is a file. What is allowed here is allowed to the servers, too."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    needed = max(SIZES) + 100
    if hard != resource.RLIM_INFINITY and hard < needed:
        sys.exit(f"this needs {needed} open files; `ulimit -Hn` says {hard}")
    if soft != resource.RLIM_INFINITY and soft < needed:
        resource.setrlimit(resource.RLIMIT_NOFILE, (needed, hard))


if __name__ == "__main__":
    main()
