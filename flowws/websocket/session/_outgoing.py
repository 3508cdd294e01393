"""`Outgoing`: the sending end of a session, which writes at once whenever it can."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any, Final

from flowws._core import BUDGET, IllegalStateError, SelectClause, Waiter, checkpoint, current_loop_or_none, new_waiter
from flowws.channels import ChannelResult, SendChannel

from .._channels_config import ChannelConfig
from .._close_reason import NORMAL, CloseReason, Codes, checked_payload
from .._errors import ChannelOverflowError, SessionClosedError
from .._frame import PLAIN, CloseFrame, Frame
from ..engines import Connection
from ._departures import Closing, Departures
from ._outgoing_queue import Entry, Mark, OutgoingClause, checked_frame, discard, encoded

_log: Final = logging.getLogger("flowws.websocket")

_SENT: Final[ChannelResult[None]] = ChannelResult.success(None)
_NOT_NOW: Final[ChannelResult[None]] = ChannelResult.failure()


class Outgoing(Departures, SendChannel[Frame]):
    """The frames that are to leave, in the order of their `send`.

    ::

        send -> senders (parked, each with its frame) -> queue (up to capacity) -> engine
          |                                                                          ^
          +-------- is_ready: open, writable, nothing queued ------------------------+
          +-------- control frames, always ------------------------------------------+

        closing: queue -> Close frame

        senders wait  =>  the queue is full  =>  the engine is not writable, or somebody streams a message
    """

    __slots__ = ("_home", "_on_close")

    def __init__(self, config: ChannelConfig, connection: Connection, link: Closing) -> None:
        super().__init__(config, connection, link)
        self._on_close: Callable[[BaseException | None], object] | None = None
        self._home = current_loop_or_none()  # for threads

    # Sending

    @property
    def is_closed_for_send(self) -> bool:
        return self._reason is not None

    async def send(self, element: Frame) -> None:
        """Send a frame; wait while the peer, or the network, does not take them.

        A `Frame.Ping` or `Frame.Pong` overtakes waiting messages; a `Frame.Close` closes the session with its
        reason. Raises `SessionClosedError` once the session is closed, `ChannelOverflowError` where the queue may not
        overflow and does, and `ValueError` for a frame that cannot be sent on its own: a fragment, or one with
        reserved bits.
        """
        if not self.put(checked_frame(element)):
            await self.park(element)
        elif self.streak >= BUDGET:
            await self.breathe()

    def try_send(self, element: Frame) -> ChannelResult[None]:
        try:
            return _SENT if self.put(checked_frame(element)) else _NOT_NOW
        except (SessionClosedError, ChannelOverflowError) as error:
            return ChannelResult.closed(error)

    def _send_clause(self, element: Frame, handler: Callable[[Any], Any] | None) -> SelectClause[Any]:
        return OutgoingClause(self, checked_frame(element), handler)

    def put(self, frame: Frame) -> bool:
        """Take a frame now: True. False if its sender has to `park` with it."""
        if self.is_ready and frame.bits == PLAIN:
            self.streak += 1
            self.write(frame.opcode, frame.payload)
            return True
        frame = encoded(frame)  # here, where a text that cannot be is its sender's mistake
        self.check_open()
        self._check(frame)
        if frame.is_control:
            self._put_control(frame)
            return True
        return self._enqueue(frame)

    def _check(self, frame: Frame) -> None:
        if not (frame.is_control or frame.bits == PLAIN):
            raise ValueError(f"a session sends whole messages without reserved bits, not {frame!r}")

    def check_streaming(self) -> None:
        """Raises where a message cannot be streamed now."""

    def _put_control(self, frame: Frame) -> None:
        if isinstance(frame, CloseFrame):
            self._link.close(checked_payload(frame.data))
        else:
            self._connection.write(frame.opcode, frame.data)

    async def park(self, frame: Frame) -> None:
        """Wait, first come first served, until there is room for the frame."""
        await self._park(new_waiter(), frame)

    async def _park(self, waiter: Waiter[None], entry: Entry) -> None:
        self.taken += self.streak
        self.streak = 0
        parked = (waiter, entry)
        self.wait_outside(parked)
        try:
            await waiter
        except BaseException:
            self._give_up(parked)
            raise

    async def take_turn(self, write: Callable[[], object], count: int) -> None:
        """Wait, first come first served, until the engine takes something, and have so many messages written then.

        Raises `SessionClosedError` where that never is.
        """
        waiter: Waiter[None] = new_waiter()

        def reached() -> None:
            if not waiter.done():
                write()
                self.taken += count
                waiter.set_result(None)

        def passed_over() -> None:
            if not waiter.done():
                assert self._reason is not None  # the queue of an open session is not dropped
                waiter.set_exception(SessionClosedError(self._reason))

        mark = Mark(reached, passed_over, writes=True)
        if self.senders:
            await self._park(waiter, mark)
            return
        self.line_up(mark)
        try:
            await waiter
        except SessionClosedError as told:
            # The waiter keeps what it has raised, and the traceback of that knows the waiter: a circle.
            raise SessionClosedError(told.with_traceback(None).reason) from None
        except BaseException:
            discard(self._queue, mark)
            raise

    async def breathe(self) -> None:
        """One real checkpoint."""
        self.taken += self.streak
        self.streak = 0
        await checkpoint()

    # What the bridge from threads asks for

    def _bridge(self) -> Outgoing:
        return self

    def _offer_or_queue(self, parked: tuple[Any, Frame]) -> bool:
        if self.put(checked_frame(parked[1])):
            return True
        self.wait_outside(parked)
        return False

    def _give_up(self, parked: tuple[Any, Entry]) -> None:
        discard(self.senders, parked)

    def _drop(self, element: Frame) -> None:
        """A frame that is not sent holds nothing that would have to be freed."""

    # Ending

    def end(self, reason: CloseReason, then: Callable[[], object] | None) -> None:
        was_open = self._reason is None
        super().end(reason, then)
        if was_open and self._on_close is not None:
            try:
                self._on_close(SessionClosedError(reason))
            except Exception as error:  # noqa: BLE001  # the session has to end, whatever it raises
                _log.error("a handler of invoke_on_close failed", exc_info=error)

    def close(self, cause: BaseException | None = None) -> bool:
        """Close the session: with 1000, or with 1011 where there is a `cause`. True for the call that did it."""
        if self._reason is not None:
            return False
        self._link.close(NORMAL if cause is None else CloseReason(Codes.INTERNAL_ERROR, cause=cause))
        return True

    def invoke_on_close(self, handler: Callable[[BaseException | None], object]) -> None:
        if self._on_close is not None:
            raise IllegalStateError(f"the channel has its handler already: {self._on_close!r}")
        self._on_close = handler
        if self._reason is not None:
            handler(SessionClosedError(self._reason))

    def __repr__(self) -> str:
        state = "open" if self._reason is None else "closed"
        return f"<Outgoing {state}, {len(self._queue)} frames waiting, {len(self.senders)} senders>"
