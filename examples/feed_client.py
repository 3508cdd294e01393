"""Follows the feed of feed_server.py: ``python examples/feed_client.py 22`` shows ten readings from 22 degrees up."""

from __future__ import annotations

import sys

import anyio

from flowws.websocket import Frame, WebSocketClient


def show(frame: Frame) -> None:
    """Prints a message."""
    print(frame.data.decode(), flush=True)


async def main(limit: str, url: str) -> None:
    """Asks for readings from `limit` degrees up."""
    async with WebSocketClient().websocket(url) as session:
        await session.send(limit)
        await session.incoming.receive_as_flow().take(10).collect(show)
    print("ten are enough")


if __name__ == "__main__":
    limit = sys.argv[1] if len(sys.argv) > 1 else "20"
    url = sys.argv[2] if len(sys.argv) > 2 else "ws://127.0.0.1:8765/rooms"
    anyio.run(main, limit, url)
