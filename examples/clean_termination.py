"""Ending a session from inside a job that reads: one call ends everything, and no extra update runs.

`close` tells the client, and cancels whatever else the session does, wherever it is called. There is no need to wait
for `close_reason` and to cancel jobs by hand; who wants to know how it ended may still ask for it.

python examples/clean_termination.py
"""

from __future__ import annotations

import anyio

from flowws import MutableSharedFlow
from flowws.websocket import CloseReason, Frame, WebSocketClient, WebSocketServer, WebSocketServerSession

updates = MutableSharedFlow[int]()
app = WebSocketServer()
ran: list[int] = []


@app.websocket("/updates")
async def serve(session: WebSocketServerSession) -> None:
    """Sends updates until the client says "stop"."""

    async def obey(frame: Frame) -> None:
        if frame.data == b"stop":
            await session.close(CloseReason(CloseReason.Codes.NORMAL, "as you wish"))

    session.incoming.receive_as_flow().on_each(obey).launch_in(session)
    await updates.on_each(ran.append).map(str).collect(session.send)


async def main() -> None:
    """A client that has enough after one update."""
    async with (
        app.serve("127.0.0.1", 0) as server,
        WebSocketClient().websocket(f"ws://127.0.0.1:{server.port}/updates") as session,
    ):
        await updates.subscription_count.first(lambda count: count == 1)
        await updates.emit(1)
        print("got", (await session.incoming.receive()).data.decode())
        await session.send("stop")
        print(await session.close_reason)
        await updates.emit(2)
        print("updates that ran:", ran)


if __name__ == "__main__":
    anyio.run(main)
