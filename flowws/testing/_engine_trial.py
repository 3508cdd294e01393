"""An engine on trial: what the promises of `_engine_promises` have in hand on either side of a connection."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from typing import Any, Literal, Protocol, TypeAlias

import anyio
from websockets.datastructures import Headers

from flowws._core import Waiter, new_waiter
from flowws.websocket.engines import (
    Abilities,
    Answer,
    Connection,
    Decide,
    FrameReader,
    HandOver,
    Opening,
    Request,
    Upgrade,
    ViolationError,
    frame_bytes,
    hand_over_soon,
)

Role: TypeAlias = Literal["server", "client"]
"""Whose side the engine takes."""

CONTINUATION, TEXT, BINARY, CLOSE, PING, PONG = 0x0, 0x1, 0x2, 0x8, 0x9, 0xA

MAX_FRAME_SIZE = 70_000
"""Bytes: what every engine on trial is told to let pass."""


class ByteLine(Protocol):
    """The other end of the engine's connection, as bytes."""

    async def write(self, data: bytes) -> None: ...
    async def read(self) -> bytes:
        """The next bytes; none at the end. Raises `ConnectionResetError` where there was no proper one."""
        ...

    def end(self) -> None:
        """Say nothing more."""

    def reset(self) -> None:
        """End the connection by force."""

    def close(self) -> None: ...


class ScriptedEndpoint:
    """The session's part: it notes what the engine tells, and does nothing by itself but end what has ended."""

    def __init__(self) -> None:
        self.log: list[tuple[Any, ...]] = []
        self.lost_to: BaseException | None = None
        self.connection: Connection
        self._waiters: list[Waiter[None]] = []

    def take(self, connection: Connection) -> ScriptedEndpoint:
        """What an engine calls to open a session."""
        self.connection = connection
        self._wake()
        return self

    async def opened(self) -> None:
        """Wait until the engine has opened the session."""
        while not hasattr(self, "connection"):
            await self._news()

    def _note(self, *news: Any) -> None:
        assert not self.has_ended, f"{news!r} came after connection_lost"
        self.log.append(news)
        self._wake()

    def _wake(self) -> None:
        waiters, self._waiters = self._waiters, []
        for waiter in waiters:
            if not waiter.done():
                waiter.set_result(None)

    async def _news(self) -> None:
        waiter: Waiter[None] = new_waiter()
        self._waiters.append(waiter)
        await waiter

    @property
    def has_ended(self) -> bool:
        """Whether the connection is over."""
        return ("lost",) in self.log

    async def until(self, count: int = 1) -> list[tuple[Any, ...]]:
        """Wait until there is so much in the log."""
        while len(self.log) < count:
            await self._news()
        return self.log

    async def until_told(self, *news: Any) -> None:
        """Wait until this has been told."""
        while news not in self.log:
            await self._news()

    # `Endpoint`

    def text_received(self, text: str, _: HandOver = hand_over_soon, /) -> None:
        self._note("text", text)

    def frame_received(self, opcode: int, payload: bytes, fin: bool, rsv: int) -> None:
        assert type(payload) is bytes, f"a payload is bytes, not {payload!r}"
        self._note("frame", opcode, payload, fin, rsv)

    def failed(self, code: int, message: str) -> None:
        self._note("failed", code)

    def writing_paused(self) -> None:
        assert not self.connection.is_writable, "is_writable while writing is paused"
        self._note("paused")

    def writing_resumed(self) -> None:
        assert self.connection.is_writable, "not is_writable although writing was resumed"
        self._note("resumed")

    def eof_received(self) -> None:
        self._note("eof")
        self.connection.abort()

    def connection_lost(self, cause: BaseException | None) -> None:
        self.lost_to = cause
        self._note("lost")


def opening_of(endpoint: ScriptedEndpoint, check: Callable[[Headers], None] | None = None) -> Opening:
    """What a client on trial asks for."""
    return Opening(
        url="ws://127.0.0.1/trial",
        headers=(),
        check=check or (lambda _: None),
        open=lambda connection, _: endpoint.take(connection),
        ssl=None,
        server_hostname=None,
        max_frame_size=MAX_FRAME_SIZE,
    )


def welcoming(endpoint: ScriptedEndpoint) -> Decide:
    """A `Decide` that opens a session for every request."""

    def decide(_: Request, respond: Callable[[Answer], object]) -> None:
        respond(Upgrade(endpoint.take))

    return decide


class Opposite:
    """The peer's part: frames, right or wrong, over the bytes of a line."""

    def __init__(self, line: ByteLine, role: Role, rest: bytes = b"") -> None:
        self._line = line
        self._is_client = role == "server"  # the engine is the server
        self._frames = FrameReader(masked=not self._is_client, max_size=2**40)
        self._frames.feed(rest)

    def bytes_of(
        self, opcode: int, payload: bytes = b"", *, fin: bool = True, rsv: int = 0, masked: bool | None = None
    ) -> bytes:
        """A frame, masked as it has to be if nothing else is said."""
        return frame_bytes(opcode, payload, fin=fin, rsv=rsv, masked=self._is_client if masked is None else masked)

    async def send(
        self, opcode: int, payload: bytes = b"", *, fin: bool = True, rsv: int = 0, masked: bool | None = None
    ) -> None:
        await self._line.write(self.bytes_of(opcode, payload, fin=fin, rsv=rsv, masked=masked))

    async def write(self, data: bytes) -> None:
        await self._line.write(data)

    async def next(self) -> tuple[int, bytes, bool, int]:
        """Opcode, payload, FIN and reserved bits of the next frame. Raises `EOFError` at the end."""
        while (frame := self._next()) is None:
            if not (data := await self._line.read()):
                raise EOFError("the engine ended the connection")
            self._frames.feed(data)
        return int(frame.opcode), bytes(frame.data), frame.fin, frame.rsv

    def _next(self) -> Any:
        try:
            return self._frames.next_frame()
        except ViolationError as error:
            raise AssertionError(f"the engine wrote what is no frame of its role: {error.message}") from error

    async def raw(self) -> bytes:
        """The next bytes, as they come."""
        return await self._line.read()

    async def ended(self) -> None:
        """Wait until the engine ends the connection, however it does that; what comes before is dropped."""
        try:
            while await self._line.read():
                pass
        except ConnectionError:
            pass

    def end(self) -> None:
        self._line.end()

    def reset(self) -> None:
        self._line.reset()


class Ground(Protocol):
    """Where an engine is tried: makes connections between it and bytes."""

    can: Abilities
    name: str

    def connect(self, role: Role, endpoint: ScriptedEndpoint) -> AbstractAsyncContextManager[ByteLine]:
        """A connection whose handshake is done, with the engine in this role."""
        ...


class EngineTrial:
    """One connection of an engine on trial."""

    def __init__(self, ground: Ground, role: Role, endpoint: ScriptedEndpoint, peer: Opposite) -> None:
        self.can = ground.can
        self.role = role
        self.endpoint = endpoint
        self.peer = peer

    @property
    def connection(self) -> Connection:
        """The engine's `Connection`."""
        return self.endpoint.connection

    @property
    def log(self) -> list[tuple[Any, ...]]:
        """What the engine has told."""
        return self.endpoint.log

    async def eventually(self, is_so: Callable[[], bool]) -> None:
        """Wait for something that nobody tells of."""
        await eventually(is_so)


async def eventually(is_so: Callable[[], bool]) -> None:
    """Wait for something that nobody tells of."""
    while not is_so():  # noqa: ASYNC110  # there is no event to wait for: an engine does not tell of it
        await anyio.sleep(0.001)
