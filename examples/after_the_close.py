"""Waiting for the end of a session, for a farewell: `close_reason` always comes.

Elsewhere one waits for the close reason in order to cancel the two halves of a conversation. Here they are cancelled by
then, so what is left to do is what one wanted to do: take leave.

python examples/after_the_close.py
"""

from __future__ import annotations

import anyio

from flowws import CoroutineScope, MutableSharedFlow
from flowws.websocket import CloseReason, WebSocketClient, WebSocketServer, WebSocketServerSession

prices = MutableSharedFlow[int]()
app = WebSocketServer()
farewells = MutableSharedFlow[str](replay=1)


office = CoroutineScope("office")


async def take_leave(session: WebSocketServerSession) -> None:
    """Notes how a session ended."""
    reason = await session.close_reason
    await farewells.emit(f"{reason!r} by {reason.by}")


@app.websocket("/prices")
async def serve(session: WebSocketServerSession) -> None:
    """Sends prices; somebody outside of the session is told how it ended."""
    office.launch(take_leave, session)  # not a job of the session: it would be cancelled, too
    await prices.map(str).collect(session.send)


async def main() -> None:
    """A client with a reason of its own."""
    async with app.serve("127.0.0.1", 0) as server:
        async with WebSocketClient().websocket(f"ws://127.0.0.1:{server.port}/prices") as session:
            await prices.subscription_count.first(lambda count: count == 1)
            await session.close(CloseReason(4001, "too expensive"))
        await prices.subscription_count.first(lambda count: count == 0)
        print(await farewells.first())
    await office.aclose()


if __name__ == "__main__":
    anyio.run(main)
