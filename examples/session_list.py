"""A list of sessions and a loop that sends to each: what it costs, beside `broadcast.py`.

One client that does not read fills its queue, and then the loop stands still at it, for everybody. The same client in
front of a hot flow with a policy of its own loses what it does not take, and nobody else does.

python examples/session_list.py
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from functools import partial

import anyio

from flowws import Lag, MutableSharedFlow, MutableStateFlow, with_timeout_or_none
from flowws.websocket import (
    WebSocketClient,
    WebSockets,
    WebSocketServer,
    WebSocketServerSession,
    bounded,
    channels,
)

MESSAGE = "x" * 200_000  # so that what a stalled client's system takes for it is soon full
app = WebSocketServer(WebSockets(channels=channels(outgoing=bounded(4))))
sessions: list[WebSocketServerSession] = []
listed = MutableStateFlow(0)
feed = MutableSharedFlow[str](extra_buffer_capacity=4)


@app.websocket("/list")
async def on_the_list(session: WebSocketServerSession) -> None:
    """One more on the list."""
    sessions.append(session)
    listed.value = len(sessions)
    await session.close_reason


@app.websocket("/feed")
async def on_the_feed(session: WebSocketServerSession) -> None:
    """One more subscriber."""
    await feed.subscribe(on_lag=Lag.DROP_OLDEST).collect(session.send)


async def to_the_list() -> None:
    """The loop that everybody writes first."""
    for _ in range(100):
        for session in sessions:
            await session.send(MESSAGE)


async def to_the_feed() -> None:
    """The same, without knowing anybody."""
    for _ in range(100):
        await feed.emit(MESSAGE)


async def main() -> None:
    """One client that never reads, beside one that does."""
    async with app.serve("127.0.0.1", 0, grace=0) as server:
        url = f"ws://127.0.0.1:{server.port}"
        stalled = WebSocketClient(WebSockets(channels=channels(incoming=bounded(1)), close_timeout=0.1))
        for path, there, publish in (
            ("list", listed, to_the_list),
            ("feed", feed.subscription_count, to_the_feed),
        ):
            async with stalled.websocket(f"{url}/{path}"), WebSocketClient().websocket(f"{url}/{path}") as reader:
                await there.first(lambda count: count == 2)
                reader.incoming.receive_as_flow().launch_in(reader)
                done = await with_timeout_or_none(2, partial(finished, publish))
                print(path, "is done" if done else "stands still")


async def finished(publish: Callable[[], Awaitable[None]]) -> bool:
    """Whether it has come to its end."""
    await publish()
    return True


if __name__ == "__main__":
    anyio.run(main)
