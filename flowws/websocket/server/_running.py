"""`run_alone`: a server for the length of a program."""

from __future__ import annotations

import gc
import logging
import signal
from collections.abc import Callable, Generator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from socket import socket
from typing import Any, Final, Literal, TypeAlias

import anyio
from anyio import wait_readable

from flowws._core import coroutine_scope
from flowws.channels import Channel, ReceiveChannel

from ._serving import Serving

STOP_SIGNALS: Final = (signal.SIGINT, signal.SIGTERM)

OnStart: TypeAlias = Callable[[int], object]
"""What is called once the server serves, with its port."""

_log: Final = logging.getLogger("flowws.websocket")


@dataclass(frozen=True, slots=True)
class Loop:
    """Which loop to run."""

    backend: Literal["asyncio", "trio"]
    options: dict[str, Any]

    def run(self, main: Callable[[], Any]) -> None:
        """Run a program."""
        anyio.run(main, backend=self.backend, backend_options=self.options)


def run_alone(serving: Serving, loop: Loop, scheme: str, on_start: OnStart) -> None:
    """Serve until a signal says stop, in this process."""

    def started(sockets: Sequence[socket]) -> None:
        announce(sockets, scheme)
        on_start(serving.port)

    loop.run(lambda: serve_until_asked(serving, STOP_SIGNALS, on_start=started))


async def serve_until_asked(
    serving: Serving,
    signals: Sequence[signal.Signals],
    *,
    stop_when_readable: int | None = None,
    on_start: Callable[[Sequence[socket]], object],
) -> None:
    """Serve until a signal comes, or until there is something to read from that descriptor. What comes next, if
    anything, ends the time of the handlers.
    """
    asked: Channel[None] = Channel(Channel.UNLIMITED)

    started = anyio.Event()

    def ask() -> None:
        asked.try_send(None)
        if not started.is_set():  # nobody takes it before
            starting.cancel()

    async def listen_to_signals() -> None:
        async for _ in received:
            ask()

    async def listen_to(descriptor: int) -> None:
        await wait_readable(descriptor)
        ask()

    with anyio.open_signal_receiver(*signals) as received, anyio.CancelScope() as starting:
        async with coroutine_scope() as listeners:
            listeners.launch(listen_to_signals)
            if stop_when_readable is not None:
                listeners.launch(listen_to, stop_when_readable)
            async with serving:
                started.set()
                on_start(serving.sockets)
                with _short_collections():
                    await asked.receive()
                    listeners.launch(_hurry, serving, asked)
                    await serving.stop()
            listeners.cancel()


@contextmanager
def _short_collections() -> Generator[None]:
    """Leave out of garbage collections what the program consists of. A full one is the longest time in which a server
    does nothing for its clients, and with a thousand of them a third of it went there (`tests/feeds/storm`).
    """
    gc.collect()
    gc.freeze()
    try:
        yield
    finally:
        gc.unfreeze()


async def _hurry(serving: Serving, asked: ReceiveChannel[None]) -> None:
    await asked.receive()
    await serving.stop(grace=0)


def announce(sockets: Sequence[socket], scheme: str, workers: int = 1) -> None:
    """Tell the log where the server is."""
    where = ", ".join(_named(each.getsockname(), scheme) for each in sockets)
    _log.info("serving at %s%s", where, f", {workers} workers" if workers > 1 else "")


def _named(name: tuple[str, int] | str, scheme: str) -> str:
    if isinstance(name, str):
        return f"unix:{name}"
    host, port = name[:2]  # of IPv6 there is more
    return f"{scheme}://{f'[{host}]' if ':' in host else host}:{port}"
