"""`PicowsConnection`: one connection whose frames picows cuts and writes, in C."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from functools import partial
from typing import Any, Final

from aiofastnet import Transport
from picows import WSFrame, WSListener, WSMsgType, WSTransport

from flowws._core import Waiter

from . import Connection, Endpoint
from ._masked_writer import MaskedWriter
from ._picows_parser import Ear, Parser

_TEXT: Final = WSMsgType.TEXT
_CLOSE: Final = WSMsgType.CLOSE.value


class PicowsConnection(WSListener, asyncio.BufferedProtocol):
    """One connection after its handshake: what asyncio and picows call, and what the session calls.

    ::

        transport -> get_buffer, buffer_updated (picows' own, straight into its parser) -> on_ws_frame -> Endpoint
        transport <- write (picows' own)                                                              <- session
        transport -> everything else -> PicowsConnection

    Reading leaves Python out but for the time in which `heard` has to be known: benchmarks/bench_echo.py.
    """

    def __init__(
        self,
        tcp: Transport,
        *,
        is_client: bool,
        max_frame_size: int,
        on_gone: Callable[[], object] | None = None,
    ) -> None:
        # Stored state
        self._tcp = tcp
        self._loop = asyncio.get_running_loop()
        self._on_gone = on_gone
        self._endpoint: Endpoint | None = None
        self._limit = max_frame_size
        self._parser: Parser | None = None  # from `open` to the end
        self._flushed: list[Callable[[], object]] = []
        self._ended_by: BaseException | None = None
        self._is_client = is_client
        self._we_closed = False  # a Close frame of ours has been written
        self._is_silent = False  # and nothing can be written after it
        self._we_ended = False  # we have ended the connection
        self._has_failed = False  # it cannot be read any more
        self.new_waiter: Callable[[], Waiter[Any]] = partial(asyncio.Future, loop=self._loop)
        self.is_secure = tcp.get_extra_info("ssl_object") is not None
        self.is_writable = True
        self.heard = False
        self.client_address = address_of(tcp)
        ours: Any = WSTransport  # its stub has no constructor, and enums only where plain numbers do
        self._writer = MaskedWriter(tcp.write) if is_client else ours(False, tcp, Ear(None), self._loop)
        self.write: Callable[[int, str | bytes], object] = self._writer.send

    def open(self, open_endpoint: Callable[[Connection], Endpoint], rest: bytes) -> None:
        """Begin: the handshake is done, `rest` is what has come after it."""
        endpoint = open_endpoint(self)
        self._text_received = endpoint.text_received
        # Made only now, when the endpoint has said how large its frames may be: picows' limit cannot be changed.
        self._parser = parser = Parser(self, self, self._limit, is_client=self._is_client)
        self._parse = parser.buffer_updated
        self._endpoint = endpoint
        setattr(self, "get_buffer", parser.get_buffer)  # noqa: B010  # a method to type checkers
        self._read_with(self._parse)
        parser.feed(rest)

    # Reading

    def _read_with(self, buffer_updated: Callable[[int], object]) -> None:
        setattr(self, "buffer_updated", buffer_updated)  # noqa: B010  # a method to type checkers
        self._tcp.set_protocol(self)  # the transport may keep hold of the method, not of its name

    def listen_for_life(self) -> None:
        self.heard = False
        if self._parser is not None:
            self._read_with(self._hear)

    def _hear(self, nbytes: int) -> None:
        self.heard = True
        self._read_with(self._parse)
        self._parse(nbytes)

    def on_ws_frame(self, transport: WSTransport, frame: WSFrame) -> None:
        kind = frame.msg_type
        if kind is _TEXT and frame.fin and not (frame.rsv1 or frame.rsv2 or frame.rsv3):
            try:
                text = frame.get_payload_as_utf8_text()
            except UnicodeDecodeError:
                pass
            else:
                self._text_received(text)
                return
        # A control frame has a limit of its own; after a failure there is no room for it either.
        fits = self._limit >= 0 if kind.value >= _CLOSE else self._fits(frame.payload_size)
        if self._endpoint is not None and fits:
            rsv = (4 if frame.rsv1 else 0) | (2 if frame.rsv2 else 0) | (1 if frame.rsv3 else 0)
            self._endpoint.frame_received(kind.value, frame.get_payload_as_bytes(), bool(frame.fin), rsv)

    def limit_frames(self, size: int) -> None:
        if self._parser is not None:
            if size > self._parser.limit:
                raise ValueError(
                    f"the picows engine takes frames of the {self._parser.limit} bytes that the session was opened "
                    f"with, or less, not of {size}"
                )
            assert self._endpoint is not None  # it came with the parser
            is_lower = size < self._parser.limit
            self._text_received = self._limited_text if is_lower else self._endpoint.text_received
        self._limit = size

    def _limited_text(self, text: str) -> None:
        size = len(text) if text.isascii() else len(text.encode())
        if self._endpoint is not None and self._fits(size):
            self._endpoint.text_received(text)

    def _fits(self, size: int) -> bool:
        if size <= self._limit:
            return True
        if not self._has_failed:
            self._stop_reading()
            self._fail(1009, f"a frame of {size} bytes where {self._limit} are allowed")
            self._limit = -1  # nor does any other that was read with it
        return False

    def pause_reading(self) -> None:
        self._tcp.pause_reading()

    def resume_reading(self) -> None:
        self._tcp.resume_reading()

    # Writing

    def write_frame(self, opcode: int, payload: bytes, *, fin: bool, rsv: int) -> None:
        self._we_closed = self._we_closed or opcode == _CLOSE
        self._writer.send(opcode, payload, fin, bool(rsv & 4), bool(rsv & 2), bool(rsv & 1))

    def write_close(self, code: int, message: str) -> None:
        self._we_closed = self._is_silent = True
        self._writer.send_close(code, message)

    def on_flushed(self, call: Callable[[], object]) -> None:
        if self._parser is None or not self._tcp.get_write_buffer_size():
            call()
            return
        self._flushed.append(call)
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
        calls, self._flushed = self._flushed, []
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
        self._has_failed = True
        self._parse = _ignore
        self._read_with(_ignore)

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
        parser, self._parser = self._parser, None
        if parser is not None:
            # The circles through picows end here.
            del self.__dict__["get_buffer"], self.__dict__["buffer_updated"], self._parse, self._text_received
        self._all_flushed()
        if endpoint is not None:
            endpoint.connection_lost(self._cause(exc))
        on_gone, self._on_gone = self._on_gone, None
        if on_gone is not None:
            on_gone()

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


def _ignore(nbytes: int) -> None:
    """What comes after a failure."""


def end_our_side(tcp: Transport) -> bool:
    """Say nothing more, once what was written has left, but go on reading. False where that cannot be: TLS."""
    if not tcp.can_write_eof():
        return False
    try:
        tcp.write_eof()
    except OSError:  # the peer is gone already
        tcp.abort()
    return True


def address_of(tcp: asyncio.BaseTransport) -> tuple[str, int] | None:
    """The peer's address; None on a unix socket."""
    return address_or_none(tcp.get_extra_info("peername"))


def address_or_none(peer: Any) -> tuple[str, int] | None:
    """Host and port of what the operating system calls the peer's name."""
    return None if not peer or isinstance(peer, str | bytes) else (str(peer[0]), int(peer[1]))
