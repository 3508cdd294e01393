"""Real ASGI servers, in the loop of the test, on a port of the loopback."""

from __future__ import annotations

import logging
import socket
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from functools import partial
from typing import Any, Literal, TypeAlias

import anyio
import hypercorn.asyncio
import hypercorn.trio
import uvicorn
from hypercorn.config import Config

ServerName: TypeAlias = Literal["uvicorn", "hypercorn"]
Run: TypeAlias = Callable[[], Coroutine[Any, Any, None]]


class AsgiServer:
    """One that listens, until `stop`, or the end of the block that made it."""

    def __init__(self, port: int, stop: Callable[[], object]) -> None:
        self.port = port
        self.stop = stop


@asynccontextmanager
async def serving(name: ServerName, app: Any, *, grace: float = 0.2) -> AsyncIterator[AsgiServer]:
    """The application on a server; when that stops, it gives connections `grace` seconds."""
    listener = socket.create_server(("127.0.0.1", 0))  # so that nobody has to wait until somebody listens
    port: int = listener.getsockname()[1]
    async with anyio.create_task_group() as tasks:
        run, stop = _uvicorn(app, listener, grace) if name == "uvicorn" else _hypercorn(app, listener, grace)
        tasks.start_soon(run)
        try:
            yield AsgiServer(port, stop)
        finally:
            stop()


class _Uvicorn(uvicorn.Server):
    """Stops when it is asked to, instead of looking ten times a second."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.asked = anyio.Event()

    async def main_loop(self) -> None:
        await self.asked.wait()


def _uvicorn(app: Any, listener: socket.socket, grace: float) -> tuple[Run, Callable[[], object]]:
    config = uvicorn.Config(
        app, log_config=None, access_log=False, lifespan="auto", timeout_graceful_shutdown=max(1, round(grace))
    )
    server = _Uvicorn(config)

    async def run() -> None:
        with listener:
            await server._serve([listener])  # `serve` is this and signals

    return run, server.asked.set


def _hypercorn(app: Any, listener: socket.socket, grace: float) -> tuple[Run, Callable[[], object]]:
    import sniffio

    asked = anyio.Event()
    config = Config()
    config.bind = [f"fd://{listener.detach()}"]
    config.graceful_timeout = grace
    config.errorlog = logging.getLogger("tests.hypercorn")
    worker: Any = hypercorn.trio if sniffio.current_async_library() == "trio" else hypercorn.asyncio
    return partial(worker.serve, app, config, shutdown_trigger=asked.wait), asked.set
