"""What the tests of the server of feeds stand on."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from unittest.mock import patch

import orjson

from flowws import MutableSharedFlow
from flowws.feeds import MemoryLog, ServedFeed
from flowws.testing import Peer
from flowws.websocket import Frame, WebSocketServer

NAMES = {
    "even": lambda value: value % 2 == 0,
    "odd": lambda value: value % 2 == 1,
    "small": lambda value: value % 10 < 5,
}


def passes(wanted: str | None, value: int) -> bool:
    """What a filter of `NAMES` says of a value."""
    return wanted is None or NAMES[wanted](value)


def arrived(peer: Peer) -> list[dict[str, Any]]:
    """Everything that has arrived and was not expected yet."""
    frames = [each for each in peer._end.news if isinstance(each, Frame)]
    for _ in frames:
        peer._end.news.popleft()
    return [orjson.loads(each.data) for each in frames if isinstance(each, Frame.Text)]


def offset_of(at: str | int) -> int:
    """The offset in a position as the wire has it."""
    return at if isinstance(at, int) else int(at.partition("-")[2])


EPOCH = 1795245816711


class Kept(MemoryLog[Any]):
    """A log of an epoch that a test knows."""

    def __init__(self, capacity: int = 1000, epoch: int = EPOCH) -> None:
        super().__init__(capacity)
        self.epoch = epoch


def at(offset: int, epoch: int = EPOCH) -> str:
    """A position, as the wire has it."""
    return f"{epoch}-{offset}"


def update(value: object, offset: int, id: int = 0) -> dict[str, Any]:
    """The message of an update."""
    return {"update": value, "id": id, "at": offset}


async def expect(peer: Peer, *messages: dict[str, Any]) -> None:
    """These come next, in this order."""
    __tracebackhide__ = True
    for message in messages:
        await peer.expect_json(message)


def numbers(**options: Any) -> tuple[WebSocketServer, MutableSharedFlow[int], ServedFeed]:
    """An app with a feed of numbers at ``/feed``, its source, and the feed."""
    app, source = WebSocketServer(), MutableSharedFlow[int]()
    feed = app.feed("/feed", source, **{"filter": NAMES, "resume": Kept(), **options})
    return app, source, feed


@contextmanager
def sliced_rounds() -> Iterator[None]:
    """Much happens while a round is under way: each step of it takes one turn, and reaches one client."""
    with patch("flowws.feeds.server._hub.SLICE", 0.0), patch("flowws.feeds.server._audience.SLICE", 1):
        yield
