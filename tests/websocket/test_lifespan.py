"""What a server needs for itself is opened before it serves, in every process, and closed behind the last session."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest

from flowws.testing import conversation
from flowws.websocket import MemoryServer, WebSocketClient, WebSocketServer, WebSocketServerSession


class Story:
    """A server that notes down what happens, and has its path only while it is served."""

    def __init__(self) -> None:
        self.events: list[str] = []
        self.app = WebSocketServer(lifespan=self.life)

    @asynccontextmanager
    async def life(self, app: WebSocketServer) -> AsyncIterator[None]:
        assert app is self.app
        app.websocket("/echo")(self.echo)
        self.events.append("opened")
        try:
            yield
        finally:
            self.events.append("closed")

    async def echo(self, session: WebSocketServerSession) -> None:
        try:
            async for frame in session.incoming:
                await session.send(frame)
        finally:
            self.events.append("a session is over")


async def test_around_a_server_of_sockets() -> None:
    story = Story()
    async with story.app.serve("127.0.0.1", 0) as server:
        assert story.events == ["opened"]
        session = await WebSocketClient().websocket_session(f"ws://127.0.0.1:{server.port}/echo")
        await session.send("hello")
        assert (await session.incoming.receive()).data == b"hello"
    await session.close_reason
    assert story.events == ["opened", "a session is over", "closed"]


async def test_around_a_server_in_memory() -> None:
    story = Story()
    async with MemoryServer(story.app) as server, conversation(server, "/echo") as peer:
        await peer.send("hello")
        await peer.expect_text("hello")
    assert story.events == ["opened", "a session is over", "closed"]


async def test_around_an_application() -> None:
    story = Story()
    said: list[Any] = []
    heard = iter([{"type": "lifespan.startup"}, {"type": "lifespan.shutdown"}])

    async def receive() -> Any:
        said.append(list(story.events))
        return next(heard)

    async def send(message: Any) -> None:
        said.append(message["type"])

    await story.app.asgi()({"type": "lifespan"}, receive, send)
    assert said == [[], "lifespan.startup.complete", ["opened"], "lifespan.shutdown.complete"]
    assert story.events == ["opened", "closed"]


async def test_what_goes_wrong_when_it_opens_is_raised_and_nobody_listens() -> None:
    @asynccontextmanager
    async def life(_: WebSocketServer) -> AsyncIterator[None]:
        raise OSError("the database is away")
        yield

    server = WebSocketServer(lifespan=life).serve("127.0.0.1", 0)
    with pytest.raises(OSError, match="the database is away"):
        async with server:
            pytest.fail("it was entered")
    assert server.sockets == ()


async def test_an_address_that_is_taken_closes_it_again() -> None:
    story = Story()
    async with WebSocketServer().serve("127.0.0.1", 0) as other:
        with pytest.raises(OSError, match="cannot listen"):
            async with story.app.serve("127.0.0.1", other.port):
                pytest.fail("it was entered")
    assert story.events == ["opened", "closed"]


WORKERS = """
import os
from contextlib import asynccontextmanager
from flowws.websocket import WebSocketServer

@asynccontextmanager
async def life(app):
    os.write(1, b"opened\\n")  # in one piece: several processes write
    yield
    os.write(1, b"closed\\n")

def told(port):
    print("at", port, flush=True)

WebSocketServer(lifespan=life).run("127.0.0.1", 0, workers={workers}, on_start=told)
"""


@pytest.mark.skipif(os.name != "posix", reason="signals")
@pytest.mark.parametrize("workers", [1, 2])
def test_in_each_worker_and_then_it_is_told_that_all_serve(workers: int) -> None:
    program = [sys.executable, "-c", WORKERS.format(workers=workers)]
    with subprocess.Popen(program, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        said = [process.stdout.readline().split() for _ in range(workers + 1)]
        process.send_signal(signal.SIGTERM)
        said += [each.split() for each in process.stdout]
    assert [words[0] for words in said] == ["opened"] * workers + ["at"] + ["closed"] * workers
    assert int(said[workers][1]) > 0
    assert process.returncode == 0
