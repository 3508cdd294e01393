"""Many clients at once, who join, leave, get killed, switch filters and stall: each hears what is due to it.

The size is that of a quick look. ``FLOWWS_STORM=full`` is a thousand clients for 20 seconds, and looks at the memory
and at the clock of the server, too, for which the machine should have nothing else to do (and pytest needs
``-o faulthandler_timeout=300``). ``FLOWWS_STORM_SEED=2`` is another storm.
"""

from __future__ import annotations

import asyncio
import os
import resource
from collections import Counter
from dataclasses import dataclass
from random import Random
from typing import Any

import pytest

from tests.feeds.storm.clients import CROWD, Client
from tests.feeds.storm.server import Server, running

IS_FULL = os.environ.get("FLOWWS_STORM") == "full"
SEED = int(os.environ.get("FLOWWS_STORM_SEED", "1"))

pytestmark = [
    pytest.mark.skipif(os.name != "posix", reason="processes that are told what to do by pipes"),
    pytest.mark.timeout(240 if IS_FULL else 60),
]


@dataclass(frozen=True)
class Size:
    clients: int
    rate: float  # updates a second
    seconds: float


SIZE = Size(1000, 100.0, 20.0) if IS_FULL else Size(40, 250.0, 2.0)


@pytest.mark.parametrize("backend", ["asyncio", "trio"])
def test_each_client_hears_what_its_filter_says(backend: str) -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))  # a socket is a file
    try:
        with running("--backend", backend, "--rate", str(SIZE.rate)) as server:
            happened = asyncio.run(storm(server))
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    print(happened)
    assert {"switched", "lag", "resumed", "snapshot", "update"} <= happened.keys()  # it was not calm


async def storm(server: Server) -> Counter[str]:
    calm = await server.report()
    places, now = asyncio.Semaphore(CROWD), asyncio.get_running_loop().time()
    clients = [Client(Random(f"{SEED} {number}"), places) for number in range(SIZE.clients)]
    server.tell("begin")
    async with asyncio.TaskGroup() as living:
        for client in clients:
            living.create_task(client.live(server.port, now + SIZE.seconds))
        halfway = living.create_task(report_in(server, SIZE.seconds / 2))
    server.tell("stop")
    end = await server.report()
    async with asyncio.TaskGroup() as catching_up:
        for client in clients:
            catching_up.create_task(client.has_all(end["offset"]))
    for client in clients:
        client.goes()
    server.tell("wait until empty")
    check(calm, halfway.result(), end, await server.report())
    return sum((client.transcript.events + client.actions for client in clients), Counter[str]())


async def report_in(server: Server, seconds: float) -> Any:
    await asyncio.sleep(seconds)
    return await server.report()


def check(calm: Any, halfway: Any, end: Any, empty: Any) -> None:
    print(*(calm, halfway, end, empty), sep="\n")
    assert end["offset"] > SIZE.seconds * SIZE.rate / 2
    assert end["dropped"] > 0
    assert (empty["sessions"], empty["clients"], empty["lagging"], empty["tasks"]) == (0, 0, 0, calm["tasks"])
    if IS_FULL:
        assert end["lag"] < 0.05
        assert end["memory"] < halfway["memory"] * 1.15
