"""A test that talks to a handler, without sockets and without waiting: heartbeats of a minute take no time.

python -m pytest examples/conversation_test.py, or python examples/conversation_test.py
"""

from __future__ import annotations

from flowws.testing import TestScope, conversation, run_test
from flowws.websocket import CloseReason, WebSockets, WebSocketServer, WebSocketServerSession

app = WebSocketServer(WebSockets(ping_interval=60, timeout=15))


@app.websocket("/guess/{secret:int}")
async def guess(session: WebSocketServerSession) -> None:
    """Says whether a number is too small or too large, until it is right."""
    secret = int(session.call.path_parameters["secret"])
    await session.send("which number?")
    async for frame in session.incoming:
        number = int(frame.data)
        if number == secret:
            await session.close(CloseReason(4000, "right"))
        await session.send("too small" if number < secret else "too large")


async def conversation_about_a_number(scope: TestScope) -> None:
    async with conversation(app, "/guess/7") as peer:
        await peer.expect_text("which number?")
        await peer.send("3")
        await peer.expect_text("too small")
        await peer.expect_nothing(within=3600)
        await peer.send("7")
        await peer.expect_close(4000, "right")


async def silence_of_a_peer_that_is_gone(scope: TestScope) -> None:
    async with conversation(app, "/guess/7") as peer:
        await peer.expect_text("which number?")
        peer.wire.hold()  # from now on nothing arrives, and nobody is told
        reason = await peer.session.close_reason
        assert reason == CloseReason(1011, "Ping timeout")
        assert scope.current_time == 75


def test_the_conversation() -> None:
    run_test(conversation_about_a_number)


def test_the_silence() -> None:
    run_test(silence_of_a_peer_that_is_gone)


if __name__ == "__main__":
    test_the_conversation()
    test_the_silence()
    print("an hour and a quarter have passed")
