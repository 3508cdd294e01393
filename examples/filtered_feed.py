"""A feed that each client filters as it likes and comes back to after a lost connection: temperatures of four rooms.

Run it, then look at it with any WebSocket client. A query says what to subscribe to, so nothing need be sent:

    python -m websockets 'ws://127.0.0.1:8765/rooms?filter=warm'

A change of the filter is one message, ``{"filter": ["eq", "room", "attic"], "id": 0}``.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass
from itertools import count
from math import sin

import anyio

from flowws import MutableSharedFlow, coroutine_scope, delay
from flowws.feeds import Filter
from flowws.websocket import WebSockets, WebSocketServer


@dataclass(frozen=True)
class Reading:
    """What a thermometer said."""

    room: str
    celsius: float


latest: dict[str, Reading] = {}
readings = MutableSharedFlow[Reading]()


def remember(reading: Reading) -> None:
    """Called in the moment of each emission: so what a client begins with is neither older nor newer than the feed."""
    latest[reading.room] = reading


def now(wanted: Filter) -> list[Reading]:
    """What a client begins with: the latest of each room."""
    return [each for each in latest.values() if wanted(each)]


readings.tap(remember)
app = WebSocketServer(WebSockets(ping_interval=20.0))
feed = app.feed(
    "/rooms",
    readings,
    filter={"warm": lambda reading: reading.celsius >= 22, "cold": lambda reading: reading.celsius < 18},
    snapshot=now,
)


async def measure() -> None:
    """A thermometer in each room, one after the other."""
    for tick in count():
        await delay(0.1)
        reading = Reading(("attic", "kitchen", "study", "cellar")[tick % 4], round(21 + 4 * sin(tick / 7), 1))
        await readings.emit(reading)


async def main(port: int) -> None:
    """Measures and serves until Ctrl-C."""
    async with coroutine_scope() as scope, app.serve("127.0.0.1", port) as server:
        scope.launch(measure)
        print(f"ws://127.0.0.1:{server.port}/rooms?filter=warm", flush=True)
        await anyio.sleep_forever()


if __name__ == "__main__":
    anyio.run(main, int(sys.argv[1]) if sys.argv[1:] else 8765)
