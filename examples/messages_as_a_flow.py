"""What comes in, as a flow: every operator of flows works on messages.

python examples/messages_as_a_flow.py
"""

from __future__ import annotations

import anyio

from flowws.websocket import Frame, WebSocketClient, WebSocketServer, WebSocketServerSession

app = WebSocketServer()


@app.websocket("/words")
async def words(session: WebSocketServerSession) -> None:
    """Answers to each text with its words so far, and takes no notice of anything but texts."""
    await (
        session.incoming.receive_as_flow()
        .filter_is_instance(Frame.Text)
        .map(lambda frame: len(frame.read_text().split()))
        .running_reduce(lambda total, more: total + more)
        .map(str)
        .collect(session.send)
    )


async def main() -> None:
    """Texts, and something else in between."""
    async with (
        app.serve("127.0.0.1", 0) as server,
        WebSocketClient().websocket(f"ws://127.0.0.1:{server.port}/words") as session,
    ):
        for message in ("one two", b"no text at all", "three", "four five six"):
            await session.send(message)
        print(await session.incoming.receive_as_flow().map(lambda frame: frame.data.decode()).take(3).to_list())


if __name__ == "__main__":
    anyio.run(main)
