"""Echo over WebSocket: flowws beside its peers, in one run.

    python benchmarks/bench_echo.py [--connections 100] [--size 64] [--rounds 7] [--seconds 1]

Each server is a process of its own on the first core; the load, a loop of raw picows clients, runs on the second. Each
connection has one message under way. The servers take turns, each round with fresh processes, so that a slow moment of
the machine, or an unlucky layout of memory, meets all of them. A figure is the median of the rounds, in messages per
second, and beside it, where /proc tells, the processor time that a message took the server: on a machine that is busy
with other things too, that is the steadier of the two. Only the ratios matter; the bounds are those of the project.

The interpreter counts: one that was built without profile-guided optimization, as version managers build them, runs
Python code slower than a distribution's, and the C of raw picows no slower.

Profile the server with ``--profile``: only flowws, and where its time goes. More about sessions: bench_session.py.
"""

from __future__ import annotations

import argparse
import asyncio
import math
import statistics
import sys
from collections.abc import Mapping

from _session_peers import HOST, keep, processor_time, server

BOUNDS = {"picows": 0.75, "websockets": 2, "aiohttp": 1.1, "starlette": 3}  # flowws is to reach so many times the peer
PEERS = ("flowws", "picows", "websockets", "aiohttp", "starlette")

DEFLATE = "permessage-deflate; client_no_context_takeover"  # so that each message stands for itself


async def measure(
    pid: int,
    port: int,
    connections: int,
    payload: bytes,
    seconds: float,
    *,
    is_deflated: bool = False,
    is_text: bool = True,
) -> tuple[float, float]:
    """Messages per second that the server echoes, and the processor time of one, in microseconds."""
    from picows import WSFrame, WSListener, WSMsgType, WSTransport, ws_connect

    kind = WSMsgType.TEXT if is_text else WSMsgType.BINARY
    done = 0

    class Load(WSListener):
        def on_ws_connected(self, transport: WSTransport) -> None:
            transport.send(kind, payload, True, is_deflated)

        def on_ws_frame(self, transport: WSTransport, frame: WSFrame) -> None:
            nonlocal done
            done += 1
            transport.send(kind, payload, True, is_deflated)

    loop = asyncio.get_running_loop()
    url, offer = f"ws://{HOST}:{port}/", {"Sec-WebSocket-Extensions": DEFLATE} if is_deflated else {}
    clients = [await ws_connect(Load, url, extra_headers=offer) for _ in range(connections)]
    await asyncio.sleep(seconds / 4)  # warm up
    before, started, cpu = done, loop.time(), processor_time(pid)
    await asyncio.sleep(seconds)
    echoed = done - before
    rate = echoed / (loop.time() - started)
    cost = (processor_time(pid) - cpu) / echoed * 1e6
    for transport, _ in clients:
        transport.disconnect(graceful=False)
    return rate, cost


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--connections", type=int, default=100)
    parser.add_argument("--size", type=int, default=64)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--seconds", type=float, default=1.0)
    parser.add_argument("--only", nargs="*", default=PEERS, choices=PEERS)
    parser.add_argument("--profile", action="store_true")
    asked = parser.parse_args()
    keep(0, 1)
    peers = ["flowws"] if asked.profile else asked.only
    figures: dict[str, list[tuple[float, float]]] = {peer: [] for peer in peers}
    for _ in range(asked.rounds):
        for peer in peers:
            with server(peer, *(["--profile"] if asked.profile else [])) as (pid, port):
                load = measure(pid, port, asked.connections, b"x" * asked.size, asked.seconds)
                figures[peer].append(asyncio.run(load))
    report({peer: tuple(map(statistics.median, zip(*rounds, strict=True))) for peer, rounds in figures.items()})


def report(medians: Mapping[str, tuple[float, ...]]) -> None:
    """Print the figures; exit with 1 where a bound is missed."""
    missed = False
    for peer, (rate, cost) in medians.items():
        busy = rate * cost / 1e6
        line = f"{peer:12} {rate / 1000:7.1f} k messages/s  {cost:6.1f} us each  {busy:4.0%} busy"
        if peer in BOUNDS and "flowws" in medians:
            our_rate, our_cost = medians["flowws"]
            by_time = cost / our_cost
            missed |= (our_rate / rate if math.isnan(by_time) else by_time) < BOUNDS[peer]
            line += f"    flowws / {peer}: {by_time:.2f} by processor time, {our_rate / rate:.2f} by rate"
            line += f"  (at least {BOUNDS[peer]})"
        print(line)
    if any(rate * cost < 0.85e6 for rate, cost in medians.values()):
        print("A server was not kept busy: this machine has other work. Compare by processor time, or run again.")
    sys.exit(missed)


if __name__ == "__main__":
    main()
