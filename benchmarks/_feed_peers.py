"""Servers that tell many clients the same news, each in a process of its own. `bench_feed.py` starts them.

    python benchmarks/_feed_peers.py flowws

Says its port, greets each client that connects with one message, and then does what it is told, a line each:

- ``publish 10``: ten updates, at once
- ``report``: says, as JSON, the seconds of processor time so far, the moments of publishing since the last report, and
  what this server knows of clients that do not keep up

It ends with its standard input.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import logging
import os
import socket
import sys
import time
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, TypeAlias

HOST = "127.0.0.1"
SIZE = 200  # bytes of an update as JSON

Update: TypeAlias = dict[str, Any]
Publish: TypeAlias = Callable[[Sequence[Update]], Awaitable[None]]
Obey: TypeAlias = Callable[[Publish], Awaitable[None]]

# What a client may ask for, in its URL, and what that means.
FILTERS: dict[str, Callable[[Update], bool]] = {
    '"all"': lambda update: True,
    '"saves"': lambda update: update["kind"] == "saved",
    '["eq","person.city","Aarhus"]': lambda update: update["person"]["city"] == "Aarhus",
    '["and",["ge","person.age",30],["lt","person.age",60]]': lambda update: 30 <= update["person"]["age"] < 60,
}


def update(number: int) -> Update:
    """Of four in a row the filters let pass four, two, one and three."""
    return KINDS[number % 4] | {"revision": FIRST + number}


def encoded(value: Update) -> bytes:
    import orjson  # the fastest there is, for everybody

    return orjson.dumps(value)


def _kind(step: int) -> Update:
    city, age = ("Aarhus", "Vejle", "Ribe", "Odense")[step], 25 + 10 * step
    person = {"id": 1000 + step, "name": "Ada", "city": city, "age": age}
    plain = {"kind": ("saved", "deleted")[step % 2], "revision": FIRST, "person": person, "note": ""}
    return plain | {"note": "n" * (SIZE - len(encoded(plain)))}


FIRST = 1_000_000  # the revision of the first update: all have as many digits
KINDS = tuple(map(_kind, range(4)))

# ------------------------------------------------------------------------------------------------------- the servers

feeds: list[Any] = []  # those of flowws, which know something of their clients


async def serve_flowws(listening: socket.socket, obey: Obey, *, engine: str = "picows") -> None:
    from flowws import MutableSharedFlow
    from flowws.websocket import WebSocketServer

    app = WebSocketServer()
    updates = MutableSharedFlow[Update]()
    named = {name.strip('"'): passes for name, passes in FILTERS.items() if name.startswith('"')}
    served = app.feed("/", updates, filter=named)

    async def publish(values: Sequence[Update]) -> None:
        for value in values:
            await updates.emit(value)

    feeds.append(served)
    async with app.serve(bind=[listening], engine=engine):
        await obey(publish)


async def serve_sansio(listening: socket.socket, obey: Obey) -> None:
    await serve_flowws(listening, obey, engine="sansio")


async def serve_websockets(listening: socket.socket, obey: Obey) -> None:
    from websockets.asyncio.server import ServerConnection, broadcast, serve

    connections = set[ServerConnection]()

    async def join(connection: ServerConnection) -> None:
        await connection.send("hello")
        connections.add(connection)
        await connection.wait_closed()
        connections.remove(connection)

    async def publish(values: Sequence[Update]) -> None:
        for value in values:
            broadcast(connections, encoded(value), text=True)

    async with serve(join, sock=listening, compression=None, ping_interval=None):
        await obey(publish)


async def serve_picows(listening: socket.socket, obey: Obey, *, is_joined: bool = False) -> None:
    from picows import WSFrame, WSListener, WSMsgType, WSTransport, ws_create_server

    transports = set[WSTransport]()

    class Client(WSListener):
        def on_ws_connected(self, transport: WSTransport) -> None:
            transport.send(WSMsgType.TEXT, b"hello")
            transports.add(transport)

        def on_ws_frame(self, transport: WSTransport, frame: WSFrame) -> None:
            if frame.msg_type == WSMsgType.CLOSE:
                transport.disconnect()

        def on_ws_disconnected(self, transport: WSTransport) -> None:
            transports.discard(transport)

    async def publish(values: Sequence[Update]) -> None:
        for value in values:
            payload = encoded(value)
            for transport in transports:
                transport.send(WSMsgType.TEXT, payload)

    async def publish_joined(values: Sequence[Update]) -> None:
        wire = b"".join(map(_text_frame, map(encoded, values)))
        for transport in transports:
            transport.underlying_transport.write(wire)

    await ws_create_server(lambda _: Client(), sock=listening)
    await obey(publish_joined if is_joined else publish)


def _text_frame(payload: bytes) -> bytes:
    """RFC 6455, section 5.2; payloads here have between 126 and 65,535 bytes."""
    return b"\x81\x7e" + len(payload).to_bytes(2, "big") + payload


async def serve_joined(listening: socket.socket, obey: Obey) -> None:
    """What is published together is one write per socket."""
    await serve_picows(listening, obey, is_joined=True)


async def serve_aiohttp(listening: socket.socket, obey: Obey) -> None:
    from aiohttp import web

    sessions = set[web.WebSocketResponse]()

    async def join(request: web.Request) -> web.WebSocketResponse:
        session = web.WebSocketResponse(compress=False)
        await session.prepare(request)
        await session.send_str("hello")
        sessions.add(session)
        async for _ in session:
            pass
        sessions.remove(session)
        return session

    async def publish(values: Sequence[Update]) -> None:
        for value in values:
            text = encoded(value).decode()
            for session in sessions:
                await session.send_str(text)

    app = web.Application()
    app.router.add_get("/", join)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.SockSite(runner, listening).start()
    await obey(publish)


async def serve_fastapi(listening: socket.socket, obey: Obey) -> None:
    import uvicorn
    from fastapi import FastAPI, WebSocket, WebSocketDisconnect

    sessions = list[WebSocket]()

    async def join(session):
        await session.accept()
        await session.send_text("hello")
        sessions.append(session)
        try:
            while True:
                await session.receive_text()
        except WebSocketDisconnect:
            sessions.remove(session)

    async def publish(values: Sequence[Update]) -> None:
        for value in values:
            text = encoded(value).decode()
            for session in sessions:
                await session.send_text(text)

    join.__annotations__["session"] = WebSocket  # FastAPI finds no name that is imported inside a function
    app = FastAPI()
    app.add_api_websocket_route("/", join)
    config = uvicorn.Config(app, loop="asyncio", log_level="error", ws_per_message_deflate=False, ws_ping_interval=None)
    serving = asyncio.create_task(uvicorn.Server(config).serve(sockets=[listening]))
    await obey(publish)
    serving.cancel()


# ------------------------------------------------------------------------------------------------------- the process


def known() -> dict[str, int]:
    """What this server knows of clients that do not keep up."""
    return {"lagging": sum(served.stats.lagging for served in feeds)} if feeds else {}


async def obey(publish: Publish) -> None:
    """Do what standard input says."""
    orders = asyncio.StreamReader()
    await asyncio.get_running_loop().connect_read_pipe(lambda: asyncio.StreamReaderProtocol(orders), sys.stdin)
    number, published = 0, list[float]()
    async for line in orders:
        match line.split():
            case [b"publish", burst]:
                values = [update(each) for each in range(number, number + int(burst))]
                number += len(values)
                published.append(time.perf_counter())
                await publish(values)
            case _:
                print(json.dumps({"worked": time.process_time(), "published": published, **known()}), flush=True)
                published.clear()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("peer")
    parser.add_argument("--send-buffer", type=int, help="of each socket, in bytes")
    parser.add_argument("--profile", action="store_true")
    asked = parser.parse_args()
    logging.disable()  # peers log the end of each connection
    listening = socket.create_server((HOST, 0), backlog=1024)
    if asked.send_buffer is not None:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, asked.send_buffer)
    print(listening.getsockname()[1], flush=True)
    serving = globals()[f"serve_{asked.peer}"](listening, obey)
    if asked.profile:
        import cProfile
        import pstats

        profiler = cProfile.Profile()
        profiler.runcall(asyncio.run, serving)
        pstats.Stats(profiler, stream=sys.stderr).sort_stats("tottime").print_stats(25)
    else:
        asyncio.run(serving)
    os._exit(0)  # nobody waits for thousands of closing handshakes


if __name__ == "__main__":
    main()
