"""The same publisher and the same subscriber on every client of Redis, each in a process of its own.

    python benchmarks/_broker_peers.py publish flowws /tmp/redis.sock 30000                # in batches of 64
    python benchmarks/_broker_peers.py publish flowws /tmp/redis.sock 5000 --rate 1000     # one at a time
    python benchmarks/_broker_peers.py receive flowws /tmp/redis.sock 30000

Says ``ready``; a publisher then waits for a line. At its end it says as JSON what it has seen.
"""

from __future__ import annotations

import argparse
import cProfile
import json
import pstats
import statistics
import sys
import time
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Iterable, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any, NamedTuple

import anyio
import anyio.to_thread
import orjson

BATCH = 64
BLOCK = 1000  # milliseconds that a reader waits at the server
KEPT = 200_000  # entries that a stream keeps: more than are published here
KEY = "bench"
FILLING = "x" * 120  # so that a value is about 200 bytes of JSON

Value = dict[str, Any]


class Peer(NamedTuple):
    """How to publish, and what there is to receive."""

    publish: Callable[[Sequence[Value]], Awaitable[object]]
    """Returns when the server has them all."""
    receive: Callable[[], AsyncIterator[Value]]
    """To be asked once; what is published after `joined` is not missed."""
    joined: Callable[[], Awaitable[object]]


async def at_once() -> None:
    """A reader of a stream begins at its beginning, whenever it comes."""


# --------------------------------------------------------------------------------------------------------- the peers


@asynccontextmanager
async def flowws(path: str) -> AsyncGenerator[Peer]:
    from flowws import as_flow
    from flowws.brokers import BrokeredSharedFlow, RedisBroker, Retention

    async with RedisBroker(f"unix://{path}") as broker:
        values: BrokeredSharedFlow[Value] = broker.shared_flow(KEY, dict, retention=Retention(KEPT))

        async def publish(some: Sequence[Value]) -> None:
            for value in some:
                await values.emit(value)
            await values.flush()

        yield Peer(publish, lambda: aiter(as_flow(values)), values.ready)


@asynccontextmanager
async def redis_streams(path: str) -> AsyncGenerator[Peer]:
    from redis.asyncio import Redis

    async with Redis(unix_socket_path=path) as client:

        async def publish(some: Sequence[Value]) -> None:
            if len(some) == 1:
                await client.xadd(KEY, {"v": orjson.dumps(some[0])}, maxlen=KEPT)
                return
            pipeline = client.pipeline(transaction=False)
            for value in some:
                pipeline.xadd(KEY, {"v": orjson.dumps(value)}, maxlen=KEPT)
            await pipeline.execute()

        async def receive() -> AsyncIterator[Value]:
            last: Any = "0-0"
            while True:
                for _, entries in await client.xread({KEY: last}, count=BATCH, block=BLOCK) or ():
                    for last, fields in entries:  # noqa: B007  # where the next round goes on
                        yield orjson.loads(fields[b"v"])

        yield Peer(publish, receive, at_once)


@asynccontextmanager
async def redis_pubsub(path: str) -> AsyncGenerator[Peer]:
    from redis.asyncio import Redis

    async with Redis(unix_socket_path=path) as client, client.pubsub() as messages:

        async def publish(some: Sequence[Value]) -> None:
            pipeline = client.pipeline(transaction=False)
            for value in some:
                pipeline.publish(KEY, orjson.dumps(value))
            await pipeline.execute()

        subscribed = anyio.Event()

        async def receive() -> AsyncIterator[Value]:
            await messages.subscribe(KEY)
            async for message in messages.listen():
                if message["type"] == "subscribe":
                    subscribed.set()
                else:
                    yield orjson.loads(message["data"])

        yield Peer(publish, receive, subscribed.wait)


@asynccontextmanager
async def coredis_client(path: str) -> AsyncGenerator[Any]:
    from coredis import Redis

    async with Redis(unix_socket_path=path) as client:
        yield client


async def coredis_received(client: Any) -> AsyncIterator[Value]:
    """A bare loop: one XREAD after the other."""
    last: Any = "0-0"
    while True:
        streams = await client.xread({KEY: last}, count=BATCH, block=BLOCK)
        for entry in (streams or {}).get(KEY.encode(), ()):
            yield orjson.loads(entry.field_values[b"v"])
            last = entry.identifier


def added(client: Any, value: Value) -> Awaitable[object]:
    """A bare XADD."""
    from coredis import PureToken

    return client.xadd(
        KEY,
        {"v": orjson.dumps(value)},
        trim_strategy=PureToken.MAXLEN,
        trim_operator=PureToken.APPROXIMATELY,
        threshold=KEPT,
    )


@asynccontextmanager
async def coredis_bare(path: str) -> AsyncGenerator[Peer]:
    """One command a message, each awaited."""
    async with coredis_client(path) as client:

        async def publish(some: Sequence[Value]) -> None:
            for value in some:
                await added(client, value)

        yield Peer(publish, lambda: coredis_received(client), at_once)


@asynccontextmanager
async def coredis_pipelines(path: str) -> AsyncGenerator[Peer]:
    """One command a message, a batch of them in a pipeline."""
    async with coredis_client(path) as client:

        async def publish(some: Sequence[Value]) -> None:
            async with client.pipeline(transaction=False) as pipeline:
                for value in some:
                    added(pipeline, value)

        yield Peer(publish, lambda: coredis_received(client), at_once)


PEERS: dict[str, Callable[[str], AbstractAsyncContextManager[Peer]]] = {
    "flowws": flowws,
    "flowws on trio": flowws,
    "redis-py Streams": redis_streams,
    "coredis pipelines": coredis_pipelines,
    "coredis": coredis_bare,
    "redis-py pub/sub": redis_pubsub,
}

# ----------------------------------------------------------------------------------------------------- the processes


def value(number: int) -> Value:
    """About 200 bytes of JSON, and when that was."""
    return {"id": number, "at": time.monotonic(), "name": "Ada Lovelace", "city": "London", "note": FILLING}


async def publisher(peer: Peer, count: int, rate: float) -> dict[str, float]:
    """Publish in batches, or, if there is a rate, so many a second."""
    await peer.publish([value(-1)])  # the connection is there, and whatever is made for the first one
    print("ready", flush=True)
    await anyio.to_thread.run_sync(sys.stdin.readline)
    began, worked = time.monotonic(), time.process_time()
    if rate:
        for number in range(count):
            await anyio.sleep(max(0, began + number / rate - time.monotonic()))
            await peer.publish([value(number)])
    else:
        for first in range(0, count, BATCH):
            await peer.publish([value(number) for number in range(first, min(first + BATCH, count))])
    return {"began": began, "worked": time.process_time() - worked}


async def subscriber(peer: Peer, count: int) -> dict[str, float]:
    """Receive them all, in order."""
    delays: list[float] = []
    ended = worked = 0.0

    async def receive() -> None:
        nonlocal ended, worked
        async for each in peer.receive():
            now = time.monotonic()
            if each["id"] < 0:
                continue
            if not delays:
                worked = time.process_time()
            assert each["id"] == len(delays), f"expected {len(delays)}, got {each['id']}"
            delays.append(now - each["at"])
            if len(delays) == count:
                break
        ended, worked = time.monotonic(), time.process_time() - worked

    async with anyio.create_task_group() as jobs:
        jobs.start_soon(receive)
        await peer.joined()
        print("ready", flush=True)
    percentiles = statistics.quantiles(delays, n=100)
    return {"ended": ended, "worked": worked, "p50": percentiles[49], "p99": percentiles[98]}


async def run(asked: argparse.Namespace) -> None:
    async with PEERS[asked.peer](asked.socket) as peer:
        if asked.role == "publish":
            seen = await publisher(peer, asked.count, asked.rate)
        else:
            seen = await subscriber(peer, asked.count)
        print(json.dumps(seen), flush=True)


def main(arguments: Iterable[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("role", choices=("publish", "receive"))
    parser.add_argument("peer", choices=PEERS)
    parser.add_argument("socket")
    parser.add_argument("count", type=int)
    parser.add_argument("--rate", type=float, default=0.0)
    parser.add_argument("--profile", action="store_true")
    asked = parser.parse_args(arguments and list(arguments))
    backend = "trio" if asked.peer.endswith("trio") else "asyncio"
    if not asked.profile:
        anyio.run(run, asked, backend=backend)
        return
    with cProfile.Profile() as profile:
        anyio.run(run, asked, backend=backend)
    pstats.Stats(profile, stream=sys.stderr).sort_stats("tottime").print_stats(35)


if __name__ == "__main__":
    main()
