"""`stream`: one message whose end nobody knows yet, written fragment by fragment."""

from __future__ import annotations

from collections.abc import AsyncIterable
from contextlib import AsyncExitStack, aclosing
from typing import Any, cast

from anyio import CancelScope

from flowws._core import BUDGET, Waiter, new_waiter

from .._close_reason import CloseReason, Codes
from .._frame import BINARY, CONTINUATION, TEXT
from ..engines import Connection
from ._outgoing import Outgoing
from ._outgoing_queue import Mark, settle


async def stream(
    outgoing: Outgoing, connection: Connection, fragments: AsyncIterable[str] | AsyncIterable[bytes]
) -> None:
    """Write the fragments as they come; other messages wait until the last has left.

    It takes its turn with the first fragment. The message ends with an empty frame: to hold each fragment back until it
    is known whether another one follows would hold up a slow source. Half a message cannot be taken back, so a failing
    source closes the session with 1011. A session that closes does not wait for the source.
    """
    outgoing.check_open()
    outgoing.check_streaming()
    source: Any = aiter(fragments)
    with CancelScope() as scope:
        outgoing.streams = (*outgoing.streams, scope)
        try:
            async with AsyncExitStack() as stack:
                if hasattr(source, "aclose"):
                    await stack.enter_async_context(aclosing(source))
                await _write_all(Turn(outgoing, connection), source)
        finally:
            outgoing.streams = tuple(other for other in outgoing.streams if other is not scope)
    if scope.cancelled_caught:
        outgoing.check_open()


async def _write_all(turn: Turn, source: Any) -> None:
    first = await anext(source, None)
    if first is None:
        return
    kind = str if isinstance(first, str) else bytes
    data = _data(first, kind)
    await turn.take()
    try:
        await turn.write(TEXT if kind is str else BINARY, data)
        async for fragment in source:
            await turn.write(CONTINUATION, _data(fragment, kind))
        await turn.write(CONTINUATION, b"", fin=True)
    except BaseException as failure:
        turn.abandon(failure)
        raise
    turn.complete()


class Turn:
    """The right to write data frames past the queue.

    ::

        take: a mark in the queue, or behind the parked senders  ->  reached: the queue stands still  ->  give_back
    """

    __slots__ = ("_connection", "_outgoing", "_written")

    def __init__(self, outgoing: Outgoing, connection: Connection) -> None:
        self._outgoing = outgoing
        self._connection = connection
        self._written = 0  # fragments

    async def take(self) -> None:
        """Wait for it. Raises `SessionClosedError` where it does not come."""
        outgoing = self._outgoing
        outgoing.check_streaming()  # the source has taken its time: somebody may have begun a fragmented message
        waiter: Waiter[None] = new_waiter()

        is_mine = False

        def reached() -> None:
            nonlocal is_mine
            if not waiter.done():
                outgoing._is_held = is_mine = True
                waiter.set_result(None)

        mark = Mark(reached, lambda: settle(waiter))
        try:
            if outgoing.senders:
                await outgoing._park(waiter, mark)
            else:
                outgoing.line_up(mark)
                outgoing.pump()
                await waiter
        except BaseException:
            if is_mine:
                self.give_back()
            raise
        self._outgoing.check_open()

    async def write(self, opcode: int, data: bytes, *, fin: bool = False) -> None:
        """Write a fragment; wait first while the engine takes none."""
        outgoing = self._outgoing
        while outgoing._reason is None and not self._connection.is_writable:
            outgoing._streamer = waiter = new_waiter()
            await waiter
        self._outgoing.check_open()
        outgoing._is_torn = not fin
        self._connection.write_frame(opcode, data, fin=fin, rsv=0)
        self._written += 1
        if self._written % BUDGET == 0:
            await outgoing.breathe()

    def give_back(self) -> None:
        """Others may go on."""
        if self._outgoing._reason is None:  # otherwise it was taken away
            self._outgoing._is_held = False
            self._outgoing.pump()

    def complete(self) -> None:
        """The message has left."""
        self._outgoing.taken += 1
        self.give_back()

    def abandon(self, failure: BaseException) -> None:
        """The message will never be complete."""
        outgoing = self._outgoing
        if not self._written:
            self.give_back()
        elif outgoing._reason is None:
            cause = failure if isinstance(failure, Exception) else None
            outgoing._link.close(CloseReason(Codes.INTERNAL_ERROR, cause=cause))


def _data(fragment: Any, kind: type) -> bytes:
    if kind is str and isinstance(fragment, str):
        return fragment.encode()
    if kind is bytes and isinstance(fragment, (bytes, bytearray, memoryview)):
        return bytes(cast("bytes", fragment))
    raise TypeError(f"the fragments of one message are all str or all bytes, not {fragment!r}")
