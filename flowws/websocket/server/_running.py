"""`run_alone`: a server for the length of a program."""

from __future__ import annotations

import logging
import signal
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from socket import socket
from typing import Any, Final, Literal, TypeAlias

import anyio
from anyio import wait_readable

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

    async def listen_to_signals() -> None:
        async for _ in received:
            asked.try_send(None)

    async def listen_to(descriptor: int) -> None:
        await wait_readable(descriptor)
        asked.try_send(None)

    with anyio.open_signal_receiver(*signals) as received:
        async with serving, anyio.create_task_group() as tasks:
            tasks.start_soon(listen_to_signals)
            if stop_when_readable is not None:
                tasks.start_soon(listen_to, stop_when_readable)
            on_start(serving.sockets)
            await asked.receive()
            tasks.start_soon(_hurry, serving, asked)
            await serving.stop()
            tasks.cancel_scope.cancel()


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
