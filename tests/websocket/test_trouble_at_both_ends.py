"""Servers that stop, and sessions that begin, while something goes wrong."""

from __future__ import annotations

import asyncio
import logging
import socket
from contextlib import ExitStack
from functools import partial

import anyio
import pytest
from anyio.lowlevel import checkpoint

from flowws.websocket import ServerObserver, WebSocketClient, WebSocketExtension, WebSockets, WebSocketServer
from flowws.websocket.client._dial import dial_unix
from flowws.websocket.extensions import LocalExtension
from tests.core.observing import reported


async def reads(session):
    async for _ in session.incoming:
        pass


async def test_two_stops_at_once(house):
    """As two signals make them: the second one must not be forgotten."""
    server = await house.serve(reads)
    await house.connect(server.port)  # it asks for nothing
    await house.open(server.port)
    with anyio.fail_after(10):
        async with anyio.create_task_group() as tasks:
            for grace in (5.0, 0.0, 0.0):
                tasks.start_soon(partial(server.stop, grace=grace))
                await checkpoint()
    assert not server.sockets


@pytest.mark.parametrize("how", ["terminate", "close"])
async def test_an_observer_that_closes_what_has_just_opened(house, how):
    class Bouncer(ServerObserver):
        def opened(self, session):
            if how == "terminate":
                session.terminate()
            else:
                session.outgoing.close()

    app = WebSocketServer(observers=[Bouncer()])
    handled = []

    async def handler(session):
        handled.append(session)

    app.websocket("/")(handler)
    server = await house.start(app)
    peer = await house.connect(server.port)
    await peer.request("/", peer.handshake(server.port))
    assert peer.status == 101
    if how == "close":
        assert await peer.next_close() == (1000, "")
        await peer.say_close(1000)
    assert not await peer.read_to_end()
    with anyio.fail_after(10):
        while server.sessions:
            await checkpoint()
        await server.stop()
    assert handled == []


@pytest.mark.parametrize("is_behind_middleware", [False, True])
async def test_an_extension_that_fails_to_open(house, is_behind_middleware):
    problem = RuntimeError("it cannot be opened")

    class Bad(WebSocketExtension):
        def opened(self, *_):
            raise problem

    app = WebSocketServer(WebSockets(extensions=[LocalExtension(Bad)]))
    if is_behind_middleware:

        @app.middleware
        async def waits(_, proceed):
            await checkpoint()
            return await proceed()

    app.websocket("/")(reads)
    server = await house.start(app)
    peer = await house.connect(server.port)
    with reported() as errors, anyio.fail_after(10):
        await peer.request("/", peer.handshake(server.port))
        await peer.read_to_end()  # nobody is kept waiting
        while server.sessions:
            await checkpoint()
    assert errors == [problem]


@pytest.mark.asyncio_only(reason="trio's tasks cannot be cancelled natively")
async def test_a_native_cancellation_of_the_stop_leaves_nobody_listening(house, engine):
    app = WebSocketServer()
    inside = anyio.Event()

    async def stays(_):
        inside.set()
        await anyio.sleep_forever()

    app.websocket("/")(stays)
    serving = app.serve("127.0.0.1", 0, grace=1000, engine=engine)

    async def serve():
        async with serving:
            await inside.wait()

    task = asyncio.create_task(serve())
    while not serving.port:
        await checkpoint()
    peer = await house.open(serving.port)
    while not serving.is_stopping:
        await checkpoint()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert not serving.sockets
    await peer.read_to_end()
    while serving.sessions:
        await checkpoint()


async def test_jobs_in_a_task_group_may_meet_the_end_of_the_session(house, caplog):
    """That is no failure of the handler's."""
    ended = anyio.Event()

    async def ticks(session):
        while True:
            await session.send("tick")

    async def handler(session):
        try:
            async with anyio.create_task_group() as tasks:
                tasks.start_soon(ticks, session)
                tasks.start_soon(ticks, session)
                await anyio.sleep_forever()
        finally:
            ended.set()

    server = await house.serve(handler)
    peer = await house.open(server.port)
    await peer.next()
    with caplog.at_level(logging.ERROR):
        await peer.reset()
        with anyio.fail_after(10):
            await ended.wait()
            while server.sessions:
                await checkpoint()
    assert not caplog.records


@pytest.mark.engine_only("picows", "no engine is at work yet")
@pytest.mark.skipif(not hasattr(socket, "AF_UNIX"), reason="a matter of unix sockets")
async def test_a_unix_socket_that_has_no_room(tmp_path):
    """Others wait there: who connects waits, too."""
    path = str(tmp_path / "socket")
    with socket.socket(socket.AF_UNIX) as listener, ExitStack() as others:
        listener.bind(path)
        listener.listen(0)
        while True:
            other = others.enter_context(socket.socket(socket.AF_UNIX))
            other.setblocking(False)
            try:
                other.connect(path)
            except BlockingIOError:
                break
        with pytest.raises(TimeoutError):
            await WebSocketClient(uds=path, open_timeout=0.05).websocket_session("ws://localhost/")
        with anyio.fail_after(10):
            async with anyio.create_task_group() as tasks:

                async def make_room():
                    listener.accept()[0].close()

                tasks.start_soon(make_room)
                line = await dial_unix(path)
        with line:
            assert line.getpeername() == path
