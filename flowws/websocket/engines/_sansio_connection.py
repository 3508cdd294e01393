"""`SansioConnection`: frames over a wire; what a session calls its `Connection`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final, cast

from flowws._core import Timer, Waiter, call_later, report, waiter_maker

from . import Connection, Endpoint
from ._carrier import Carrier
from ._frame_reader import FrameReader, ViolationError, frame_bytes

_TEXT: Final = 0x1
_CLOSE: Final = 0x8


class SansioConnection:
    """One connection whose handshake is done.

    ::

        Wire  --  received  -->  FrameReader  --  whole frames  -->  Endpoint
        Wire  <--  write  -----  frame_bytes  <-----  write  -----   the session
    """

    __slots__ = (
        "_ended_by",
        "_endpoint",
        "_frames",
        "_has_heard_close",
        "_has_said_close",
        "_is_client",
        "_is_deaf",
        "_masks",
        "_text_received",
        "_wire",
        "client_address",
        "heard",
        "is_secure",
        "is_writable",
        "new_waiter",
    )

    def __init__(
        self,
        wire: Carrier,
        *,
        is_client: bool,
        max_frame_size: int,
        client_address: tuple[str, int] | None,
        is_secure: bool,
    ) -> None:
        # Stored state
        self._wire = wire
        self._endpoint: Endpoint | None = None
        self._frames = FrameReader(masked=not is_client, max_size=max_frame_size)
        self._is_client = is_client
        self._masks = is_client
        self._has_said_close = False
        self._has_heard_close = False
        self._is_deaf = False  # the peer broke the protocol, or the connection is over: no frame is read any more
        self._ended_by: BaseException | None = None
        self.new_waiter: Callable[[], Waiter[Any]] = waiter_maker()
        self.client_address = client_address
        self.is_secure = is_secure
        self.is_writable = True
        self.heard = False

    def begin(self, open_endpoint: Callable[[Connection], Endpoint], rest: bytes) -> None:
        """Open the session, then read: what has come behind the handshake first."""
        self._wire.belongs_to(self)
        connection = cast("Connection", self)  # where `write` may be assigned to: another engine does that
        self._endpoint = endpoint = open_endpoint(connection)
        self._text_received = endpoint.text_received
        self._wire.read(True)
        if rest:
            self.received(rest)

    # What the wire tells

    def received(self, data: bytes) -> None:
        self.heard = True
        if self._is_deaf:
            return
        frames = self._frames
        frames.feed(data)
        try:
            while (frame := frames.next_frame()) is not None and not self._is_deaf:
                if frame.opcode == _TEXT and frame.fin and not frame.rsv:
                    try:
                        text = str(frame.data, "utf-8")
                    except UnicodeDecodeError:
                        pass  # which code that deserves, the session says
                    else:
                        self._text_received(text)
                        continue
                if frame.opcode == _CLOSE:
                    self._has_heard_close = True
                assert self._endpoint is not None  # not deaf
                self._endpoint.frame_received(int(frame.opcode), bytes(frame.data), frame.fin, frame.rsv)
        except ViolationError as error:
            self._fail(error)
        except Exception as error:  # noqa: BLE001  # one session's trouble: neither the server's, nor for the peer to know
            report("a session failed at a frame", error)
            self.abort()

    def _fail(self, violation: ViolationError) -> None:
        """RFC 6455, section 7.1.7: the client leaves it to the server to hang up."""
        self._is_deaf = True
        if self._has_heard_close:  # RFC 6455, section 1.4: what comes behind a Close frame is of no interest
            return
        if self._endpoint is not None and not self._has_said_close:
            self.write_close(violation.code, violation.message)
            self._endpoint.failed(violation.code, violation.message)
        self._wire.close(hang_up=not self._is_client)

    def ended(self) -> None:
        if not self._has_heard_close:
            self._ended_by = EOFError("the connection ended without a Close frame")
        if self._endpoint is not None:
            self._endpoint.eof_received()

    def room_changed(self, has_room: bool) -> None:
        self.is_writable = has_room
        if self._endpoint is None:
            return
        if has_room:
            self._endpoint.writing_resumed()
        else:
            self._endpoint.writing_paused()

    def lost(self, cause: BaseException | None) -> None:
        endpoint, self._endpoint = self._endpoint, None
        self._is_deaf = True
        if endpoint is not None:
            del self._text_received
            endpoint.connection_lost(cause or self._ended_by)

    # What the session asks for

    def write(self, opcode: int, payload: str | bytes) -> None:
        if not self._has_said_close:
            data = payload.encode() if isinstance(payload, str) else payload
            self._wire.write(frame_bytes(opcode, data, masked=self._masks))

    def write_wire(self, data: bytes) -> None:
        self._wire.write(data)

    def write_frame(self, opcode: int, payload: bytes, *, fin: bool, rsv: int) -> None:
        if not self._has_said_close:
            self._wire.write(frame_bytes(opcode, payload, fin=fin, rsv=rsv, masked=self._masks))
            self._has_said_close = opcode == _CLOSE

    def write_close(self, code: int, message: str) -> None:
        self.write(_CLOSE, code.to_bytes(2, "big") + message.encode())
        self._has_said_close = True

    def on_flushed(self, call: Callable[[], object]) -> None:
        self._wire.on_flushed(call)

    def set_masking(self, on: bool) -> None:
        self._masks = on

    def limit_frames(self, size: int) -> None:
        self._frames.max_size = size

    def listen_for_life(self) -> None:
        self.heard = False

    def pause_reading(self) -> None:
        self._wire.read(False)

    def resume_reading(self) -> None:
        self._wire.read(True)

    def close(self) -> None:
        self._wire.close()

    def abort(self) -> None:
        self._is_deaf = True
        self._wire.abort()

    def call_later(self, delay: float, call: Callable[[], object]) -> Timer:
        return call_later(delay, call)
