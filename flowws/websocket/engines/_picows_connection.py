"""`PicowsConnection`: one connection whose frames picows cuts and writes, in C."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from sys import maxsize
from typing import Any, Final, cast

from picows import WSFrame, WSMsgType, WSTransport

from flowws._core import Waiter, current_loop

from . import Connection, Endpoint, HandOver, TextReceived, hand_over_soon
from ._masked_writer import MaskedWriter, apply_mask
from ._picows_hand_over import hand_over_now
from ._picows_parser import DEAF, Parser, Parsers, Reader
from ._picows_room import room_here
from ._plain_transport import Transport

_CLOSE: Final = WSMsgType.CLOSE.value
_log: Final = logging.getLogger("flowws.websocket.picows")

_WHOLE_TEXT: Final = 0x81  # the first byte, without reserved bits
_WARIEST: Final = 63  # reads


class PicowsConnection(asyncio.BufferedProtocol):
    """One connection after its handshake: what asyncio and picows call, and what the session calls.

    ::

        transport -> get_buffer, buffer_updated -> Room, one for all: one whole message -----------------> Endpoint
                                                     |
                                                     +-- anything else -> Parser, whichever is free -----> Endpoint
        transport <- write (picows' own) <--------------------------------------------------------------- session

    Most reads bring one message in one frame, and nothing else. Each is read into the same `Room`, and taken out of it
    at once. Where that was wrong, a parser gets what is there, and reads follow that go to parsers straight away: twice
    as many each time. So an idle connection has neither a buffer nor a parser.
    """

    __slots__ = (
        "__weakref__",
        "_ended_by",
        "_endpoint",
        "_flushed",
        "_has_failed",
        "_is_client",
        "_is_open",
        "_is_silent",
        "_limit",
        "_loop",
        "_on_gone",
        "_parser",
        "_parsers",
        "_parsers_for",
        "_pause_is_due",
        "_room",
        "_tcp",
        "_to_pass",
        "_wariness",
        "_we_closed",
        "_we_ended",
        "_writer",
        "client_address",
        "heard",
        "is_secure",
        "is_writable",
        "new_waiter",
        "text_received",
        "write",
    )

    def __init__(
        self,
        tcp: Transport,
        *,
        is_client: bool,
        max_frame_size: int,
        client_address: tuple[str, int] | None,
        parsers_for: Callable[[int], Parsers],
        on_gone: Callable[[], object] | None = None,
    ) -> None:
        # Stored state
        self._tcp = tcp
        self._loop = asyncio.get_running_loop()
        self._on_gone = on_gone
        self._endpoint: Endpoint | None = None
        self._limit = max_frame_size
        self._parsers_for = parsers_for
        self._is_open = False
        self._parser: Parser | None = None  # in the middle of a frame, or to the end: see `is_kept`
        self._room = room_here()
        self._wariness = 0  # how many reads in a row went to parsers, the last time
        self._to_pass = 0  # how many of them are still to come
        self._flushed: tuple[Callable[[], object], ...] = ()
        self._ended_by: BaseException | None = None
        self._is_client = is_client
        self._we_closed = False  # a Close frame of ours has been written
        self._is_silent = False  # and nothing can be written after it
        self._we_ended = False  # we have ended the connection
        self._has_failed = False  # it cannot be read any more
        self._pause_is_due = False
        self.new_waiter: Callable[[], Waiter[Any]] = current_loop().new_waiter
        self.is_secure = tcp.get_extra_info("ssl_object") is not None
        self.is_writable = True
        self.heard = False
        self.client_address = client_address
        ours: Any = WSTransport  # its stub has no constructor, and enums only where plain numbers do
        self._writer = MaskedWriter(tcp.write) if is_client else ours(False, tcp, DEAF, self._loop)
        self.write: Callable[[int, str | bytes], object] = self._writer.send

    def open(self, open_endpoint: Callable[[Connection], Endpoint], rest: bytes) -> None:
        """Begin: the handshake is done, `rest` is what has come after it."""
        endpoint = open_endpoint(cast("Connection", self))  # to pyright, what stands in slots cannot be assigned to
        self.text_received: TextReceived = endpoint.text_received
        # Only now the endpoint has said how large its frames may be, and picows' limit cannot be changed.
        self._parsers = self._parsers_for(self._limit)
        self._is_open = True
        self._endpoint = endpoint
        self._tcp.set_protocol(self)
        self._feed(rest)

    # Reading

    def get_buffer(self, sizehint: int) -> memoryview | bytearray:
        parser = self._parser
        if parser is None:
            if not self._to_pass:
                return self._room.bytes
            self._to_pass -= 1
            self._parser = parser = self._parsers.take(cast("Reader", self))
        return parser.get_buffer(sizehint)

    def buffer_updated(self, nbytes: int) -> None:
        self.heard = True
        parser = self._parser
        if parser is not None:
            if not self._has_failed:
                parser.tail = 1
                parser.buffer_updated(nbytes)
                self._put_back(parser)
            return
        # A text of less than 126 bytes: most messages. benchmarks/bench_echo.py
        room = self._room.bytes
        start = 2 if self._is_client else 6
        size = nbytes - start
        if 0 <= size < 126 and room[0] == _WHOLE_TEXT and room[1] == size + 0x20 * (start - 2) and size <= self._limit:
            payload = room[start:nbytes]
            try:
                text = (payload if start == 2 else apply_mask(payload, room[2:6])).decode()
            except UnicodeDecodeError:
                pass
            else:
                self._wariness = 0
                try:
                    self.text_received(text, hand_over_now)
                except Exception:  # noqa: BLE001  # one connection's trouble
                    self._broke()
                return
        self._read_other(nbytes)

    def _read_other(self, nbytes: int) -> None:
        message = self._room.message(nbytes, self._limit, is_masked=not self._is_client)
        if message is None:
            self._to_pass = self._wariness = min(2 * self._wariness + 1, _WARIEST)
            self._feed(self._room.read(nbytes))
        elif self._endpoint is not None:
            self._wariness //= 2
            try:
                self._endpoint.frame_received(*message, True, 0)
            except Exception:  # noqa: BLE001  # as above
                self._broke()

    def _broke(self) -> None:
        """This side has a fault: what a parser does about it, too."""
        _log.exception("a connection failed on this side")
        self.abort()

    def _feed(self, data: bytes) -> None:
        """Parse bytes that were read elsewhere."""
        if data:
            self._parser = parser = self._parsers.take(cast("Reader", self))
            parser.feed(data)
            self._put_back(parser)

    def _put_back(self, parser: Parser) -> None:
        """Between two frames it is of no use here."""
        if not (parser.tail or parser.is_kept):
            self._parser = None
            self._parsers.put_back(parser)

    def listen_for_life(self) -> None:
        self.heard = False

    def frame_arrived(self, kind: int, frame: WSFrame) -> None:
        """A frame that is no short, whole text: what a parser calls."""
        # A control frame has a limit of its own; after a failure there is no room for it either.
        size = frame.payload_size
        fits = self._limit >= 0 if kind >= _CLOSE else size <= self._limit or self._fits(size)
        if fits and self._endpoint is not None:
            rsv = (4 if frame.rsv1 else 0) | (2 if frame.rsv2 else 0) | (1 if frame.rsv3 else 0)
            self._endpoint.frame_received(kind, frame.get_payload_as_bytes(), bool(frame.fin), rsv)

    def limit_frames(self, size: int) -> None:
        if self._is_open:
            if size > self._parsers.limit:
                raise ValueError(
                    f"the picows engine takes frames of the {self._parsers.limit} bytes that the session was opened "
                    f"with, or less, not of {size}"
                )
            assert self._endpoint is not None  # it is open
            is_lower = size < self._parsers.limit
            self.text_received = self._limited_text if is_lower else self._endpoint.text_received
        self._limit = size

    def _limited_text(self, text: str, hand_over: HandOver = hand_over_soon, /) -> None:
        size = len(text) if text.isascii() else len(text.encode())
        if self._endpoint is not None and self._fits(size):
            self._endpoint.text_received(text, hand_over)

    def _fits(self, size: int) -> bool:
        if size <= self._limit:
            return True
        if not self._has_failed:
            self._stop_reading()
            self._fail(1009, f"a frame of {size} bytes where {self._limit} are allowed")
            self._limit = -1  # nor does any other that was read with it
        return False

    def pause_reading(self) -> None:
        """Of TLS, what has been read is also taken out first: what aiofastnet still has when it is paused in the midst
        of a read stays there, until something else arrives.
        """
        if not self.is_secure:
            self._tcp.pause_reading()
        elif not self._pause_is_due:
            self._pause_is_due = True
            self._loop.call_soon(self._pause)

    def _pause(self) -> None:
        if self._pause_is_due:
            self._pause_is_due = False
            self._tcp.pause_reading()

    def resume_reading(self) -> None:
        self._pause_is_due = False
        self._tcp.resume_reading()

    # Writing

    @property
    def write_wire(self) -> Callable[[bytes], object]:
        return self._tcp.write

    def write_frame(self, opcode: int, payload: bytes, *, fin: bool, rsv: int) -> None:
        self._we_closed = self._we_closed or opcode == _CLOSE
        self._writer.send(opcode, payload, fin, bool(rsv & 4), bool(rsv & 2), bool(rsv & 1))

    def write_close(self, code: int, message: str) -> None:
        self._we_closed = self._is_silent = True
        self._writer.send_close(code, message)

    def on_flushed(self, call: Callable[[], object]) -> None:
        if not self._is_open or not self._tcp.get_write_buffer_size():
            call()
            return
        self._flushed = (*self._flushed, call)
        self._tcp.set_write_buffer_limits(high=0)  # `pause_writing` at once, `resume_writing` when all has left

    def set_masking(self, on: bool) -> None:
        if on != self._is_client:
            raise ValueError("the picows engine masks the frames of a client, and of nobody else")

    def pause_writing(self) -> None:
        self.is_writable = False
        if self._endpoint is not None:
            self._endpoint.writing_paused()

    def resume_writing(self) -> None:
        self.is_writable = True
        if self._flushed:
            self._tcp.set_write_buffer_limits()
            self._all_flushed()
        if self._endpoint is not None and self.is_writable:
            self._endpoint.writing_resumed()

    def _all_flushed(self) -> None:
        calls, self._flushed = self._flushed, ()
        for call in calls:
            call()

    # Ending

    def parser_failed(self, code: int, message: str) -> None:
        """Picows' parser has met a violation: nothing more can be read. It is in the midst of its work, and the frame
        before the bad one may still be on its way to us.
        """
        self._stop_reading()
        self._loop.call_soon(self._fail, code, message)

    def _stop_reading(self) -> None:
        """What still comes is thrown away: it is read into a parser's buffer, and left there."""
        self._has_failed = True
        self._to_pass = maxsize

    def _fail(self, code: int, message: str) -> None:
        """RFC 6455, section 7.1.7. A connection that is closed while something unread arrives is reset, and our Close
        frame is lost on its way. So only our side of it ends: what still comes is thrown away, until the peer is done
        or the session has no more patience.
        """
        endpoint = self._endpoint
        if endpoint is not None and not self._we_closed:
            self.write_close(code, message)
            endpoint.failed(code, message)
        if self._endpoint is None:
            return
        if not self._is_silent or not end_our_side(self._tcp):
            self.close()

    def close(self) -> None:
        self._we_ended = True
        self._tcp.close()

    def abort(self) -> None:
        self._we_ended = True
        self._tcp.abort()

    def eof_received(self) -> bool:
        if self._endpoint is not None:
            self._ended_by = EOFError("the connection ended without a Close frame")
            self._endpoint.eof_received()
        return not self.is_secure  # TLS cannot be closed by halves

    def connection_lost(self, exc: Exception | None) -> None:
        endpoint, self._endpoint = self._endpoint, None
        self._is_open = False
        if endpoint is not None:
            del self.text_received  # with its session it makes a circle
            self._let_parser_go()
        self._all_flushed()
        if endpoint is not None:
            endpoint.connection_lost(self._cause(exc))
        on_gone, self._on_gone = self._on_gone, None
        if on_gone is not None:
            on_gone()

    def _let_parser_go(self) -> None:
        parser, self._parser = self._parser, None
        if parser is not None:
            self._parsers.leave_behind(parser)
        if self._is_client:  # they were nobody else's
            self._parsers.close()

    def _cause(self, error: BaseException | None) -> BaseException | None:
        if isinstance(error, BrokenPipeError | ConnectionAbortedError):  # as the peer's reset looks to a writer
            reset = ConnectionResetError(*error.args)
            reset.__cause__ = error
            return reset
        if error is None and self._ended_by is None and not self._we_ended:
            return EOFError("the connection ended without a word")  # TLS whose TCP has ended, for one
        return error or self._ended_by

    def call_later(self, delay: float, call: Callable[[], object]) -> asyncio.TimerHandle:
        return self._loop.call_later(delay, call)


def end_our_side(tcp: Transport) -> bool:
    """Say nothing more, once what was written has left, but go on reading. False where that cannot be: TLS."""
    if not tcp.can_write_eof():
        return False
    try:
        tcp.write_eof()
    except OSError:  # the peer is gone already
        tcp.abort()
    return True


def address_of(peer: Any) -> tuple[str, int] | None:
    """Host and port of what the operating system calls the peer's name; None on a unix socket."""
    return None if not peer or isinstance(peer, str | bytes) else (str(peer[0]), int(peer[1]))
