"""Two processes that share a flow: ``python examples/two_processes.py [redis://localhost]``.

It starts itself a second time, to listen. The listener hears what the first one emits, goes away, comes back with its
position, and misses nothing. Without an address it starts a Redis server for itself, which needs `redis-server`.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from collections.abc import AsyncIterator
from contextlib import ExitStack, asynccontextmanager
from dataclasses import dataclass

import anyio
from anyio.abc import Process
from anyio.streams.text import TextReceiveStream

from flowws.brokers import Broker, BrokeredSharedFlow, Position, open_broker


@dataclass(frozen=True)
class Bid:
    """What somebody offers for something."""

    lot: str
    price: int


def bids_of(broker: Broker) -> BrokeredSharedFlow[Bid]:
    """The flow that both share: they name the same topic."""
    return broker.shared_flow("bids", Bid)


async def listen(url: str, token: str) -> None:
    """The other process: it shows two bids, from a position on, and then its own position."""
    async with open_broker(url) as broker:
        bids = bids_of(broker)
        start = position = Position.parse(token) if token else await bids.ready()
        print("ready", flush=True)
        async for position, bid in bids.positioned(start).take(2):  # noqa: B007  # shown at the end
            print(f"the listener hears {bid.lot} {bid.price}", flush=True)
        print(position, flush=True)


@asynccontextmanager
async def listener(url: str, token: str = "") -> AsyncIterator[Process]:
    """The other process, seen from here. The block ends when it does."""
    command = [sys.executable, __file__, url, token]
    async with await anyio.open_process(command, stderr=None) as process:
        yield process


async def lines(process: Process) -> AsyncIterator[str]:
    """What it says, line by line."""
    assert process.stdout is not None  # it is piped
    rest = ""
    async for text in TextReceiveStream(process.stdout):
        *whole, rest = (rest + text).split("\n")
        for line in whole:
            yield line


async def main(url: str) -> None:
    """The first process: it emits."""
    async with open_broker(url) as broker:
        bids = bids_of(broker)
        token = ""
        async with listener(url) as process:
            async for line in lines(process):
                if line == "ready":
                    await bids.emit(Bid("clock", 40))
                    await bids.emit(Bid("globe", 120))
                elif line.startswith("the listener"):
                    print(line)
                else:
                    token = line  # its position: it is about to go

        print("the listener is away, and the bidding goes on")
        await bids.emit(Bid("clock", 50))
        await bids.emit(Bid("clock", 60))
        await bids.flush()

        async with listener(url, token) as process:
            async for line in lines(process):
                if line.startswith("the listener"):
                    print(line)


def start_redis(stack: ExitStack) -> str:
    """The address of a server of our own, which ends with the stack."""
    folder = stack.enter_context(tempfile.TemporaryDirectory())
    path = f"{folder}/redis.sock"
    command = ["redis-server", "--port", "0", "--unixsocket", path, "--dir", folder, "--save", ""]
    server = stack.enter_context(subprocess.Popen(command, stdout=subprocess.DEVNULL))  # noqa: S603  # nobody's input
    stack.callback(server.terminate)
    return f"unix://{path}"  # a broker that comes too early tries again


if __name__ == "__main__":
    if len(sys.argv) == 3:
        anyio.run(listen, sys.argv[1], sys.argv[2])
    else:
        with ExitStack() as stack:
            anyio.run(main, sys.argv[1] if len(sys.argv) == 2 else start_redis(stack))
