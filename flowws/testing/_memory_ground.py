"""Where the memory engine is tried: its own lines, with bytes at their other end."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import asynccontextmanager

from websockets.datastructures import Headers

from flowws._core import Waiter, new_waiter
from flowws.websocket import MemoryEngine
from flowws.websocket.engines import Line, LineEnd

from ._engine_trial import MAX_FRAME_SIZE, ByteLine, Role, ScriptedEndpoint, opening_of, welcoming


class MemoryGround:
    """Lines of the memory engine, with bytes at their other end."""

    can = MemoryEngine.can
    name = MemoryEngine.name

    @asynccontextmanager
    async def connect(self, role: Role, endpoint: ScriptedEndpoint) -> AsyncGenerator[ByteLine]:
        """A connection whose handshake is done."""
        if role == "server":
            engine = MemoryEngine(welcoming(endpoint), max_frame_size=MAX_FRAME_SIZE)
            dialled, _ = await engine.dial("ws://127.0.0.1/trial")
            line = MemoryLine(dialled.client, dialled.reset)
        else:
            raw = _RawServer()
            await raw.reach(opening_of(endpoint))
            line = raw.line
        try:
            yield line
        finally:
            line.close()
            if not endpoint.has_ended:
                endpoint.connection.abort()
            await endpoint.until_told("lost")


class _RawServer(MemoryEngine):
    """Leads to bytes instead of a session."""

    def __init__(self) -> None:
        super().__init__(welcoming(ScriptedEndpoint()), max_frame_size=MAX_FRAME_SIZE)

    async def dial(self, url: str, headers: Sequence[tuple[str, str]] = ()) -> tuple[Line, Headers]:
        line = Line()
        self.line = MemoryLine(line.server, line.reset)
        return line, Headers()


class MemoryLine:
    """The peer's end of a line in memory."""

    def __init__(self, end: LineEnd, reset: Callable[[], object]) -> None:
        self._end = end
        self._reset = reset
        self._arrived = bytearray()
        self._has_ended = False
        self._lost_to: BaseException | None = None
        self._waiters: list[Waiter[None]] = []
        end.belongs_to(self)

    async def write(self, data: bytes) -> None:
        while not self._end.has_room:
            await self._news()
        self._end.write(data)

    async def read(self) -> bytes:
        self._end.read(True)
        while not self._arrived and not self._has_ended:
            await self._news()
        self._end.read(False)  # as a socket of which nobody reads
        if not self._arrived and self._lost_to is not None:
            raise self._lost_to
        data = bytes(self._arrived)
        self._arrived.clear()
        return data

    def end(self) -> None:
        self._end.finish()

    def reset(self) -> None:
        self._reset()

    def close(self) -> None:
        self._end.abort()

    async def _news(self) -> None:
        waiter: Waiter[None] = new_waiter()
        self._waiters.append(waiter)
        await waiter

    def _wake(self) -> None:
        waiters, self._waiters = self._waiters, []
        for waiter in waiters:
            if not waiter.done():
                waiter.set_result(None)

    # What the line tells

    def received(self, data: bytes) -> None:
        self._arrived += data
        self._wake()

    def ended(self) -> None:
        self._has_ended = True
        self._wake()

    def room_changed(self, has_room: bool) -> None:
        self._wake()

    def lost(self, cause: BaseException | None) -> None:
        self._has_ended, self._lost_to = True, cause
        self._wake()
