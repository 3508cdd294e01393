"""A program that serves the feed of these tests, and a handle on it for the test.

    python -m tests.feeds.storm.server --port 0 --backend asyncio

Says its port, and then does what it is told, a line each: ``begin`` publishing, ``stop`` it, ``wait until empty``,
``report`` as JSON. It ends with its standard input.
"""

from __future__ import annotations

import argparse
import gc
import json
import math
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import anyio
import anyio.to_thread

from flowws import CoroutineScope, Job, Lag, MutableSharedFlow
from flowws.feeds import FeedLog, ServedFeed
from flowws.websocket import Serving, WebSocketServer
from tests.feeds.storm import news
from tests.feeds.storm.file_log import FileLog

ROOT = Path(__file__).parents[3]
SEND_BUFFER = 16 * 1024  # of each socket: little, so that who stalls is soon noticed


class Publisher:
    """Publishes at a rate, and knows how late the loop was meanwhile."""

    def __init__(self, rate: float, first: int) -> None:
        self.updates = MutableSharedFlow[news.Update]()
        self.latest: dict[int, news.Update] = {}
        self.offset = first - 1
        self.delays: list[float] = []
        """How much later than asked for a task got its turn."""
        self.work: list[float] = []
        """The processor time of that: less, where the machine had other things to do."""
        self._rate = rate
        for offset in news.snapshot('"all"', self.offset):
            self._remember(news.update(offset))
        self.updates.tap(self._remember)

    def _remember(self, update: news.Update) -> None:
        """Called in the moment of the emission: so a snapshot is of the position that it says."""
        self.offset = update["number"]
        key = update["person"]["id"]
        self.latest.pop(key, None)
        self.latest[key] = update

    async def publish(self) -> None:
        """Go on until cancelled. What is late comes together."""
        started, published = anyio.current_time(), 0
        while True:
            due = int((anyio.current_time() - started) * self._rate)
            for _ in range(due - published):
                await self.updates.emit(news.update(self.offset + 1))
            published = due
            await anyio.sleep_until(started + (published + 1) / self._rate)

    async def look_at_the_clock(self) -> None:
        """Wait for a moment, again and again."""
        while True:
            due, worked = anyio.current_time() + 0.01, time.process_time()
            await anyio.sleep_until(due)
            self.delays.append(anyio.current_time() - due)
            self.work.append(time.process_time() - worked)


class Program:
    """The server and what it is told."""

    def __init__(self, publisher: Publisher, served: ServedFeed, serving: Serving) -> None:
        self._publisher = publisher
        self._served = served
        self._serving = serving
        self._scope = CoroutineScope()
        self._jobs: list[Job] = []

    async def obey(self) -> None:
        """Do what standard input says, to its end."""
        print(self._serving.port, flush=True)
        while order := await anyio.to_thread.run_sync(sys.stdin.readline, abandon_on_cancel=True):
            match order.strip():
                case "begin":
                    self._jobs += map(self._scope.launch, (self._publisher.publish, self._publisher.look_at_the_clock))
                case "stop":
                    for job in self._jobs:
                        await job.cancel_and_join()
                    self._jobs.clear()
                case "wait until empty":
                    for session in self._serving.sessions:
                        await session.job.join()
                case _:
                    gc.collect()
                    print(json.dumps(self._report()), flush=True)

    def _report(self) -> dict[str, Any]:
        return {
            "offset": self._publisher.offset,
            "memory": _memory(),
            "lag": _p99(self._publisher.delays),
            "work": _p99(self._publisher.work),
            "tasks": _tasks(),
            "sessions": len(self._serving.sessions),
            "clients": self._served.clients.value,
            "lagging": self._served.stats.lagging,
            "dropped": self._served.stats.dropped,
        }


def _p99(seconds: list[float]) -> float:
    return sorted(seconds)[int(len(seconds) * 0.99)] if seconds else math.nan


def _tasks() -> int:
    if "trio" in sys.modules:
        import trio

        return trio.lowlevel.current_statistics().tasks_living
    import asyncio

    return len(asyncio.all_tasks())


def _memory() -> int:
    """Bytes that this process keeps for itself; 0 where nobody tells."""
    try:
        lines = Path("/proc/self/smaps_rollup").read_text().splitlines()
    except OSError:
        return 0
    return 1024 * sum(int(line.split()[1]) for line in lines if line.startswith("Private_"))


async def _serve(asked: argparse.Namespace) -> None:
    log: FeedLog[news.Update] | None = FileLog(asked.log) if asked.log else None
    publisher = Publisher(asked.rate, 1 if log is None else log.head + 1)
    app = WebSocketServer()
    served = app.feed(
        "/",
        publisher.updates,
        filter=news.NAMED,
        snapshot=lambda wanted: [update for update in publisher.latest.values() if wanted(update)],
        lag=Lag.DROP_OLDEST,
        backlog=asked.backlog,
        resume=asked.resume if log is None else log,
    )
    listening = socket.create_server(("127.0.0.1", asked.port), backlog=1024)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, SEND_BUFFER)
    async with app.serve(bind=[listening]) as serving:
        gc.collect()
        gc.freeze()  # as `run` has it, and docs/feeds.md
        await Program(publisher, served, serving).obey()


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--backend", default="asyncio")
    parser.add_argument("--rate", type=float, default=100.0)
    parser.add_argument("--backlog", type=int, default=32)
    parser.add_argument("--resume", type=int, default=1024)
    parser.add_argument("--log")
    asked = parser.parse_args()
    anyio.run(_serve, asked, backend=asked.backend)


# ------------------------------------------------------------------------------------------------ the handle for tests


class Server:
    """This program in a process of its own."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        assert process.stdin is not None  # it is piped
        assert process.stdout is not None  # as above
        self._process, self._orders, self._answers = process, process.stdin, process.stdout
        self.port = int(self._answers.readline())

    def tell(self, order: str) -> None:
        self._orders.write(order + "\n")
        self._orders.flush()

    async def report(self) -> Any:
        self.tell("report")
        return json.loads(await anyio.to_thread.run_sync(self._answers.readline))

    def kill(self) -> None:
        """SIGKILL."""
        self._process.kill()
        self._process.wait()


@contextmanager
def running(*options: str) -> Iterator[Server]:
    """The program at work; at the end it is told to stop, and has to end well, unless it was killed."""
    command = [sys.executable, "-m", "tests.feeds.storm.server", *options]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=ROOT) as process:
        try:
            yield Server(process)
            assert process.stdin is not None  # as above
            process.stdin.close()
            if process.poll() != -9:
                assert process.wait(10) == 0
        finally:
            process.kill()


if __name__ == "__main__":
    main()
