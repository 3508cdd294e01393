"""Echo over WebSocket: flowws beside its peers, in one run.

    python benchmarks/bench_echo.py [--connections 100] [--size 64] [--rounds 7] [--seconds 1]

Each server is a process of its own on the first core; the load, a loop of raw picows clients, runs on the second. Each
connection has one message under way. The servers take turns, each round with fresh processes, so that a slow moment of
the machine, or an unlucky layout of memory, meets all of them. A figure is the median of the rounds, in messages per
second, and beside it, where /proc tells, the processor time that a message took the server: on a machine that is busy
with other things too, that is the steadier of the two. Only the ratios matter; the bounds are those of the project.

Profile the server with ``--profile``: only flowws, and where its time goes.
"""

from __future__ import annotations

import argparse
import asyncio
import logging
import math
import os
import statistics
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

BOUNDS = {"picows": 0.7, "websockets": 1.8, "starlette": 2.5}  # flowws is to reach so many times the peer
PEERS = ("flowws", "picows", "websockets", "aiohttp", "starlette")


# ------------------------------------------------------------------------------------------------------- the servers


async def serve_flowws(ready: Callable[[int], None]) -> None:
    from flowws.websocket import WebSocketServer, WebSocketServerSession

    app = WebSocketServer()

    @app.websocket("/")
    async def echo(session: WebSocketServerSession) -> None:
        async for frame in session.incoming:
            await session.send(frame)

    async with app.serve("127.0.0.1", 0) as server:
        ready(server.port)
        await asyncio.Event().wait()


async def serve_picows(ready: Callable[[int], None]) -> None:
    from picows import WSFrame, WSListener, WSMsgType, WSTransport, ws_create_server

    class Echo(WSListener):
        def on_ws_frame(self, transport: WSTransport, frame: WSFrame) -> None:
            if frame.msg_type == WSMsgType.CLOSE:
                transport.send_close(frame.get_close_code())
                transport.disconnect()
            else:
                transport.send(frame.msg_type, frame.get_payload_as_bytes())

    server = await ws_create_server(lambda _: Echo(), "127.0.0.1", 0)
    ready(server.sockets[0].getsockname()[1])
    await asyncio.Event().wait()


async def serve_websockets(ready: Callable[[int], None]) -> None:
    from websockets.asyncio.server import ServerConnection, serve

    async def echo(connection: ServerConnection) -> None:
        async for message in connection:
            await connection.send(message)

    async with serve(echo, "127.0.0.1", 0, compression=None, ping_interval=None) as server:
        ready(next(iter(server.sockets)).getsockname()[1])
        await asyncio.Event().wait()


async def serve_aiohttp(ready: Callable[[int], None]) -> None:
    from aiohttp import WSMsgType, web

    async def echo(request: web.Request) -> web.WebSocketResponse:
        session = web.WebSocketResponse(compress=False)
        await session.prepare(request)
        async for message in session:
            if message.type is WSMsgType.TEXT:
                await session.send_str(message.data)
        return session

    app = web.Application()
    app.router.add_get("/", echo)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    ready(runner.addresses[0][1])
    await asyncio.Event().wait()


async def serve_starlette(ready: Callable[[int], None]) -> None:
    import socket

    import uvicorn
    from starlette.applications import Starlette
    from starlette.routing import WebSocketRoute
    from starlette.websockets import WebSocket

    async def echo(session: WebSocket) -> None:
        await session.accept()
        async for message in session.iter_text():
            await session.send_text(message)

    app = Starlette(routes=[WebSocketRoute("/", echo)])
    listening = socket.create_server(("127.0.0.1", 0))
    config = uvicorn.Config(app, loop="asyncio", log_level="error", ws_per_message_deflate=False, ws_ping_interval=None)
    ready(listening.getsockname()[1])
    await uvicorn.Server(config).serve(sockets=[listening])


def serve(peer: str, *, profile: bool) -> None:
    """The life of a server process: say the port, serve until killed."""
    logging.disable()  # peers log the end of each connection
    main = globals()[f"serve_{peer}"](lambda port: print(port, flush=True))
    if not profile:
        asyncio.run(main)
        return
    import cProfile
    import signal

    profiler = cProfile.Profile()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit())
    try:
        profiler.runcall(asyncio.run, main)
    finally:
        profiler.create_stats()
        import pstats

        pstats.Stats(profiler, stream=sys.stderr).sort_stats("tottime").print_stats(25)


# --------------------------------------------------------------------------------------------------------- the load


async def measure(pid: int, port: int, connections: int, size: int, seconds: float) -> tuple[float, float]:
    """Messages per second that the server echoes, and the processor time of one, in microseconds."""
    from picows import WSFrame, WSListener, WSMsgType, WSTransport, ws_connect

    payload = b"x" * size
    text = WSMsgType.TEXT
    done = 0

    class Load(WSListener):
        def on_ws_connected(self, transport: WSTransport) -> None:
            transport.send(text, payload)

        def on_ws_frame(self, transport: WSTransport, frame: WSFrame) -> None:
            nonlocal done
            done += 1
            transport.send(text, payload)

    loop = asyncio.get_running_loop()
    clients = [await ws_connect(Load, f"ws://127.0.0.1:{port}/") for _ in range(connections)]
    await asyncio.sleep(seconds / 4)  # warm up
    before, started, cpu = done, loop.time(), _processor_time(pid)
    await asyncio.sleep(seconds)
    echoed = done - before
    rate = echoed / (loop.time() - started)
    cost = (_processor_time(pid) - cpu) / echoed * 1e6
    for transport, _ in clients:
        transport.disconnect(graceful=False)
    return rate, cost


def _processor_time(pid: int) -> float:
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return math.nan
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


# The cores of this machine, as long as nobody has been told to stay on one of them.
CORES = sorted(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else []


def _keep(pid: int, place: int) -> None:
    """Keep a process (0: this one) on one core, if there are two."""
    if len(CORES) > 1:
        os.sched_setaffinity(pid, {CORES[place]})


def _start(peer: str, *, profile: bool = False) -> tuple[subprocess.Popen[str], int]:
    command = [sys.executable, __file__, "--serve", peer, *(["--profile"] if profile else [])]
    server = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    _keep(server.pid, 0)
    assert server.stdout is not None  # it is piped
    return server, int(server.stdout.readline())


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--connections", type=int, default=100)
    parser.add_argument("--size", type=int, default=64)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--seconds", type=float, default=1.0)
    parser.add_argument("--only", nargs="*", default=PEERS, choices=PEERS)
    parser.add_argument("--profile", action="store_true")
    parser.add_argument("--serve", choices=PEERS, help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.serve:
        serve(asked.serve, profile=asked.profile)
        return
    _keep(0, 1)
    peers = ["flowws"] if asked.profile else asked.only
    figures: dict[str, list[tuple[float, float]]] = {peer: [] for peer in peers}
    for _ in range(asked.rounds):
        for peer in peers:
            server, port = _start(peer, profile=asked.profile)
            try:
                load = measure(server.pid, port, asked.connections, asked.size, asked.seconds)
                figures[peer].append(asyncio.run(load))
            finally:
                server.terminate()
                server.wait()
    report({peer: tuple(map(statistics.median, zip(*rounds, strict=True))) for peer, rounds in figures.items()})


def report(medians: dict[str, tuple[float, ...]]) -> None:
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
