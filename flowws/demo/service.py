"""`serve` and `run_workers`: the demo as a service, from its file to the signal that ends it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TypeAlias

import anyio
import platformdirs

from flowws.brokers import Broker, BrokerUnavailableError, Reconnecting

from .app import create_app, create_worker
from .people import People
from .people_file import PeopleFile
from .signals import stop_signal

Ready: TypeAlias = Callable[[str, int, Path], object]
"""Is called with the host, the port and the file once clients can connect."""


def default_file() -> Path:
    """Where the people of this user are, unless told otherwise."""
    return platformdirs.user_data_path("flowws", appauthor=False) / "people.db"


async def serve(host: str, port: int, file: Path, ready: Ready) -> None:
    """Serves the people of this file until SIGINT or SIGTERM; then every client is told 1001."""
    async with People.open(file) as people, create_app(people).serve(host, port) as server:
        with stop_signal() as stop:
            ready(host, server.port, file)
            await stop.wait()


def run_workers(host: str, port: int, file: Path, ready: Ready, *, redis: str, workers: int) -> None:
    """As `serve`, by so many processes at one port, which tell each other of updates by the Redis server at this URL.

    Raises `ModuleNotFoundError` without coredis, `ValueError` for a bad URL, and `BrokerError` where the server cannot
    be reached now or refuses; once it was reached, it may go and come back.
    """
    from flowws.brokers import RedisBroker  # here: it needs coredis, which not everybody has

    def broker() -> Broker:
        return RedisBroker(redis)

    PeopleFile(file).close()  # what is wrong is said here, once, and not by each process
    anyio.run(_reach, broker)
    create_worker(file, broker).run(host, port, workers=workers, on_start=lambda bound: ready(host, bound, file))


async def _reach(make: Callable[[], Broker]) -> None:
    async with make() as broker:
        if isinstance(status := broker.status.value, Reconnecting):
            raise BrokerUnavailableError(str(status.error)) from status.error
