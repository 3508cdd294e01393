"""What happens to sessions when the server, or the application's lifespan, ends."""

from __future__ import annotations

import sys

import anyio
import pytest
from starlette.applications import Starlette
from starlette.routing import Mount

from flowws.websocket import CloseReason, WebSocketServer, asgi_endpoint

GOING = CloseReason(1012, "back soon")


@pytest.fixture
def stops_with_clients(server_and_loop):
    """Since asyncio's servers wait for their clients, hypercorn does so first, and longer than anybody has patience."""
    if server_and_loop == ("hypercorn", "asyncio") and sys.version_info >= (3, 12):
        pytest.skip("from Python 3.12 on, hypercorn on asyncio does not stop before its clients are gone")


@pytest.mark.usefixtures("stops_with_clients")
async def test_w73_w76_w77_w78_the_server_stops(serve, house, server_name, caplog):
    """W73, W76, W77, W78: uvicorn says 1012 by itself; hypercorn waits, then cancels, and we say it."""
    ended = []
    app = WebSocketServer()

    @app.websocket("/reads")
    async def reads(session):
        try:
            async for _ in session.incoming:
                pass
        finally:
            ended.append("reads")

    @app.websocket("/sleeps")
    async def sleeps(session):
        try:
            await anyio.sleep_forever()
        finally:
            ended.append("sleeps")

    server = await serve(app.asgi(stop_reason=GOING))
    peers = [await house.open(server.port, path) for path in ("/reads", "/sleeps")]
    server.stop()
    for peer in peers:
        code, said = await peer.next_close()
        assert (code, said) == ((1012, "") if server_name == "uvicorn" else (1012, "back soon"))
        await peer.say_close(1012)
        assert not await peer.read_to_end()
    with anyio.fail_after(5):
        while len(ended) < 2:
            await anyio.lowlevel.checkpoint()
    assert sorted(ended) == ["reads", "sleeps"]
    assert "ERROR" not in {record.levelname for record in caplog.records if record.name.startswith("flowws")}


async def test_w78_a_mounted_application_is_a_context_manager(serve, house):
    """W78: for the lifespan of the framework around it, or of the program."""
    app = WebSocketServer()

    @app.websocket("/")
    async def reads(session):
        async for _ in session.incoming:
            pass

    live = app.asgi(stop_reason=GOING)
    server = await serve(Starlette(routes=[Mount("/live", live)]))
    async with live:
        peer = await house.open(server.port, "/live/")
        with anyio.fail_after(5):
            while not live.sessions:
                await anyio.lowlevel.checkpoint()
        (session,) = live.sessions
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(live.__aexit__, None, None, None)
            assert await peer.next_close() == (1012, "back soon")
            late = await house.connect(server.port)
            await late.request("/live/", late.handshake(server.port))
            assert late.status == 503
            await peer.say_close(1012)
        assert await session.close_reason == GOING
        assert not live.sessions
    async with live:
        again = await house.open(server.port, "/live/")
        await again.say_close()


@pytest.mark.usefixtures("stops_with_clients")
async def test_starlette_runs_it_as_its_lifespan(serve, house):
    endpoint = asgi_endpoint(lambda session: session.incoming.receive_catching())
    entered = []

    class Live:
        async def __aenter__(self):
            entered.append("in")
            await endpoint.__aenter__()

        async def __aexit__(self, *error):
            await endpoint.__aexit__(None, None, None)
            entered.append("out")

    server = await serve(Starlette(routes=[Mount("/", endpoint)], lifespan=lambda _: Live()))
    peer = await house.open(server.port, "/here")
    assert entered == ["in"]
    server.stop()
    await peer.next_close()
    await peer.hang_up()
    with anyio.fail_after(5):
        while entered != ["in", "out"]:
            await anyio.lowlevel.checkpoint()


@pytest.mark.parametrize("reason", [CloseReason(1006), CloseReason(1005)])
async def test_reasons_that_must_not_travel(reason):
    with pytest.raises(ValueError, match="must not be sent"):
        WebSocketServer().asgi(stop_reason=reason)
