"""`run`: a server as a program, alone and with workers."""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import anyio
import anyio.streams.text
import pytest

from flowws.websocket import WebSocketServer

pytestmark = pytest.mark.skipif(os.name != "posix", reason="signals")


@pytest.fixture(scope="module")
def anyio_backend():
    """Of the test; the server in the other process has a loop of its own."""
    return "asyncio"


SERVER = """
import gc, logging, os, sys
import anyio
from flowws.websocket import CloseReason, WebSocketServer
app = WebSocketServer()

@app.websocket("/")
async def handler(session):
    await session.send(str(os.getpid()))
    print("left out meanwhile:", gc.get_freeze_count(), flush=True)
    try:
        async for _ in session.incoming:
            pass
    finally:
        print("handler ended", flush=True)

@app.websocket("/stubborn")
async def stubborn(session):
    try:
        async for _ in session.incoming:
            pass
        await anyio.sleep_forever()
    finally:
        print("cut", flush=True)

logging.basicConfig(level=logging.DEBUG, stream=sys.stdout, format="%(message)s")
app.run({arguments})
print("run returned", flush=True)
print("left out at the end:", gc.get_freeze_count(), flush=True)
"""


class Program:
    """A server in a process of its own."""

    def __init__(self, process, raw):
        self.process = process
        self.raw = raw
        self.said = ""
        self.peers = []
        self._lines = anyio.streams.text.TextReceiveStream(process.stdout)

    async def until(self, pattern):
        with anyio.fail_after(15):
            while (found := re.search(pattern, self.said)) is None:
                self.said += await self._lines.receive()
        return found

    async def port(self):
        return int((await self.until(r"serving at http://127\.0\.0\.1:(\d+)"))[1])

    async def open(self, port, path="/"):
        return await self.greet(await anyio.connect_tcp("127.0.0.1", port), path)

    async def greet(self, stream, path="/"):
        peer = self.raw(stream)
        self.peers.append(peer)
        await peer.request(path, peer.handshake())
        assert peer.status == 101
        return peer

    async def ended(self):
        with anyio.fail_after(15):
            code = await self.process.wait()
            self.said += "".join([text async for text in self._lines])
        return code


@pytest.fixture
def program(raw):
    @asynccontextmanager
    async def start(arguments, *, stderr=None) -> AsyncIterator[Program]:
        code = SERVER.replace("{arguments}", arguments)
        process = await anyio.open_process([sys.executable, "-c", code], stdout=subprocess.PIPE, stderr=stderr)
        program = Program(process, raw)
        try:
            yield program
        finally:
            for peer in program.peers:
                await peer.hang_up()
            if process.returncode is None:
                process.kill()
            await process.aclose()

    return start


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
@pytest.mark.parametrize("backend", ["asyncio", "trio"])
async def test_run_ends_with_a_signal(program, number, backend):
    async with program(f"'127.0.0.1', 0, backend={backend!r}") as server:
        peer = await server.open(await server.port())
        server.process.send_signal(number)
        assert await peer.next() == (1, str(server.process.pid).encode())
        assert await peer.next_close() == (1001, "")
        await peer.say_close(1001)
        assert not await peer.read_to_end()
        assert await server.ended() == 0
    assert re.findall(r"^(handler ended|run returned)$", server.said, re.MULTILINE) == ["handler ended", "run returned"]
    assert "127.0.0.1 GET / 101, closed by us with 1001 ''" in server.said
    assert re.search(r"left out meanwhile: \d{4,}\n", server.said)
    assert "left out at the end: 0\n" in server.said


async def test_a_second_signal_does_not_wait_for_the_handlers(program):
    async with program("'127.0.0.1', 0, grace=1000, stop_reason=CloseReason(1012, 'back soon')") as server:
        peer = await server.open(await server.port(), "/stubborn")
        await peer.send(1, b"x")
        server.process.send_signal(signal.SIGTERM)
        assert await peer.next_close() == (1012, "back soon")
        server.process.send_signal(signal.SIGINT)
        assert not await peer.read_to_end()
        assert await server.ended() == 0
    assert re.findall(r"^(cut|run returned)$", server.said, re.MULTILINE) == ["cut", "run returned"]


HANGS = """
import anyio
from contextlib import asynccontextmanager
from flowws.websocket import WebSocketServer

@asynccontextmanager
async def lifespan(app):
    print("starting", flush=True)
    try:
        await anyio.sleep_forever()
        yield
    finally:
        print("given up", flush=True)

WebSocketServer(lifespan=lifespan).run("127.0.0.1", 0)
print("run returned", flush=True)
"""


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
async def test_a_start_that_takes_for_ever_may_be_given_up(raw, number):
    async with await anyio.open_process([sys.executable, "-c", HANGS], stdout=subprocess.PIPE, stderr=None) as process:
        server = Program(process, raw)
        await server.until("starting")
        process.send_signal(number)
        assert await server.ended() == 0
    assert server.said.split("\n")[-3:-1] == ["given up", "run returned"]


SLOW_TO_LEAVE = """
import logging, signal
import anyio, anyio.lowlevel
from contextlib import asynccontextmanager
from flowws.websocket import WebSocketServer

@asynccontextmanager
async def lifespan(app):
    yield
    print("leaving", flush=True)
    with anyio.open_signal_receiver(signal.SIGTERM) as second:
        async for _ in second:
            break
    await anyio.lowlevel.checkpoint()
    print("left", flush=True)

logging.basicConfig(level=logging.INFO)
WebSocketServer(lifespan=lifespan).run("127.0.0.1", 0)
print("run returned", flush=True)
"""


async def test_a_second_signal_does_not_cut_what_the_program_has_to_leave(raw):
    async with await anyio.open_process(
        [sys.executable, "-c", SLOW_TO_LEAVE], stdout=subprocess.PIPE, stderr=subprocess.STDOUT
    ) as process:
        server = Program(process, raw)
        await server.port()
        process.send_signal(signal.SIGINT)
        await server.until("leaving")
        process.send_signal(signal.SIGINT)  # taken by `run`
        process.send_signal(signal.SIGTERM)  # and by the program
        assert await server.ended() == 0
    assert server.said.split("\n")[-4:-1] == ["leaving", "left", "run returned"]


async def test_run_at_a_unix_socket_on_uvloop(program, tmp_path):
    pytest.importorskip("uvloop")
    path = tmp_path / "app.sock"
    async with program(f"uds={str(path)!r}, grace=0, backend_options={{'use_uvloop': True}}") as server:
        await server.until(rf"serving at unix:{path}\n")
        peer = await server.greet(await anyio.connect_unix(path))
        assert await peer.next() == (1, str(server.process.pid).encode())
        server.process.send_signal(signal.SIGTERM)
        assert await server.ended() == 0
    assert not path.exists()


async def pids_of(server, port, count):
    """Opens sessions until so many workers have answered: the system chooses who gets a client."""
    peers: list[Any] = []
    pids: set[int] = set()
    while len(pids) < count:
        peers.append(await server.open(port))
        pids.add(int((await peers[-1].next())[1]))
        assert len(peers) < 200
    return peers, pids


@pytest.mark.parametrize("backend", ["asyncio", "trio"])
async def test_workers_share_a_port_and_stop_together(program, backend):
    async with program(f"'127.0.0.1', 0, workers=3, backend={backend!r}, grace=0") as server:
        peers, pids = await pids_of(server, await server.port(), 3)
        assert server.process.pid not in pids
        server.process.send_signal(signal.SIGINT)
        for peer in peers:
            assert await peer.next_close() == (1001, "")
        assert await server.ended() == 0
    assert server.said.count("handler ended") == len(peers)
    assert server.said.count("serving at") == 1
    assert ", 3 workers" in server.said


async def test_workers_share_a_unix_socket(program, tmp_path):
    path = tmp_path / "app.sock"
    async with program(f"uds={str(path)!r}, workers=2, grace=0") as server:
        await server.until("serving at")
        await server.greet(await anyio.connect_unix(path))
        server.process.send_signal(signal.SIGTERM)
        assert await server.ended() == 0
    assert not path.exists()


async def test_a_worker_that_dies_is_replaced(program):
    async with program("'127.0.0.1', 0, workers=2, grace=0") as server:
        port = await server.port()
        _, pids = await pids_of(server, port, 2)
        victim, other = pids
        os.kill(victim, signal.SIGKILL)
        await server.until(rf"worker {victim} died with exit code -9, and is replaced\n(.*\n)*worker \d+ serves")
        _, now = await pids_of(server, port, 2)
        assert now == {other, *now - pids}
        server.process.send_signal(signal.SIGTERM)
        assert await server.ended() == 0


async def test_a_second_signal_cuts_the_handlers_of_workers(program):
    async with program("'127.0.0.1', 0, workers=2, grace=1000") as server:
        peer = await server.open(await server.port(), "/stubborn")
        await peer.send(1, b"x")
        server.process.send_signal(signal.SIGTERM)
        assert await peer.next_close() == (1001, "")
        server.process.send_signal(signal.SIGTERM)
        assert not await peer.read_to_end()
        assert await server.ended() == 0


async def test_workers_do_not_outlive_their_parent(program):
    async with program("'127.0.0.1', 0, workers=2") as server:
        port = await server.port()
        peers, _ = await pids_of(server, port, 2)
        server.process.kill()
        for peer in peers:
            assert await peer.next_close() == (1001, "")
            await peer.say_close(1001)
            await peer.read_to_end()
        await server.ended()  # the pipe ends when the last worker has


async def test_workers_that_cannot_start_end_the_run(program):
    async with program("'127.0.0.1', 0, workers=2, engine='warp'", stderr=subprocess.PIPE) as server:
        assert await server.ended() == 1
        said = "".join([text async for text in anyio.streams.text.TextReceiveStream(server.process.stderr)])
    assert "'warp'" in said
    assert said.rstrip().endswith("RuntimeError: a worker could not start; it has said why")


@pytest.mark.parametrize("workers", [0, -1])
def test_bad_numbers_of_workers(workers):
    with pytest.raises(ValueError, match=f"workers.*{workers}"):
        WebSocketServer().run(workers=workers)


def test_workers_where_ports_cannot_be_shared(monkeypatch):
    monkeypatch.delattr(socket, "SO_REUSEPORT")
    with pytest.raises(ValueError, match="workers=2"):
        WebSocketServer().run("127.0.0.1", 0, workers=2)
