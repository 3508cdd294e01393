"""A loop that receives, and keeps something per client, as an actor does. It ends when the client leaves.

`receive` raises when there is nothing more to come, so `while True` needs no condition, and a handler may let that
escape: it is how a conversation ends, not a fault. Nothing is left of the handler then.

python examples/receive_loop.py
"""

from __future__ import annotations

import anyio

from flowws.websocket import WebSocketClient, WebSocketServer, WebSocketServerSession

app = WebSocketServer()


@app.websocket("/sum")
async def add(session: WebSocketServerSession) -> None:
    """Adds up what this client sends."""
    total = 0
    try:
        while True:
            frame = await session.incoming.receive()
            total += int(frame.data)
            await session.send(str(total))
    finally:
        print("the client has left; its sum was", total)


async def main() -> None:
    """A client that leaves in the middle, and a server with nobody in it afterwards."""
    async with app.serve("127.0.0.1", 0) as server:
        async with WebSocketClient().websocket(f"ws://127.0.0.1:{server.port}/sum") as session:
            for number in (1, 20, 300):
                await session.send(str(number))
                print((await session.incoming.receive()).data.decode())
        for left in server.sessions:  # the client is done; the server may still be about to be
            await left.ended()
        print("sessions:", len(server.sessions))


if __name__ == "__main__":
    anyio.run(main)
