"""Any bytes, whole or in pieces, give a session the same messages and the same end, on every engine."""

from __future__ import annotations

from typing import Any

import anyio
import pytest
from hypothesis import given
from hypothesis import strategies as st

from flowws.testing import TestScope, conversation, run_test
from flowws.testing._socket_ground import REQUEST, SocketLine, _connected, head_of
from flowws.websocket import (
    CloseReason,
    Frame,
    FrameTooBigError,
    PerMessageDeflate,
    ProtocolViolationError,
    WebSockets,
    WebSocketServer,
    WebSocketServerSession,
)
from tests.websocket.fuzz.wire_stories import TOLD, cuts, stories

LIMIT = 1000
END = frozenset({1000, 1001, 1002, 1005, 1006, 1007, 1009}) | frozenset(range(3000, 5000))


class Listener:
    """An app whose handler notes what it gets."""

    def __init__(self, *, deflate: bool = False) -> None:
        self.got: list[Any] = []
        self.app = app = WebSocketServer(
            WebSockets(max_frame_size=LIMIT, extensions=[PerMessageDeflate()] if deflate else ())
        )
        self.reason: CloseReason | None = None

        @app.websocket("/trial")
        async def listen(session: WebSocketServerSession) -> None:
            try:
                while True:
                    self.got.append(await session.incoming.receive())
            except (ProtocolViolationError, FrameTooBigError) as error:
                self.got.append(type(error))
                raise
            finally:
                self.reason = session.close_reason.get_completed()

    def outcome(self) -> tuple[Any, ...]:
        """What the handler got, and how its session ended."""
        assert self.reason is not None, "the handler has not ended"
        assert self.reason.code in END, self.reason
        return self.got, self.reason.code, self.reason.by


async def in_memory(story: bytes, size: int, *, deflate: bool = False) -> tuple[Any, ...]:
    """The bytes reach the server in pieces of that size."""
    listener = Listener(deflate=deflate)
    headers = {"Sec-WebSocket-Extensions": "permessage-deflate"} if deflate else {}
    async with conversation(listener.app, "/trial", headers=headers, raw=True) as peer:
        await peer.expect_nothing()  # the handler is there
        peer.wire.split(size)
        await peer.send_bytes(story)
        peer.wire.end()
        await peer.session.ended()
    return listener.outcome()


async def over_a_socket(engine: str, pieces: list[bytes]) -> tuple[Any, ...]:
    """The bytes reach the server in these pieces, more or less."""
    listener = Listener()
    async with listener.app.serve("127.0.0.1", 0, engine=engine) as server:
        line = SocketLine(await _connected(("127.0.0.1", server.port)))
        await line.write(REQUEST)
        await head_of(line)
        (session,) = server.sessions
        try:
            for piece in pieces:
                await line.write(piece)
                await anyio.lowlevel.checkpoint()
            line.end()
        except OSError:  # the engine has had enough
            pass
        await session.ended()
        line.close()
    return listener.outcome()


@pytest.mark.parametrize("backend", ["asyncio", "trio"])
@pytest.mark.parametrize("deflate", [False, True])
@TOLD
@given(story=stories(masked=True))
def test_a_session_does_not_mind_how_bytes_are_cut(backend: str, deflate: bool, story: bytes) -> None:
    """W25, W38, W79, W94-W101."""

    async def test(_: TestScope) -> None:
        whole = await in_memory(story, 10**6, deflate=deflate)
        assert await in_memory(story, 1, deflate=deflate) == whole

    run_test(test, backend=backend)


FAULTS = frozenset({1002, 1007, 1009})


def alike(one: tuple[Any, ...], other: tuple[Any, ...]) -> bool:
    """The same; but of several faults of one frame (a size, a kind, a code, a text), any may be named."""
    return one == other or (
        {one[1], other[1]} <= FAULTS
        and one[2] == other[2]
        and [each for each in one[0] if isinstance(each, Frame)]
        == [each for each in other[0] if isinstance(each, Frame)]
    )


@pytest.mark.parametrize(("engine", "backend"), [("picows", "asyncio"), ("sansio", "asyncio"), ("sansio", "trio")])
@TOLD
@given(data=st.data())
def test_sessions_end_alike_on_every_engine(engine: str, backend: str, data: st.DataObject) -> None:
    """W94-W102, W121."""
    # Without half a head at the end: one engine fails at its first byte, another at its second.
    story = data.draw(stories(masked=True)) + bytes(14)
    pieces = data.draw(cuts(story))

    async def compare() -> None:
        with anyio.fail_after(10):
            expected = await in_memory(story, 10**6)
            for version in ([story], pieces):
                assert alike(await over_a_socket(engine, version), expected)

    anyio.run(compare, backend=backend)
