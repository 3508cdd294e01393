"""Any bytes of a server, whole or in pieces, give a client's session the same messages and the same end."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

import anyio
import pytest
from anyio.abc import SocketAttribute
from hypothesis import given
from hypothesis import strategies as st
from websockets.http11 import Request
from websockets.server import ServerProtocol

from flowws.channels import ClosedReceiveChannelError
from flowws.websocket import FrameTooBigError, HandshakeError, ProtocolViolationError, WebSocketClient, WebSockets
from tests.websocket.fuzz.test_fuzz_sessions import END, LIMIT, alike
from tests.websocket.fuzz.wire_stories import TOLD, cuts, stories

ENGINES = [("picows", "asyncio"), ("sansio", "asyncio"), ("sansio", "trio")]


class Telling:
    """A server that says those bytes in those pieces, in answer to the handshake or behind it, and hangs up."""

    def __init__(self, pieces: list[bytes], *, shakes_hands: bool = True) -> None:
        self.pieces = pieces
        self.shakes_hands = shakes_hands

    async def tell(self, stream: Any) -> None:
        protocol = ServerProtocol()
        async with stream:
            with suppress(anyio.BrokenResourceError, anyio.EndOfStream, OSError):  # the client has had enough
                while not (events := protocol.events_received()):
                    protocol.receive_data(await stream.receive())
                if self.shakes_hands:
                    assert isinstance(events[0], Request)
                    protocol.send_response(protocol.accept(events[0]))
                    await stream.send(b"".join(protocol.data_to_send()))
                for piece in self.pieces:
                    await stream.send(piece)
                    await anyio.lowlevel.checkpoint()
                await stream.send_eof()
                while True:
                    await stream.receive()

    async def outcome(self, engine: str) -> Any:
        """What a client makes of it."""
        listeners: Any = await anyio.create_tcp_listener(local_host="127.0.0.1")
        async with listeners, anyio.create_task_group() as tasks:
            tasks.start_soon(listeners.serve, self.tell)
            port = listeners.extra(SocketAttribute.local_port)
            client = WebSocketClient(WebSockets(max_frame_size=LIMIT), engine=engine)
            try:
                return await received(client, f"ws://127.0.0.1:{port}/")
            except (HandshakeError, ConnectionError) as error:
                return type(error)
            finally:
                tasks.cancel_scope.cancel()


async def received(client: WebSocketClient, url: str) -> tuple[Any, ...]:
    got: list[Any] = []
    session = await client.websocket_session(url)
    try:
        while True:
            got.append(await session.incoming.receive())
    except ClosedReceiveChannelError:
        pass
    except (ProtocolViolationError, FrameTooBigError) as error:
        got.append(type(error))
    reason = await session.close_reason
    session.terminate()
    await session.ended()
    assert reason.code in END, reason
    return got, reason.code, reason.by


@pytest.mark.parametrize(("engine", "backend"), ENGINES)
@TOLD
@given(data=st.data())
def test_a_client_does_not_mind_how_bytes_are_cut(engine: str, backend: str, data: st.DataObject) -> None:
    # Without half a head at the end: one engine fails at its first byte, another at its second.
    story = data.draw(stories(masked=False)) + bytes(10)
    pieces = data.draw(cuts(story))

    async def compare() -> None:
        with anyio.fail_after(10):
            whole, cut = await Telling([story]).outcome(engine), await Telling(pieces).outcome(engine)
            assert alike(whole, cut), (whole, cut)
            if backend == "asyncio":
                other = await Telling([story]).outcome("sansio")
                assert alike(whole, other), (whole, other)

    anyio.run(compare, backend=backend)


ANSWERS = st.lists(
    st.sampled_from(
        [
            b"HTTP/1.1 101 Switching Protocols\r\n",
            b"HTTP/1.1 200 OK\r\n",
            b"HTTP/1.1 103 Early Hints\r\n",
            b"HTTP/1.0 404\r\n",
            b"Upgrade: websocket\r\n",
            b"Connection: Upgrade\r\n",
            b"Sec-WebSocket-Accept: x\r\n",
            b"Content-Length: 5\r\n",
            b"Content-Length: -1\r\n",
            b"Transfer-Encoding: chunked\r\n",
            b"Content-Encoding: gzip\r\n",
            b"\r\n",
            b"5\r\nhello\r\n",
            b"\x81\x00",
        ]
    )
    | st.binary(max_size=8),
    max_size=10,
).map(b"".join)


@pytest.mark.parametrize(("engine", "backend"), ENGINES)
@TOLD
@given(data=st.data())
def test_any_answer_at_all_is_a_handshake_error_or_a_broken_line(
    engine: str, backend: str, data: st.DataObject
) -> None:
    answer = data.draw(ANSWERS)
    pieces = data.draw(cuts(answer))

    async def answered() -> None:
        with anyio.fail_after(10):
            for version in ([answer], pieces):
                assert await Telling(version, shakes_hands=False).outcome(engine) in (
                    HandshakeError,
                    ConnectionResetError,
                )

    anyio.run(answered, backend=backend)
