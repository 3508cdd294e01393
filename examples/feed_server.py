"""A live feed that the server filters for each client: the temperatures of four rooms.

In one terminal ``python examples/feed_server.py``, in another ``python examples/feed_client.py 22``: that one sees the
readings from 22 degrees up. A client may send another number at any time; it counts from the next reading on.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass
from itertools import count
from math import sin

import anyio

from flowws import MutableSharedFlow, SharingStarted, coroutine_scope, delay
from flowws.websocket import WebSockets, WebSocketServer, WebSocketServerSession


@dataclass(frozen=True)
class Reading:
    """What a thermometer said."""

    room: str
    celsius: float


readings = MutableSharedFlow[Reading]()
app = WebSocketServer(WebSockets(ping_interval=20.0))


@app.websocket("/rooms")
async def rooms(session: WebSocketServerSession) -> None:
    """Sends the readings that are at least as warm as what the client sent last."""
    numbers = session.incoming.receive_as_flow().map(lambda frame: float(frame.data))
    wanted = numbers.state_in(session, SharingStarted.EAGERLY, 0.0)
    await wanted.flat_map_latest(lambda limit: readings.filter(lambda reading: reading.celsius >= limit)).collect(
        session.send_serialized
    )


async def measure() -> None:
    """A thermometer in each room, one after the other."""
    for tick in count():
        await delay(0.1)
        room = ("attic", "kitchen", "study", "cellar")[tick % 4]
        await readings.emit(Reading(room, round(21 + 4 * sin(tick / 7), 1)))


async def main(port: int) -> None:
    """Measures and serves until Ctrl-C."""
    async with coroutine_scope() as scope, app.serve("127.0.0.1", port) as server:
        scope.launch(measure)
        print(f"ws://127.0.0.1:{server.port}/rooms", flush=True)
        await anyio.sleep_forever()


if __name__ == "__main__":
    anyio.run(main, int(sys.argv[1]) if sys.argv[1:] else 8765)
