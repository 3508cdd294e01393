"""`Watch`: looks at each frame on its way between session and engine, where somebody wants to know.

It counts bytes, and traces frames in the log for sessions that open while somebody listens::

    logging.getLogger("flowws.websocket.frames").setLevel(logging.DEBUG)

Without one of these wishes nobody stands there, and it costs nothing.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from sys import maxsize
from typing import Any, Final, cast

from flowws._core import Waiter

from .._close_reason import CloseReason
from .._frame import CLOSE, TEXT, size_of
from ..engines import Connection, Endpoint, FrameReader, HandOver, TextReceived, Timer, hand_over_soon

_log: Final = logging.getLogger("flowws.websocket.frames")
_NAMES: Final = {0: "continuation", 1: "text", 2: "binary", 8: "close", 9: "ping", 10: "pong"}
_SHOWN: Final = 60  # characters


def is_tracing() -> bool:
    """Whether frames are logged."""
    return _log.isEnabledFor(logging.DEBUG)


class Watch:
    """What is seen of one session's frames."""

    def __init__(self, session: str) -> None:
        self._session = session
        self._traces = is_tracing()
        self.bytes_received = 0
        """In payloads, those of control frames included."""
        self.bytes_sent = 0
        """As above."""

    def over(self, connection: Connection) -> Connection:
        """The connection, with an eye on what is written."""
        return cast("Connection", WatchedConnection(connection, self))  # its attributes are to be read only

    def before(self, endpoint: Endpoint) -> Endpoint:
        """The endpoint, with an eye on what is received."""
        return WatchedEndpoint(endpoint, self)

    def received(self, opcode: int, payload: str | bytes, fin: bool = True, rsv: int = 0) -> None:
        """A frame has come."""
        self.bytes_received += size_of(payload)
        if self._traces:
            self._trace("<", opcode, payload, fin, rsv)

    def sent(self, opcode: int, payload: str | bytes, fin: bool = True, rsv: int = 0) -> None:
        """A frame goes out."""
        self.bytes_sent += size_of(payload)
        if self._traces:
            self._trace(">", opcode, payload, fin, rsv)

    def _trace(self, way: str, opcode: int, payload: str | bytes, fin: bool, rsv: int) -> None:
        flags = f"{'' if fin else ' not final'}{f' rsv {rsv:03b}' if rsv else ''}"
        shown = repr(payload[: _SHOWN + 1])
        shown = shown if len(payload) <= _SHOWN else f"{shown}... ({len(payload)} in all)"
        self.note("%s %s%s %s", way, _NAMES.get(opcode, opcode), flags, shown)

    def note(self, what: str, *facts: object) -> None:
        """Something else has happened."""
        if self._traces:
            _log.debug(f"%s {what}", self._session, *facts)


class WatchedConnection:
    """Watches what is written. What the methods do is said by `Connection`."""

    def __init__(self, connection: Connection, watch: Watch) -> None:
        self._connection = connection
        self._watch = watch
        self.new_waiter: Callable[[], Waiter[Any]] = connection.new_waiter
        self.client_address = connection.client_address
        self.is_secure = connection.is_secure
        self.write: Callable[[int, str | bytes], object] = self._write
        self._next_write_wire = connection.write_wire
        self.write_wire = None if self._next_write_wire is None else self._write_wire

    @property
    def is_writable(self) -> bool:
        return self._connection.is_writable

    @property
    def heard(self) -> bool:
        return self._connection.heard

    def _write(self, opcode: int, payload: str | bytes) -> None:
        self._watch.sent(opcode, payload)
        self._connection.write(opcode, payload)

    def _write_wire(self, data: bytes) -> None:
        assert self._next_write_wire is not None  # or this is not called
        frames = FrameReader(masked=False, max_size=maxsize)
        frames.feed(data)
        while (frame := frames.next_frame()) is not None:
            self._watch.sent(int(frame.opcode), bytes(frame.data), frame.fin, frame.rsv)
        self._next_write_wire(data)

    def write_frame(self, opcode: int, payload: bytes, *, fin: bool, rsv: int) -> None:
        self._watch.sent(opcode, payload, fin, rsv)
        self._connection.write_frame(opcode, payload, fin=fin, rsv=rsv)

    def write_close(self, code: int, message: str) -> None:
        self._watch.sent(CLOSE, CloseReason(code, message).to_payload())
        self._connection.write_close(code, message)

    def on_flushed(self, call: Callable[[], object]) -> None:
        self._connection.on_flushed(call)

    def set_masking(self, on: bool) -> None:
        self._connection.set_masking(on)

    def limit_frames(self, size: int) -> None:
        self._connection.limit_frames(size)

    def listen_for_life(self) -> None:
        self._connection.listen_for_life()

    def pause_reading(self) -> None:
        self._connection.pause_reading()

    def resume_reading(self) -> None:
        self._connection.resume_reading()

    def close(self) -> None:
        self._connection.close()

    def abort(self) -> None:
        self._connection.abort()

    def call_later(self, delay: float, call: Callable[[], object]) -> Timer:
        return self._connection.call_later(delay, call)


class WatchedEndpoint:
    """Watches what is received. What the methods do is said by `Endpoint`."""

    def __init__(self, endpoint: Endpoint, watch: Watch) -> None:
        self._endpoint = endpoint
        self._watch = watch

    @property
    def text_received(self) -> TextReceived:
        return self._text_received

    def _text_received(self, text: str, hand_over: HandOver = hand_over_soon, /) -> None:
        self._watch.received(TEXT, text)
        self._endpoint.text_received(text, hand_over)

    def frame_received(self, opcode: int, payload: bytes, fin: bool, rsv: int) -> None:
        self._watch.received(opcode, payload, fin, rsv)
        self._endpoint.frame_received(opcode, payload, fin, rsv)

    def failed(self, code: int, message: str) -> None:
        self._watch.note("the engine failed the connection: %d %s", code, message)
        self._endpoint.failed(code, message)

    def writing_paused(self) -> None:
        self._endpoint.writing_paused()

    def writing_resumed(self) -> None:
        self._endpoint.writing_resumed()

    def eof_received(self) -> None:
        self._watch.note("< end")
        self._endpoint.eof_received()

    def connection_lost(self, cause: BaseException | None) -> None:
        self._watch.note("the connection is over: %r", cause)
        self._endpoint.connection_lost(cause)
