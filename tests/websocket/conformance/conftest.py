"""One session of ours, as a server or as a client, and bytes on the other side."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from typing import Any

import anyio
import pytest
from anyio.abc import SocketAttribute
from websockets.utils import accept_key

from flowws.websocket import DefaultWebSocketSession, WebSocketClient, WebSockets
from tests.websocket.conftest import House, RawPeer


class Other(RawPeer):
    """The other side of a session that only reads; it masks what a client masks."""

    session: DefaultWebSocketSession

    def __init__(self, peer: RawPeer, role: str) -> None:
        super().__init__(peer.stream)
        self.received = peer.received
        self.role = role
        self.got: list[Any] = []
        """What the session has received."""
        self.raised: BaseException | None = None
        """What `receive` raised in the end."""
        self.has_ended = anyio.Event()
        self.has_begun = anyio.Event()

    async def read_as(self, session: DefaultWebSocketSession) -> None:
        self.session = session
        self.has_begun.set()
        try:
            while True:
                self.got.append(await session.incoming.receive())
        except Exception as error:  # noqa: BLE001  # whatever it is, a test looks at it
            self.raised = error
        finally:
            self.has_ended.set()

    def put(
        self, opcode: int, payload: bytes = b"", *, fin: bool = True, rsv: int = 0, size: int | None = None
    ) -> bytes:
        """A frame of this side."""
        return self.frame(opcode, payload, fin=fin, rsv=rsv, masked=self.role == "server", size=size)

    async def say(self, opcode: int, payload: bytes = b"", *, fin: bool = True, rsv: int = 0) -> None:
        await self.write(self.put(opcode, payload, fin=fin, rsv=rsv))

    async def fails(self) -> int:
        """Wait until the session has failed, on the wire and in `close_reason`: its code."""
        code, text = await self.next_close()
        with anyio.fail_after(5):
            reason = await self.session.close_reason
            await self.has_ended.wait()
        assert (reason.code, reason.message, reason.by) == (code, text, "us")
        assert self.raised is reason.cause
        return code

    async def ends_with_nothing_more(self) -> None:
        """Hang up, and see that nothing was said behind what was read."""
        await self.stream.send_eof()
        assert not await self.read_to_end()
        await self.session.ended()

    async def all_received(self) -> None:
        """Wait until everything that was said has arrived: the answer to a ping comes behind it."""
        await self.say(9, b"now?")
        while await self.next() != (10, b"now?"):
            pass
        await anyio.wait_all_tasks_blocked()

    def texts(self) -> list[str]:
        return [frame.read_text() for frame in self.got]


Meet = Callable[..., Awaitable[Other]]


@pytest.fixture(params=["server", "client"])
def role(request: pytest.FixtureRequest) -> str:
    """Whose part our session takes."""
    part: str = request.param
    return part


@pytest.fixture
async def meet(role: str, engine: str | None, house: House) -> AsyncIterator[Meet]:
    """Opens a session of ours; gives the other side of it."""

    async def as_server(config: WebSockets | None, headers: dict[str, Any]) -> Other:
        waiting: list[Other] = []
        has_come = anyio.Event()

        async def handler(session: DefaultWebSocketSession) -> None:
            await has_come.wait()
            await waiting[0].read_as(session)

        server = await house.serve(handler, config)
        waiting.append(Other(await house.open(server.port, **headers), role))
        has_come.set()
        return waiting[0]

    async def as_client(config: WebSockets | None, headers: dict[str, str]) -> Other:
        listeners: Any = await stack.enter_async_context(await anyio.create_tcp_listener(local_host="127.0.0.1"))
        (listener,) = listeners.listeners
        port = listener.extra(SocketAttribute.local_port)
        others: list[Other] = []

        async def answer() -> None:
            peer = RawPeer(await stack.enter_async_context(await listener.accept()))
            others.append(Other(peer, role))
            await others[0].write(switching(await head_of(others[0]), headers))

        session: Any = None
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(answer)
            session = await WebSocketClient(config, engine=engine).websocket_session(f"ws://127.0.0.1:{port}/")
        stack.push_async_callback(gone, session)
        session.launch(others[0].read_as, session)
        return others[0]

    async def opened(config: WebSockets | None = None, **headers: str) -> Other:
        with anyio.fail_after(10):
            other = await (as_server if role == "server" else as_client)(config, headers)
            await other.has_begun.wait()
        return other

    async with AsyncExitStack() as stack:
        yield opened


async def gone(session: DefaultWebSocketSession) -> None:
    session.terminate()
    await session.ended()


async def head_of(peer: RawPeer) -> bytes:
    """The request of a client."""
    with anyio.fail_after(10):
        while b"\r\n\r\n" not in peer.received:
            peer.received += await peer.stream.receive()
    head, _, rest = bytes(peer.received).partition(b"\r\n\r\n")
    peer.received = bytearray(rest)
    return head


def fields_of(head: bytes) -> list[tuple[str, str]]:
    """The lines of a head below the first."""
    return [(name, value) for name, _, value in (line.partition(": ") for line in head.decode().split("\r\n")[1:])]


def switching(head: bytes, headers: dict[str, str]) -> bytes:
    """A proper 101 in answer to a request."""
    (key,) = (value for name, value in fields_of(head) if name.lower() == "sec-websocket-key")
    lines = {"Upgrade": "websocket", "Connection": "Upgrade", "Sec-WebSocket-Accept": accept_key(key)} | {
        name.replace("_", "-"): value for name, value in headers.items()
    }
    return (
        "HTTP/1.1 101 Switching Protocols\r\n"
        + "".join(f"{name}: {value}\r\n" for name, value in lines.items())
        + "\r\n"
    ).encode()
