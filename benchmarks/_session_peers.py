"""The same echo on every package: servers and clients, each in a process of its own.

python benchmarks/_session_peers.py serve flowws               # says its port, serves until killed
python benchmarks/_session_peers.py load flowws --port 8080    # says messages per second, microseconds of each
"""

from __future__ import annotations

import argparse
import asyncio
import logging
import math
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path
from typing import Any

HOST = "127.0.0.1"
LIMIT = 1 << 20  # bytes of the largest message here

Ready = Callable[[int], None]
Each = Callable[[], None]


# ------------------------------------------------------------------------------------------------------- the servers


async def serve_flowws(ready: Ready, *, deflate: bool, engine: str = "picows") -> None:
    from flowws.websocket import PerMessageDeflate, WebSockets, WebSocketServer, WebSocketServerSession

    app = WebSocketServer(WebSockets(extensions=[PerMessageDeflate()] if deflate else []))

    @app.websocket("/")
    async def echo(session: WebSocketServerSession) -> None:
        async for frame in session.incoming:
            await session.send(frame)

    async with app.serve(HOST, 0, engine=engine) as server:
        ready(server.port)
        await asyncio.Event().wait()


async def serve_sansio(ready: Ready, *, deflate: bool) -> None:
    await serve_flowws(ready, deflate=deflate, engine="sansio")


async def serve_picows(ready: Ready, *, deflate: bool, as_text: bool = False) -> None:
    from picows import WSFrame, WSListener, WSMsgType, WSTransport, ws_create_server

    class Echo(WSListener):
        def on_ws_frame(self, transport: WSTransport, frame: WSFrame) -> None:
            if frame.msg_type == WSMsgType.CLOSE:
                transport.send_close(frame.get_close_code())
                transport.disconnect()
            else:
                transport.send(frame.msg_type, frame.get_payload_as_bytes())

    class TextEcho(WSListener):
        def on_ws_frame(self, transport: WSTransport, frame: WSFrame) -> None:
            if frame.msg_type == WSMsgType.TEXT:
                transport.send(WSMsgType.TEXT, frame.get_payload_as_utf8_text())

    server = await ws_create_server(lambda _: TextEcho() if as_text else Echo(), HOST, 0)
    ready(server.sockets[0].getsockname()[1])
    await asyncio.Event().wait()


async def serve_picows_text(ready: Ready, *, deflate: bool) -> None:
    await serve_picows(ready, deflate=deflate, as_text=True)


async def serve_websockets(ready: Ready, *, deflate: bool, package: str = "websockets") -> None:
    async def echo(connection: Any) -> None:
        async for message in connection:
            await connection.send(message)

    serving = import_module(f"{package}.asyncio.server").serve
    compression = "deflate" if deflate else None
    async with serving(echo, HOST, 0, compression=compression, ping_interval=None, max_size=LIMIT) as server:
        ready(next(iter(server.sockets)).getsockname()[1])
        await asyncio.Event().wait()


async def serve_picows_websockets(ready: Ready, *, deflate: bool) -> None:
    await serve_websockets(ready, deflate=deflate, package="picows.websockets")


async def serve_aiohttp(ready: Ready, *, deflate: bool) -> None:
    from aiohttp import WSMsgType, web

    async def echo(request: web.Request) -> web.WebSocketResponse:
        session = web.WebSocketResponse(compress=deflate)
        await session.prepare(request)
        async for message in session:
            if message.type is WSMsgType.TEXT:
                await session.send_str(message.data)
            elif message.type is WSMsgType.BINARY:
                await session.send_bytes(message.data)
        return session

    app = web.Application()
    app.router.add_get("/", echo)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, HOST, 0).start()
    ready(runner.addresses[0][1])
    await asyncio.Event().wait()


async def serve_starlette(ready: Ready, *, deflate: bool) -> None:
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
    listening = socket.create_server((HOST, 0))
    config = uvicorn.Config(
        app, loop="asyncio", log_level="error", ws_per_message_deflate=deflate, ws_ping_interval=None
    )
    ready(listening.getsockname()[1])
    await uvicorn.Server(config).serve(sockets=[listening])


# ------------------------------------------------------------------------------------------------------- the clients


async def load_flowws(url: str, text: str, each: Each, *, engine: str = "picows") -> None:
    from flowws.websocket import WebSocketClient

    async with WebSocketClient(engine=engine).websocket(url) as session:
        await session.send(text)
        async for frame in session.incoming:
            each()
            await session.send(frame)


async def load_sansio(url: str, text: str, each: Each) -> None:
    await load_flowws(url, text, each, engine="sansio")


async def load_picows(url: str, text: str, each: Each) -> None:
    from picows import WSFrame, WSListener, WSMsgType, WSTransport, ws_connect

    class Load(WSListener):
        def on_ws_connected(self, transport: WSTransport) -> None:
            transport.send(WSMsgType.TEXT, text)

        def on_ws_frame(self, transport: WSTransport, frame: WSFrame) -> None:
            each()
            transport.send(WSMsgType.TEXT, frame.get_payload_as_bytes())

    transport, _ = await ws_connect(Load, url)
    await transport.wait_disconnected()


async def load_websockets(url: str, text: str, each: Each, *, package: str = "websockets") -> None:
    connect = import_module(f"{package}.asyncio.client").connect
    async with connect(url, compression=None, ping_interval=None, max_size=LIMIT) as connection:
        await connection.send(text)
        async for message in connection:
            each()
            await connection.send(message)


async def load_picows_websockets(url: str, text: str, each: Each) -> None:
    await load_websockets(url, text, each, package="picows.websockets")


async def load_aiohttp(url: str, text: str, each: Each) -> None:
    from aiohttp import ClientSession

    async with ClientSession() as http, http.ws_connect(url) as session:
        await session.send_str(text)
        async for message in session:
            each()
            await session.send_str(message.data)


# ----------------------------------------------------------------------------------------------------- the processes

# The cores of this machine, as long as nobody has been told to stay on one of them.
CORES = sorted(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else []


def keep(pid: int, place: int) -> None:
    """Keep a process (0: this one) on one core, if there are two."""
    if len(CORES) > 1:
        os.sched_setaffinity(pid, {CORES[place]})


@contextmanager
def server(peer: str, *options: str) -> Iterator[tuple[int, int]]:
    """A server on the first core: its process and its port."""
    command = [sys.executable, __file__, "serve", peer, *options]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    keep(process.pid, 0)
    assert process.stdout is not None  # it is piped
    try:
        yield process.pid, int(process.stdout.readline())
    finally:
        process.terminate()
        process.wait()


def client(peer: str, port: int, *options: str) -> tuple[float, float]:
    """Run a client to its end; messages per second, and microseconds of processor time for each."""
    command = [sys.executable, __file__, "load", peer, "--port", str(port), *options]
    rate, cost = subprocess.check_output(command, text=True).split()
    return float(rate), float(cost)


def processor_time(pid: int) -> float:
    """Seconds that a process has worked; not a number where nobody tells."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return math.nan
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def memory(pid: int) -> float:
    """Bytes that a process keeps for itself; not a number where nobody tells."""
    try:
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    except OSError:
        return math.nan
    return 1024.0 * sum(int(line.split()[1]) for line in lines if line.startswith("Private_"))


def _serve(asked: argparse.Namespace) -> None:
    logging.disable()  # peers log the end of each connection
    main = globals()[f"serve_{asked.peer}"](lambda port: print(port, flush=True), deflate=asked.deflate)
    if not asked.profile:
        asyncio.run(main)
        return
    import cProfile
    import pstats
    import signal

    profiler = cProfile.Profile()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit())
    try:
        profiler.runcall(asyncio.run, main)
    finally:
        profiler.create_stats()
        pstats.Stats(profiler, stream=sys.stderr).sort_stats("tottime").print_stats(25)


async def _load(asked: argparse.Namespace) -> None:
    done = 0

    def each() -> None:
        nonlocal done
        done += 1

    start, url = globals()[f"load_{asked.peer}"], f"ws://{HOST}:{asked.port}/"
    tasks = [asyncio.create_task(start(url, "x" * asked.size, each)) for _ in range(asked.connections)]
    await asyncio.sleep(asked.seconds / 2)  # warm up
    assert not any(task.done() for task in tasks), "a client has ended"
    before, started, worked = done, time.perf_counter(), time.process_time()
    await asyncio.sleep(asked.seconds)
    echoed = done - before
    print(echoed / (time.perf_counter() - started), (time.process_time() - worked) / echoed * 1e6, flush=True)
    os._exit(0)  # nobody waits for a hundred closing handshakes


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("role", choices=["serve", "load"])
    parser.add_argument("peer")
    parser.add_argument("--deflate", action="store_true")
    parser.add_argument("--profile", action="store_true")
    parser.add_argument("--port", type=int)
    parser.add_argument("--connections", type=int, default=100)
    parser.add_argument("--size", type=int, default=64)
    parser.add_argument("--seconds", type=float, default=1.0)
    arguments = parser.parse_args()
    if arguments.role == "serve":
        _serve(arguments)
    else:
        asyncio.run(_load(arguments))
