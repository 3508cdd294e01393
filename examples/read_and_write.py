"""Reading and writing at the same time, in either order: the handler writes and a job reads, or the other way round.

Whoever of the two is the handler's own body keeps the session open; the other one is a job of the session.

python examples/read_and_write.py
"""

from __future__ import annotations

import anyio

from flowws import MutableStateFlow
from flowws.websocket import Frame, WebSocketClient, WebSocketServer, WebSocketServerSession

app = WebSocketServer()


@app.websocket("/reader-launched")
async def reader_launched(session: WebSocketServerSession) -> None:
    """A job reads, the body writes."""
    latest = MutableStateFlow("nothing yet")

    def note(frame: Frame) -> None:
        latest.value = frame.data.decode()

    session.incoming.receive_as_flow().on_each(note).launch_in(session)
    await latest.map(str.upper).collect(session.send)


@app.websocket("/writer-launched")
async def writer_launched(session: WebSocketServerSession) -> None:
    """A job writes, the body reads."""
    latest = MutableStateFlow("nothing yet")
    latest.map(str.upper).on_each(session.send).launch_in(session)
    async for frame in session.incoming:
        latest.value = frame.data.decode()


async def main() -> None:
    """The same conversation with both."""
    async with app.serve("127.0.0.1", 0) as server:
        for path in ("reader-launched", "writer-launched"):
            async with WebSocketClient().websocket(f"ws://127.0.0.1:{server.port}/{path}") as session:
                heard = [(await session.incoming.receive()).data.decode()]
                await session.send("tea")
                heard.append((await session.incoming.receive()).data.decode())
                print(path, heard)


if __name__ == "__main__":
    anyio.run(main)
