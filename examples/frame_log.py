"""Every message that passes, printed: an extension that the other side need not know of.

It stands before the compression, and so sees messages as they are; behind it, it would see what travels.

python examples/frame_log.py
"""

from __future__ import annotations

import anyio

from flowws.websocket import (
    Frame,
    LocalExtension,
    PerMessageDeflate,
    WebSocketClient,
    WebSocketExtension,
    WebSockets,
    WebSocketServer,
    WebSocketServerSession,
)

app = WebSocketServer(WebSockets(extensions=[PerMessageDeflate()]))


@app.websocket("/shout")
async def shout(session: WebSocketServerSession) -> None:
    """Says everything again, louder."""
    async for frame in session.incoming:
        await session.send(frame.data.decode().upper())


class FrameLog(WebSocketExtension):
    """Shows what passes, and changes nothing."""

    def transform_out(self, frame: Frame) -> Frame:
        """A message of ours."""
        print("->", frame)
        return frame

    def transform_in(self, frame: Frame) -> Frame:
        """A message of theirs."""
        print("<-", frame)
        return frame


async def main() -> None:
    """Talks to the server, in sight of everybody."""
    client = WebSocketClient(WebSockets(extensions=[LocalExtension(FrameLog), PerMessageDeflate()]))
    async with (
        app.serve("127.0.0.1", 0) as server,
        client.websocket(f"ws://127.0.0.1:{server.port}/shout") as session,
    ):
        for text in ("hello", "is there anybody?"):
            await session.send(text)
            await session.incoming.receive()
        print("agreed on:", session.headers["Sec-WebSocket-Extensions"])


if __name__ == "__main__":
    anyio.run(main)
