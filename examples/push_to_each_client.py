"""A hot flow that never ends, pushed to each client: the handler is cancelled when its client leaves.

A handler that does not read would not notice by itself that nobody listens any more. Here it need not: closing cancels
it at once, and no update runs for nobody.

python examples/push_to_each_client.py
"""

from __future__ import annotations

import anyio

from flowws import MutableSharedFlow
from flowws.websocket import WebSocketClient, WebSocketServer, WebSocketServerSession

ticks = MutableSharedFlow[int]()
app = WebSocketServer()


@app.websocket("/ticks")
async def push(session: WebSocketServerSession) -> None:
    """Sends every tick, for as long as there is somebody to send it to."""
    await ticks.map(str).collect(session.send)


async def main() -> None:
    """Two clients, of whom one leaves early."""
    async with app.serve("127.0.0.1", 0) as server:
        url = f"ws://127.0.0.1:{server.port}/ticks"
        async with WebSocketClient().websocket(url) as stays:
            async with WebSocketClient().websocket(url) as leaves:
                await ticks.subscription_count.first(lambda count: count == 2)
                await ticks.emit(1)
                print("both:", [(await each.incoming.receive()).data.decode() for each in (stays, leaves)])
            await ticks.subscription_count.first(lambda count: count == 1)
            await ticks.emit(2)
            print("one:", (await stays.incoming.receive()).data.decode())
        await ticks.subscription_count.first(lambda count: count == 0)
        print("nobody is left")


if __name__ == "__main__":
    anyio.run(main)
