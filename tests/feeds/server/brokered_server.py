"""A program that serves the feed of a broker's numbers, at a port that others may share.

    python -m tests.feeds.server.brokered_server --broker redis://127.0.0.1 --port 8080 --backend trio

Says its port, and ends with its standard input.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import anyio
import anyio.to_thread

from flowws.brokers import open_broker
from flowws.websocket import WebSocketServer

ROOT = Path(__file__).parents[3]


async def _serve(asked: argparse.Namespace) -> None:
    app = WebSocketServer()
    async with open_broker(asked.broker) as broker:
        numbers = broker.shared_flow("numbers", int)
        app.feed("/numbers", numbers, filter={"even": lambda value: value % 2 == 0}, resume=asked.resume)
        await numbers.ready()
        async with app.serve("127.0.0.1", asked.port, reuse_port=True, grace=0) as serving:
            print(serving.port, flush=True)
            await anyio.to_thread.run_sync(sys.stdin.read)


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--broker")
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--backend", default="asyncio")
    parser.add_argument("--resume", type=int, default=1024)
    asked = parser.parse_args()
    anyio.run(_serve, asked, backend=asked.backend)


# ------------------------------------------------------------------------------------------------ the handle for tests


class ServerProcess:
    """This program in a process of its own, which serves by now."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        assert process.stdout is not None  # it is piped
        self._process = process
        self.port = int(process.stdout.readline())

    def kill(self) -> None:
        """SIGKILL: no farewell, and the connections are reset."""
        self._process.kill()
        self._process.wait()


@contextmanager
def running(*options: str) -> Iterator[ServerProcess]:
    """The program at work, to the end of the block."""
    command = [sys.executable, "-m", "tests.feeds.server.brokered_server", *options]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=ROOT) as process:
        try:
            yield ServerProcess(process)
        finally:
            process.kill()


if __name__ == "__main__":
    main()
