"""Where the four callbacks of other libraries are: open, message, close and error.

- open: the first line of the handler;
- message: the loop over `incoming`;
- close: what follows the loop, or `finally`; `close_reason` says who closed and why;
- error: `except` around it, for what the handler itself does wrong. A message that breaks the protocol closes the
  session and is raised by `receive`; a loop just ends, and `close_reason.cause` is that error.

python examples/life_of_a_session.py
"""

from __future__ import annotations

import anyio

from flowws.websocket import WebSocketClient, WebSockets, WebSocketServer, WebSocketServerSession

app = WebSocketServer(WebSockets(max_frame_size=20))


@app.websocket("/")
async def life(session: WebSocketServerSession) -> None:
    """Tells its life."""
    print("open:", session.call.path)
    try:
        while True:
            print("message:", (await session.incoming.receive()).data.decode())
    except Exception as error:  # noqa: BLE001  # all of them are shown here; the end of the messages is one, too
        print("error:", error)
    finally:
        reason = await session.close_reason
        print("close:", repr(reason), "by", reason.by)


async def main() -> None:
    """A client that says good-bye, and one that says too much."""
    async with app.serve("127.0.0.1", 0) as server:
        for message in ("hello", "more than twenty characters"):
            async with WebSocketClient().websocket(f"ws://127.0.0.1:{server.port}/") as session:
                await session.send(message)
                if len(message) > 20:
                    await session.close_reason
            for left in server.sessions:
                await left.ended()


if __name__ == "__main__":
    anyio.run(main)
