"""What a session costs: flowws beside its peers, one table for each question.

    python benchmarks/bench_session.py [echo large large_text sansio deflate connect memory client] [--rounds 5]

- ``echo``: 64 bytes, 100 connections, one message of each under way (bench_echo.py has more of this)
- ``large``: the same with 64 KiB, as a binary message
- ``large_text``: and as a text, ASCII. A receiver has to see to it that a text is UTF-8: ``picows_text`` does so, as it
  takes a str and sends a str. ``picows``, here and in the other tables, sends back bytes that it has not looked at
- ``sansio``: the same with 64 bytes, on the engine for trio, here on asyncio
- ``deflate``: the same with 2 KiB of JSON, compressed both ways
- ``connect``: handshakes, each followed by the end of the connection
- ``memory``: what a connection takes up while it is idle
- ``client``: the other side: 64 bytes, 100 clients of each package at a server of raw picows

Each peer is a process of its own on the first core; its partner runs on the second. The peers take turns, each round
with fresh processes. A figure is the median of the rounds; what counts is the ratio, and the bounds are those of the
project. Costs are processor time, where /proc tells, so that it counts less what else the machine does.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import statistics
import sys
import zlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from _session_peers import HOST, client, keep, memory, processor_time, server
from bench_echo import measure

CONNECTIONS = 100
IDLE = 1000  # connections
CROWD = 50  # handshakes under way
SECONDS = 1.0

JSON = json.dumps([{"id": n, "name": f"person {n}", "city": "Aarhus", "age": 20 + n % 60} for n in range(32)]).encode()


@dataclass(frozen=True)
class Question:
    """A table: who is asked, what a figure is, and what the first one is to reach beside the others."""

    unit: str
    ask: Callable[[str], float]
    """The figure of a peer: less is better."""
    peers: Sequence[str]
    bounds: Mapping[str, float] = field(default_factory=dict[str, float])
    """The first peer is to be so many times as good as these."""


# ----------------------------------------------------------------------------------------------------- what is asked


def echo(peer: str, payload: bytes = b"x" * 64, *, is_deflated: bool = False, is_text: bool = True) -> float:
    with server(peer, *(["--deflate"] if is_deflated else [])) as (pid, port):
        run = measure(pid, port, CONNECTIONS, payload, SECONDS, is_deflated=is_deflated, is_text=is_text)
        return asyncio.run(run)[1]


def large(peer: str) -> float:
    return echo(peer, b"x" * 65536, is_text=False)


def large_text(peer: str) -> float:
    return echo(peer, b"x" * 65536)


def deflate(peer: str) -> float:
    # RFC 7692, section 7.2.1: raw deflate, flushed, without the four bytes that every message would end with.
    packer = zlib.compressobj(wbits=-15)
    payload = (packer.compress(JSON) + packer.flush(zlib.Z_SYNC_FLUSH))[:-4]
    return echo(peer, payload, is_deflated=True)


def connect(peer: str) -> float:
    with server(peer) as (pid, port):
        return asyncio.run(_handshakes(pid, port))


async def _handshakes(pid: int, port: int) -> float:
    from picows import WSListener, ws_connect

    async def come_and_go() -> None:
        nonlocal done
        while True:
            transport, _ = await ws_connect(WSListener, f"ws://{HOST}:{port}/")
            transport.disconnect(graceful=False)
            await transport.wait_disconnected()
            done += 1

    done = 0
    tasks = [asyncio.create_task(come_and_go()) for _ in range(CROWD)]
    await asyncio.sleep(SECONDS / 4)  # warm up
    before, worked = done, processor_time(pid)
    await asyncio.sleep(SECONDS)
    cost = (processor_time(pid) - worked) / (done - before)
    for task in tasks:
        task.cancel()
    await asyncio.wait(tasks)
    return cost * 1e6


def idle(peer: str) -> float:
    with server(peer) as (pid, port):
        return asyncio.run(_idlers(pid, port))


async def _idlers(pid: int, port: int) -> float:
    from picows import WSListener, WSTransport, ws_connect

    async def come(count: int) -> list[WSTransport]:
        return [(await ws_connect(WSListener, f"ws://{HOST}:{port}/"))[0] for _ in range(count)]

    first = await come(100)  # what is taken up once is taken up now
    before = memory(pid)
    others = await come(IDLE)
    await asyncio.sleep(SECONDS / 2)
    taken = (memory(pid) - before) / IDLE
    for transport in (*first, *others):
        transport.disconnect(graceful=False)
    return taken / 1024


def on_the_other_side(peer: str) -> float:
    with server("picows") as (_, port):
        return client(peer, port, "--connections", str(CONNECTIONS), "--seconds", str(SECONDS))[1]


ALL = ("flowws", "picows", "picows_websockets", "websockets", "aiohttp", "starlette")
MICROSECONDS = "microseconds"

QUESTIONS = {
    "echo": Question(MICROSECONDS, echo, ALL, {"picows": 0.75, "websockets": 2.0, "aiohttp": 1.1, "starlette": 3.0}),
    "large": Question(
        MICROSECONDS, large, ("flowws", "picows", "picows_websockets", "websockets", "aiohttp"), {"picows": 0.85}
    ),
    "large_text": Question(MICROSECONDS, large_text, ("flowws", "picows_text", *ALL[1:]), {"picows_text": 0.85}),
    "sansio": Question(MICROSECONDS, echo, ("sansio", "websockets"), {"websockets": 1.0}),
    "deflate": Question(
        MICROSECONDS, deflate, ("flowws", "picows_websockets", "websockets", "aiohttp"), {"websockets": 1.0}
    ),
    "connect": Question(MICROSECONDS, connect, (*ALL, "sansio"), {"websockets": 1.0}),
    "memory": Question("KiB", idle, (*ALL, "sansio"), {"websockets": 1 / 1.2}),
    "client": Question(
        MICROSECONDS,
        on_the_other_side,
        ("flowws", "picows", "picows_websockets", "websockets", "aiohttp", "sansio"),
        {"websockets": 1.0, "aiohttp": 1.0},
    ),
}


def answer(name: str, rounds: int) -> bool:
    """Print one table; whether its bounds hold."""
    question = QUESTIONS[name]
    figures: dict[str, list[float]] = {peer: [] for peer in question.peers}
    for _ in range(rounds):
        for peer, measured in figures.items():
            measured.append(question.ask(peer))
    holds = True
    print(f"\n{name}, {question.unit} each")
    first = question.peers[0]
    ours = statistics.median(figures[first])
    for peer, measured in figures.items():
        figure = statistics.median(measured)
        line = f"  {peer:18}{figure:9.1f}"
        if peer != first:
            line += f"    {first} is {figure / ours:5.2f} times as good"
        if peer in question.bounds:
            line += f"  (at least {question.bounds[peer]:.2f})"
            holds &= figure / ours >= question.bounds[peer]
        print(line, flush=True)
    return holds


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("questions", nargs="*", metavar="question", help=", ".join(QUESTIONS))
    parser.add_argument("--rounds", type=int, default=5)
    asked = parser.parse_args()
    unknown = set(asked.questions) - set(QUESTIONS)
    if unknown:
        parser.error(f"there is no question {', '.join(unknown)}: there are {', '.join(QUESTIONS)}")
    keep(0, 1)
    answers = [answer(name, asked.rounds) for name in asked.questions or QUESTIONS]
    sys.exit(not all(answers))


if __name__ == "__main__":
    main()
