"""A handler that returns closes its session: what keeps it open is a body that has something to wait for.

A handler that only launches jobs and returns is over before they have begun. Three bodies that wait: a loop over
`incoming`, a flow that is collected, or `close_reason` where all the work is done by jobs.

python examples/keep_it_open.py
"""

from __future__ import annotations

import anyio

from flowws import interval
from flowws.websocket import WebSocketClient, WebSocketServer, WebSocketServerSession

app = WebSocketServer()


@app.websocket("/over-at-once")
async def over_at_once(session: WebSocketServerSession) -> None:
    """Launches, returns, and so closes: the job is cancelled."""
    interval(0.01).map(str).on_each(session.send).launch_in(session)


@app.websocket("/stays")
async def stays(session: WebSocketServerSession) -> None:
    """Launches, and waits for the end."""
    interval(0.01).map(str).on_each(session.send).launch_in(session)
    await session.close_reason


async def main() -> None:
    """How much one gets from each."""
    async with app.serve("127.0.0.1", 0) as server:
        for path in ("over-at-once", "stays"):
            async with WebSocketClient().websocket(f"ws://127.0.0.1:{server.port}/{path}") as session:
                heard = await session.incoming.receive_as_flow().drop(1).take(2).count()
                print(path, "sends more than the first one" if heard else "is over")


if __name__ == "__main__":
    anyio.run(main)
