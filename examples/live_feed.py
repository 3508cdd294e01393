"""A client that outlives its connections, and whose filter changes while it runs: ``python examples/live_feed.py``.

It serves a few auctions, follows them, loses the connection in the middle, and shows what it sees.
"""

from __future__ import annotations

from dataclasses import dataclass

import anyio

from flowws import MutableSharedFlow
from flowws.feeds import Filter, Gap, LiveFeed, Reconnected, Snapshot
from flowws.websocket import Serving, WebSocketClient, WebSocketServer


@dataclass(frozen=True)
class Bid:
    """What somebody offers for something."""

    lot: str
    price: int


bids = MutableSharedFlow[Bid]()
highest = {"clock": Bid("clock", 40), "globe": Bid("globe", 120)}


def now(wanted: Filter) -> list[Bid]:
    """What a client begins with."""
    return [bid for bid in highest.values() if wanted(bid)]


async def bid(lot: str, price: int) -> None:
    """Somebody raises a hand."""
    highest[lot] = Bid(lot, price)
    await bids.emit(highest[lot])


app = WebSocketServer()
app.feed("/auction", bids, snapshot=now)


async def follow(feed: LiveFeed[Bid | Snapshot[Bid] | Gap | Reconnected], server: Serving) -> None:
    """Shows what a feed gives; in between, things happen."""
    async for news in feed:
        match news:
            case Snapshot(items=items):
                print("everything:", *(f"{each.lot} {each.price}" for each in items))
                await bid("clock", 50)
            case Bid("clock", 50):
                print("clock 50; the connection is lost, and the bidding goes on")
                for session in server.sessions:
                    session.terminate()
                await bid("globe", 130)
            case Reconnected(resumed=resumed):
                print("connected again,", "nothing is missing" if resumed else "and begins anew")
            case Bid("globe", 130):
                print("globe 130; from now on nothing but the clock")
                await feed.set_filter(["eq", "lot", "clock"])
                await bid("globe", 140)
                await bid("clock", 60)
            case Bid(lot, price):
                print(lot, price)
                if price == 60:
                    return
            case Gap():
                print("something is missing")


async def main() -> None:
    """Serves, and follows."""
    async with app.serve("127.0.0.1", 0) as server:
        url = f"ws://127.0.0.1:{server.port}/auction"
        await follow(WebSocketClient().feed(url, Bid, markers=True), server)


if __name__ == "__main__":
    anyio.run(main)
