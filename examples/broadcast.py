"""One message to everybody: a hot flow and one line per session. No list of sessions, and nobody waits for the slowest.

With a list of sessions and a loop that sends to each in turn, one client that does not read holds up all who come after
it, and whoever leaves in the middle of the loop breaks it. Here each session has its own place in the flow. This room
drops the oldest messages of a client that lags behind; the others never notice.

python examples/broadcast.py
"""

from __future__ import annotations

import anyio

from flowws import Lag, MutableSharedFlow
from flowws.websocket import WebSocketClient, WebSocketServer, WebSocketServerSession

room = MutableSharedFlow[str](extra_buffer_capacity=64)
app = WebSocketServer()


@app.websocket("/room/{name}")
async def join(session: WebSocketServerSession) -> None:
    """Passes on what anybody in the room says."""
    room.subscribe(on_lag=Lag.DROP_OLDEST).on_each(session.send).launch_in(session)
    await session.send("welcome")
    async for frame in session.incoming:
        await room.emit(f"{session.call.path_parameters['name']}: {frame.data.decode()}")


async def main() -> None:
    """Two people talk."""
    async with app.serve("127.0.0.1", 0) as server:
        url = f"ws://127.0.0.1:{server.port}/room"
        client = WebSocketClient()
        async with client.websocket(f"{url}/Ada") as ada, client.websocket(f"{url}/Grace") as grace:
            for each in (ada, grace):
                await each.incoming.receive()  # welcome: from now on it hears everybody
            await ada.send("hello")
            await grace.send("good evening")
            for name, each in (("Ada", ada), ("Grace", grace)):
                heard = [(await each.incoming.receive()).data.decode() for _ in range(2)]
                print(name, "hears", sorted(heard))


if __name__ == "__main__":
    anyio.run(main)
