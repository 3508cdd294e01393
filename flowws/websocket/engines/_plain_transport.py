"""`PlainTransport`: an asyncio transport over a socket, without TLS: the one of `aiofastnet` in a tenth of the room."""

from __future__ import annotations

import asyncio
import os
import socket
from collections.abc import Iterable
from typing import Any, Final, Protocol

_HIGH_WATER: Final = 64 * 1024  # bytes that wait to be sent, above which the protocol is to hold back
_DOUBT: Final = 0.05  # seconds
_LATER: Final = (BlockingIOError, InterruptedError)


class Transport(Protocol):
    """What the picows engine asks of a transport, in asyncio's words: this one, or with TLS one of `aiofastnet`."""

    def get_extra_info(self, name: str) -> Any: ...
    def set_protocol(self, protocol: asyncio.BaseProtocol) -> None: ...
    def pause_reading(self) -> None: ...
    def resume_reading(self) -> None: ...
    def write(self, data: bytes) -> None: ...
    def get_write_buffer_size(self) -> int: ...
    def set_write_buffer_limits(self, high: int | None = None) -> None: ...
    def can_write_eof(self) -> bool: ...
    def write_eof(self) -> None: ...
    def close(self) -> None: ...
    def abort(self) -> None: ...


class PlainTransport(asyncio.Transport):
    """A connected socket, which belongs to the transport, and the protocol that is told what comes.

    ::

                close(), or the peer's end      all is sent
        OPEN ----------------------------> CLOSING --------> OVER: `connection_lost`, in a turn of its own
          |                                   |               ^
          +--- abort(), an error -------------+---------------+

    It is open from the start: `connection_made` is called by the constructor. A server's connection so needs neither a
    task nor a turn of the loop to begin, and while it is idle the selector's entry is all that it takes beside its own
    few words (benchmarks/bench_session.py, ``connect`` and ``memory``).
    """

    __slots__ = (
        "_error",
        "_has_ended",
        "_high_water",
        "_is_closing",
        "_is_doubted",
        "_is_held_back",
        "_is_over",
        "_is_paused",
        "_line",
        "_loop",
        "_loses_errors",
        "_low_water",
        "_number",
        "_out",
        "_peer",
        "_protocol",
        "_reads",
        "_says_end",
    )

    def __init__(
        self, loop: asyncio.AbstractEventLoop, line: socket.socket, peer: object, protocol: asyncio.BufferedProtocol
    ) -> None:
        # Stored state
        self._loop = loop
        self._line = line
        self._number = line.fileno()
        self._peer = peer
        self._protocol = protocol
        self._out: bytes | bytearray = b""  # what waits to be sent
        self._high_water, self._low_water = _HIGH_WATER, _HIGH_WATER // 4
        self._is_held_back = False  # the protocol, because too much waits
        self._is_paused = False  # reading, by the protocol
        self._reads = False
        self._has_ended = False  # the peer sends nothing more
        self._error: OSError | None = None  # why that is, where it is known already
        self._loses_errors = not isinstance(loop, asyncio.SelectorEventLoop)  # see `_look_for_error`
        self._is_doubted = False  # whether the loop still looks at the socket: it will be asked about soon
        self._says_end = False  # we send nothing more, behind what waits
        self._is_closing = False
        self._is_over = False
        line.setblocking(False)
        if isinstance(peer, tuple):  # not on a unix socket
            line.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        protocol.connection_made(self)
        self._watch()

    def get_extra_info(self, name: str, default: Any = None) -> Any:
        return self._line if name == "socket" else self._peer if name == "peername" else default

    def get_protocol(self) -> asyncio.BaseProtocol:
        return self._protocol

    def set_protocol(self, protocol: asyncio.BaseProtocol) -> None:
        assert isinstance(protocol, asyncio.BufferedProtocol)
        self._protocol = protocol

    # Reading

    def is_reading(self) -> bool:
        return self._reads

    def pause_reading(self) -> None:
        self._is_paused = True
        self._watch()

    def resume_reading(self) -> None:
        self._is_paused = False
        self._watch()

    def _watch(self) -> None:
        """Have the loop look at the socket, or not any more."""
        reads = not (self._is_paused or self._has_ended or self._is_closing)
        if reads == self._reads:
            return
        self._reads = reads
        if reads:
            self._loop.add_reader(self._number, self._read)
        else:
            self._loop.remove_reader(self._number)

    def _read(self) -> None:
        protocol = self._protocol
        try:
            room = protocol.get_buffer(-1)
            try:
                count = self._line.recv_into(room)
            except _LATER:
                return
            except OSError as error:
                self._end(error)
                return
            if not count:
                self._peer_ended()
                return
            protocol.buffer_updated(count)
            if self._loses_errors and not self._is_doubted:
                self._is_doubted = True
                self._loop.call_later(_DOUBT, self._look_for_error)
        except Exception as error:  # noqa: BLE001  # one connection's trouble
            self._protocol_failed(error)

    def _protocol_failed(self, error: Exception) -> None:
        self._loop.call_exception_handler(
            {"message": "a protocol failed", "exception": error, "transport": self, "protocol": self._protocol}
        )
        self._end(error)

    def _look_for_error(self) -> None:
        """When a connection was reset, uvloop makes one more call, and then looks at its socket no more, read or not.
        Once the error is taken out of the socket, there is only an end behind what is unread.

        To ask after each read would be a thirtieth of an echo.
        """
        self._is_doubted = False
        if not self._reads:  # to read on, the loop will look anew
            return
        code = self._line.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
        if code:
            self._error = OSError(code, os.strerror(code))
            self.pause_reading()
            self.resume_reading()

    def _peer_ended(self) -> None:
        if self._error is not None:
            self._end(self._error)
            return
        self._has_ended = True
        self._watch()
        if not self._protocol.eof_received():
            self.close()

    # Writing

    def write(self, data: bytes | bytearray | memoryview) -> None:
        if self._is_closing:
            return
        if self._out:
            self._out += data
        else:
            try:
                sent = self._line.send(data)
            except _LATER:
                sent = 0
            except OSError as error:
                self._end(error)
                return
            if sent == len(data):
                return
            self._keep(memoryview(data)[sent:])
        self._look_at_water()

    def writelines(self, list_of_data: Iterable[bytes | bytearray | memoryview]) -> None:
        parts = list(list_of_data)  # a head and a large payload, as picows has it: not worth putting together
        if self._is_closing or self._out:
            self.write(b"".join(parts))
            return
        try:
            sent = self._line.sendmsg(parts)
        except _LATER:
            sent = 0
        except OSError as error:
            self._end(error)
            return
        if sent != sum(map(len, parts)):
            self._keep(memoryview(b"".join(parts))[sent:])
            self._look_at_water()

    def _keep(self, rest: memoryview) -> None:
        self._out = bytearray(rest)
        self._loop.add_writer(self._number, self._write_rest)

    def _write_rest(self) -> None:
        assert isinstance(self._out, bytearray)  # something waits, or the loop would not call
        try:
            sent = self._line.send(self._out)
        except _LATER:
            return
        except OSError as error:
            self._end(error)
            return
        del self._out[:sent]
        if not self._out:
            self._forget_rest()
        self._look_at_water()
        if not self._out and not self._is_over:  # the protocol may have written more, or ended it all
            self._all_sent()

    def _forget_rest(self) -> None:
        self._out = b""
        self._loop.remove_writer(self._number)

    def _all_sent(self) -> None:
        if self._is_closing:
            self._end(None)
        elif self._says_end:
            self._say_end()

    def get_write_buffer_size(self) -> int:
        # Once it is closing, nobody may write past it any more, as picows does while nothing waits.
        return len(self._out) or int(self._is_closing)

    def get_write_buffer_limits(self) -> tuple[int, int]:
        return self._low_water, self._high_water

    def set_write_buffer_limits(self, high: int | None = None, low: int | None = None) -> None:
        self._high_water = _HIGH_WATER if high is None else high
        self._low_water = self._high_water // 4 if low is None else low
        self._look_at_water()

    def _look_at_water(self) -> None:
        waiting = len(self._out)
        try:
            if not self._is_held_back and waiting > self._high_water:
                self._is_held_back = True
                self._protocol.pause_writing()
            elif self._is_held_back and waiting <= self._low_water:
                self._is_held_back = False
                self._protocol.resume_writing()
        except Exception as error:  # noqa: BLE001  # as above; and not that of who writes
            self._protocol_failed(error)

    def can_write_eof(self) -> bool:
        return True

    def write_eof(self) -> None:
        if not self._says_end and not self._is_closing:
            self._says_end = True
            if not self._out:
                self._say_end()

    def _say_end(self) -> None:
        try:
            self._line.shutdown(socket.SHUT_WR)
        except OSError as error:  # the peer is gone already
            self._end(error)

    # Ending

    def is_closing(self) -> bool:
        return self._is_closing

    def close(self) -> None:
        if not self._is_closing:
            self._is_closing = True
            self._watch()
            if not self._out:
                self._end(None)

    def abort(self) -> None:
        self._end(None)

    def _end(self, error: Exception | None) -> None:
        if self._is_over:
            return
        self._is_over = self._is_closing = True
        self._watch()
        if self._out:
            self._forget_rest()
        self._loop.call_soon(self._lose, error)

    def _lose(self, error: Exception | None) -> None:
        try:
            self._protocol.connection_lost(error)
        finally:
            self._line.close()
            del self._protocol

    def __repr__(self) -> str:
        state = "over" if self._is_over else "closing" if self._is_closing else "open"
        return f"<PlainTransport {state}, {len(self._out)} bytes waiting>"
