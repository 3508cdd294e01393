"""Says who it greets, repeats what it hears, and leaves at "bye": the first server and client of everybody.

python examples/echo.py
"""

from __future__ import annotations

import anyio

from flowws.websocket import CloseReason, WebSocketClient, WebSocketServer, WebSocketServerSession

app = WebSocketServer()


@app.websocket("/echo")
async def echo(session: WebSocketServerSession) -> None:
    """The server's side: it runs once for each client, and when it returns the session closes."""
    await session.send("Please enter your name")
    name = (await session.incoming.receive()).data.decode()
    await session.send(f"Hi, {name}!")
    async for frame in session.incoming:
        text = frame.data.decode()
        if text == "bye":
            await session.close(CloseReason(CloseReason.Codes.NORMAL, "client said bye"))
        await session.send(f"{name} said: {text}")


async def main() -> None:
    """The client's side."""
    async with (
        app.serve("127.0.0.1", 0) as server,
        WebSocketClient().websocket(f"ws://127.0.0.1:{server.port}/echo") as session,
    ):
        for line in ("Ada", "hello", "bye"):
            print("<", (await session.incoming.receive()).data.decode())
            print(">", line)
            await session.send(line)
        async for frame in session.incoming:
            print("<", frame.data.decode())
        print(await session.close_reason)


if __name__ == "__main__":
    anyio.run(main)
