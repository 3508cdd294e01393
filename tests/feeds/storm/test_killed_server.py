"""The server is killed in mid-stream and starts again: each client goes on where it was, or is told what it misses."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path
from random import Random

import pytest

from tests.feeds.storm.clients import Client
from tests.feeds.storm.server import Server, running

pytestmark = [
    pytest.mark.skipif(os.name != "posix", reason="SIGKILL, and pipes that tell processes what to do"),
    pytest.mark.timeout(60),  # processes take their time to start
]

CLIENTS = 20
KILLS = 2


@pytest.fixture(params=["asyncio", "trio"])
def server_options(request: pytest.FixtureRequest) -> list[str]:
    """Fast, and with room enough that nobody lags."""
    return ["--backend", request.param, "--rate", "500", "--backlog", "5000"]


def test_with_a_log_on_disk_nobody_misses_anything(server_options: list[str], tmp_path: Path) -> None:
    clients = asyncio.run(survive([*server_options, "--log", str(tmp_path / "log")]))
    for client in clients:
        happened = client.transcript.events
        assert happened["begun"] == 1
        assert happened["resumed"] == KILLS
        assert happened.keys() == {"begun", "snapshot", "resumed", "update"}


def test_without_one_everybody_is_told(server_options: list[str]) -> None:
    clients = asyncio.run(survive(server_options))
    for client in clients:
        happened = client.transcript.events
        assert happened["restart"] == KILLS
        assert happened["snapshot"] == KILLS + 1
        assert happened.keys() == {"begun", "snapshot", "restart", "update"}


async def survive(options: list[str]) -> list[Client]:
    """Clients who live through some kills of their server, to a proper end."""
    random = Random("killed")
    places = asyncio.Semaphore(CLIENTS)
    clients = [Client(Random(f"killed {number}"), places) for number in range(CLIENTS)]
    port = 0
    for _ in range(KILLS):
        with running(*options, "--port", str(port)) as server:
            port = server.port
            await all_come(clients, server)
            server.tell("begin")
            until = (await server.report())["offset"] + random.randint(10, 200)
            await clients[0].has_all(until)  # and the others are somewhere near
            for client in clients:
                client.survives()
            server.kill()
    with running(*options, "--port", str(port)) as server:
        await all_come(clients, server)
        server.tell("begin")
        await clients[0].has_all((await server.report())["offset"] + 100)
        server.tell("stop")
        end = (await server.report())["offset"]
        for client in clients:
            await client.has_all(end)
            client.goes()
    return clients


async def all_come(clients: list[Client], server: Server) -> None:
    async with asyncio.TaskGroup() as coming:
        for client in clients:
            coming.create_task(client.come(server.port))
