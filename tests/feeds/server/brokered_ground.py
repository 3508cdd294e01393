"""Servers of a broker's numbers, and what they say."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Any

import orjson

from flowws.brokers import BrokeredSharedFlow
from flowws.feeds import ServedFeed
from flowws.testing import Peer
from flowws.websocket import MemoryServer, WebSocketServer

from .faulty_broker import EPOCH, FaultyBroker, FaultyLog
from .ground import NAMES, at


class Process:
    """One of several servers."""

    def __init__(self, broker: FaultyBroker, server: MemoryServer, flow: BrokeredSharedFlow[int], feed: ServedFeed):
        self.broker = broker
        self.server = server
        self.flow = flow
        self.feed = feed


@asynccontextmanager
async def process(
    log: FaultyLog, *, flow: dict[str, Any] | None = None, capacity: int = 1 << 16, **options: Any
) -> AsyncGenerator[Process]:
    broker = FaultyBroker(log)
    source = broker.shared_flow("numbers", int, **(flow or {}))
    app = WebSocketServer()
    feed = app.feed("/feed", source, **{"filter": NAMES, **options})
    async with broker, MemoryServer(app, capacity=capacity) as server:
        await source.ready()
        yield Process(broker, server, source, feed)


def numbers(*values: int) -> list[bytes]:
    return [orjson.dumps(value) for value in values]


def subscribed(offset: int, epoch: int = EPOCH, *, resumed: bool = False) -> dict[str, Any]:
    return {"subscribed": "", "id": 0, "at": at(offset, epoch), "resumed": resumed}


def gap(missed: int | None, offset: int, epoch: int = EPOCH) -> dict[str, Any]:
    reason = "restart" if missed is None else "trimmed"
    return {"gap": missed, "id": 0, "at": at(offset, epoch), "reason": reason}


def progress(offset: int, epoch: int) -> dict[str, Any]:
    return {"progress": at(offset, epoch), "id": 0}


def back(offset: int, epoch: int = EPOCH, wanted: str = "null") -> str:
    return f"/feed?filter={wanted}&after={at(offset, epoch)}"


async def drained(peer: Peer) -> None:
    await peer.expect_nothing(0.1)
