"""Messages as values: each is read as a class, and one that does not fit is answered and does no harm.

python examples/typed_messages.py
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import anyio

from flowws.websocket import WebSocketClient, WebSocketServer, WebSocketServerSession


@dataclass(frozen=True)
class Deposit:
    """Money that comes in."""

    amount: int


app = WebSocketServer()


@app.websocket("/account")
async def account(session: WebSocketServerSession) -> None:
    """Tells the balance after each deposit."""
    await (
        session.incoming_as(Deposit, on_bad="reply")
        .scan(0, lambda balance, deposit: balance + deposit.amount)
        .map(lambda balance: {"balance": balance})
        .collect(session.send_serialized)
    )


async def main() -> None:
    """Two deposits, with nonsense in between."""
    async with (
        app.serve("127.0.0.1", 0) as server,
        WebSocketClient().websocket(f"ws://127.0.0.1:{server.port}/account") as session,
    ):
        await session.send_serialized(Deposit(10))
        await session.send('{"amount": "a lot"}')
        await session.send_serialized(Deposit(5))
        for _ in range(4):
            print(await session.receive_deserialized(dict[str, Any]))


if __name__ == "__main__":
    anyio.run(main)
