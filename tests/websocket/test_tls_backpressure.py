"""TLS, and a reader that takes its time: what the transport has decrypted already is not forgotten."""

from __future__ import annotations

from ssl import PROTOCOL_TLS_SERVER, SSLContext, create_default_context

import anyio
import pytest
import trustme

from flowws.websocket import WebSocketClient, WebSockets, WebSocketServer, bounded, channels

SIZES = [(300, 1000), (1000, 100), (50, 20_000)]
CAPACITIES = [4, None]


@pytest.fixture(scope="module")
def contexts() -> tuple[SSLContext, SSLContext]:
    authority = trustme.CA()
    server, client = SSLContext(PROTOCOL_TLS_SERVER), create_default_context()
    authority.issue_cert("localhost").configure_cert(server)
    authority.configure_trust(client)
    return server, client


def of_capacity(capacity: int | None) -> WebSockets:
    return WebSockets() if capacity is None else WebSockets(channels=channels(incoming=bounded(capacity)))


async def send_all(session, count, size):
    for number in range(count):
        await session.send(str(number).ljust(size))


async def read_slowly(session, count):
    """All that there is, some of it when the reading has been paused for long."""
    heard: list[int] = []
    while len(heard) < count:
        heard.append(int((await session.incoming.receive()).read_text()))
        if len(heard) % 64 == 1:
            for _ in range(20):
                await anyio.lowlevel.checkpoint()
    return heard


@pytest.mark.parametrize("capacity", CAPACITIES)
@pytest.mark.parametrize(("count", "size"), SIZES)
@pytest.mark.parametrize("reader", ["server", "client"])
async def test_w107_everything_arrives(contexts, engine, reader, count, size, capacity):
    """W107, where nothing else comes that would make the socket readable again."""
    ours, theirs = contexts
    app = WebSocketServer(of_capacity(capacity))
    heard: list[int] = []
    go_on = anyio.Event()

    @app.websocket("/")
    async def handler(session):
        if reader == "server":
            await go_on.wait()
            heard.extend(await read_slowly(session, count))
        else:
            await send_all(session, count, size)
            await session.incoming.receive()

    async with app.serve("127.0.0.1", 0, ssl=ours, engine=engine) as server:
        client = WebSocketClient(of_capacity(capacity), ssl=theirs, engine=engine)
        with anyio.fail_after(15):
            async with client.websocket(f"wss://localhost:{server.port}/") as session:
                if reader == "server":
                    async with anyio.create_task_group() as tasks:
                        tasks.start_soon(send_all, session, count, size)
                        await anyio.wait_all_tasks_blocked()
                        go_on.set()
                    await session.close_reason
                else:
                    await anyio.wait_all_tasks_blocked()
                    heard.extend(await read_slowly(session, count))
                    await session.send("thanks")
    assert heard == list(range(count))


@pytest.mark.parametrize(("count", "size"), SIZES)
async def test_w109_a_sender_that_leaves_at_once(contexts, engine, count, size):
    """All that it has sent is heard before its Close frame."""
    ours, theirs = contexts
    app = WebSocketServer()
    heard, codes, over = [], [], anyio.Event()

    @app.websocket("/")
    async def handler(session):
        heard.extend([int(frame.read_text()) async for frame in session.incoming])
        codes.append((await session.close_reason).code)
        over.set()

    async with app.serve("127.0.0.1", 0, ssl=ours, engine=engine) as server:
        with anyio.fail_after(15):
            client = WebSocketClient(ssl=theirs, engine=engine)
            async with client.websocket(f"wss://localhost:{server.port}/") as session:
                await send_all(session, count, size)
            await over.wait()
    assert (heard, codes) == (list(range(count)), [1000])
