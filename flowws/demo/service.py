"""`serve`: the demo as a service, from its file to the signal that ends it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import platformdirs

from .app import create_app
from .people import People
from .signals import stop_signal


def default_file() -> Path:
    """Where the people of this user are, unless told otherwise."""
    return platformdirs.user_data_path("flowws", appauthor=False) / "people.db"


async def serve(host: str, port: int, file: Path, ready: Callable[[str, int, Path], object]) -> None:
    """Serves the people of this file until SIGINT or SIGTERM; then every client is told 1001.

    `ready` is called with the host, the port and the file once clients can connect.
    """
    async with People.open(file) as people, create_app(people).serve(host, port) as server:
        with stop_signal() as stop:
            ready(host, server.port, file)
            await stop.wait()
