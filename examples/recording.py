"""A conversation is recorded while it happens, and said to the handler again: the same words in the same rhythm.

python examples/recording.py
"""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory

import anyio

from flowws.feeds import read_runs, record_sessions, replay_session
from flowws.testing import TestScope, conversation, run_test
from flowws.websocket import Frame, WebSocketClient, WebSockets, WebSocketServer, WebSocketServerSession


def shouting(config: WebSockets) -> WebSocketServer:
    """A server that says everything again, louder."""
    app = WebSocketServer(config)

    @app.websocket("/shout")
    async def shout(session: WebSocketServerSession) -> None:
        async for frame in session.incoming:
            await session.send(frame.data.decode().upper())

    return app


async def record(path: Path) -> None:
    """Somebody talks to the server, who does not know that a recording is made."""
    app = shouting(WebSockets(extensions=[record_sessions(path)]))
    async with (
        app.serve("127.0.0.1", 0) as server,
        WebSocketClient().websocket(f"ws://127.0.0.1:{server.port}/shout") as session,
    ):
        for text in ("hello", "is there anybody?"):
            await session.send(text)
            await session.incoming.receive()
            await anyio.sleep(0.2)
    for run in await read_runs(path):
        print(f"{run.name}: {run.messages} messages in {run.duration:.1f} s, then {run.close_reason}")


def repeat(path: Path) -> None:
    """The bug shows up again, as often as it takes: in memory, on a clock that jumps."""

    async def test(scope: TestScope) -> None:
        async with conversation(shouting(WebSockets()), "/shout") as peer:

            async def say(frame: Frame) -> None:
                await peer.send(frame)
                print(f"{scope.current_time:.1f} s: {await peer.expect_text()}")

            await replay_session(path).collect(say)

    run_test(test)


if __name__ == "__main__":
    with TemporaryDirectory() as folder:
        recording = Path(folder) / "traffic.jsonl"
        anyio.run(record, recording)
        repeat(recording)
