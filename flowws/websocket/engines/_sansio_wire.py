"""`Wire`: bytes over one socket, with TLS or without, on asyncio and trio: by calls, without a task."""

from __future__ import annotations

import socket
from collections.abc import Callable
from ssl import SSLError, SSLSocket, SSLWantReadError, SSLWantWriteError
from typing import Final

from flowws._core import Timer, Watch, current_loop

from ._carrier import Owner

READ_AT_ONCE: Final = 64 * 1024  # bytes that one turn of the loop reads at most
HIGH_WATER: Final = 64 * 1024  # bytes that wait to be sent, above which the owner is to hold back
LOW_WATER: Final = 16 * 1024  # and below which it may go on
LINGER: Final = 2.0  # seconds for the other side to hang up, once all has been said

_NOTHING_YET: Final = (BlockingIOError, InterruptedError, SSLWantReadError)
_FULL: Final = (BlockingIOError, InterruptedError, SSLWantWriteError)


class Wire:
    """A connected, non-blocking socket, which belongs to the wire.

    ::

                  close()              all is sent           the peer hangs up, or LINGER is over
        OPEN ---------------> LEAVING --------------> LINGERING ---------------------------------> OVER
          |                                  `owner.lost`                                            ^
          +--- abort(), an error: `owner.lost` ------------------------------------------------------+

    What is written in one turn of the loop leaves in one piece, at its end. What lingers reads and forgets: a socket
    that is closed with bytes unread resets the connection, and our last words would be lost with it.
    """

    __slots__ = (
        "_ended",
        "_flushed",
        "_forgets",
        "_hangs_up",
        "_is_leaving",
        "_lingering",
        "_loop",
        "_on_over",
        "_out",
        "_owner",
        "_reading",
        "_reads_after_writing",
        "_send_is_due",
        "_sent",
        "_socket",
        "_writes_after_reading",
        "_writing",
        "has_room",
        "is_over",
    )

    def __init__(self, line: socket.socket, owner: Owner, on_over: Callable[[], object] | None = None) -> None:
        # Stored state
        self._socket = line
        self._owner: Owner | None = owner  # None once it was told that the wire is lost
        self._on_over = on_over
        self._loop = current_loop()
        self._reading: Watch | None = None
        self._writing: Watch | None = None
        self._out = bytearray()
        self._sent = 0  # bytes in all
        self._flushed: list[tuple[int, Callable[[], object]]] = []  # what to call after how many bytes
        self._send_is_due = False
        self._writes_after_reading = False  # as TLS may have to
        self._reads_after_writing = False  # as above
        self._is_leaving = False  # `close` was called
        self._hangs_up = False  # whether it is for us to hang up first
        self._forgets = False  # LINGERING
        self._lingering: Timer | None = None
        self._ended = False  # the peer sends nothing more
        self.has_room = True
        """Whether what is written leaves soon."""
        self.is_over = False
        """Whether the socket is closed."""
        if line.family in (socket.AF_INET, socket.AF_INET6):
            line.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def belongs_to(self, owner: Owner) -> None:
        """From now on `owner` is told."""
        self._owner = owner

    @property
    def unsent(self) -> int:
        """How many bytes wait to be sent."""
        return len(self._out)

    # Reading

    def read(self, on: bool) -> None:
        """Take what arrives, or leave it in the socket."""
        if on == (self._reading is not None) or self.is_over or self._ended:
            return
        if self._reading is None:
            self._reading = self._loop.when_readable(self._socket, self._readable)
        elif not self._forgets:
            self._stop_reading()

    def _stop_reading(self) -> None:
        if self._reading is not None:
            self._reading.cancel()
            self._reading = None

    def _readable(self) -> None:
        try:
            data = self._socket.recv(READ_AT_ONCE)  # of TLS, one record: the next one still makes the socket readable
        except _NOTHING_YET:
            return
        except SSLWantWriteError:
            self._reads_after_writing = True
            self._wait_until_writable()
            return
        except OSError as error:
            self._end(error)
            return
        if not data:
            self._end_of_input()
        elif not self._forgets:
            assert self._owner is not None  # it is told all until the wire forgets
            self._owner.received(data)
        if self._writes_after_reading:
            self._writes_after_reading = False
            self._send()

    def _end_of_input(self) -> None:
        self._ended = True
        self._stop_reading()
        if self._forgets:
            self._end(None)
        elif self._owner is not None:
            self._owner.ended()

    # Writing

    def write(self, data: bytes) -> None:
        """Send bytes, after those that wait already. Once the wire is leaving, they go nowhere."""
        if self._is_leaving or self.is_over:
            return
        self._out += data
        if not self._send_is_due and self._writing is None:
            self._send_is_due = True
            self._loop.call_soon(self._send_what_is_due)
        if self.has_room and len(self._out) > HIGH_WATER:
            self._make_room()

    def _make_room(self) -> None:
        if self._writing is None:
            self._send()
        if len(self._out) > HIGH_WATER and self._owner is not None:
            self.has_room = False
            self._owner.room_changed(False)

    def _send_what_is_due(self) -> None:
        self._send_is_due = False
        self._send()

    def _send(self) -> None:
        """Give the operating system as much as it takes."""
        out = self._out
        try:
            while out:
                sent = self._socket.send(out)
                self._sent += sent
                del out[:sent]
        except SSLWantReadError:
            self._writes_after_reading = True
            self._stop_writing()
            return
        except _FULL:
            self._wait_until_writable()
        except OSError as error:
            self._end(error)
            return
        else:
            self._stop_writing()
        self._after_sending()

    def _stop_writing(self) -> None:
        if self._writing is not None:
            self._writing.cancel()
            self._writing = None

    def _wait_until_writable(self) -> None:
        if self._writing is None and not self.is_over:
            self._writing = self._loop.when_writable(self._socket, self._writable)

    def _writable(self) -> None:
        self._send()
        if self._reads_after_writing and not self.is_over:
            self._reads_after_writing = False
            self._readable()

    def _after_sending(self) -> None:
        while self._flushed and self._flushed[0][0] <= self._sent:
            self._flushed.pop(0)[1]()
        if not self.has_room and len(self._out) <= LOW_WATER and self._owner is not None:
            self.has_room = True
            self._owner.room_changed(True)
        if self._is_leaving and not self._out and not self._forgets:
            self._linger()

    def on_flushed(self, call: Callable[[], object]) -> None:
        """Make a call once the operating system has what was written by now; at once, if it has, or never will."""
        if self._send_is_due:
            self._send()
        if self._out:
            self._flushed.append((self._sent + len(self._out), call))
        else:
            call()

    # Ending

    def close(self, *, hang_up: bool = True) -> None:
        """Send what was written, then end the connection, or wait LINGER for the peer to do that."""
        if not self._is_leaving and not self.is_over:
            self._is_leaving = True
            self._hangs_up = hang_up
            if self._out:
                self._send()
            else:
                self._linger()

    def abort(self) -> None:
        """End the connection at once; what the operating system does not take in this moment is lost."""
        if self._send_is_due:
            self._send()
        self._end(None)

    def _linger(self) -> None:
        self._forgets = True
        if self._ended or self.is_over:
            self._end(None)
            return
        self._tell_the_end(None)
        if self._hangs_up:
            self._say_goodbye()
        self._lingering = self._loop.call_later(LINGER, self.abort)
        self.read(True)

    def _say_goodbye(self) -> None:
        try:
            if isinstance(self._socket, SSLSocket):
                self._socket.unwrap()
        except (SSLError, OSError, ValueError):  # the peer's own goodbye has not come yet; or it is gone
            pass
        try:
            self._socket.shutdown(socket.SHUT_WR)
        except OSError:  # the peer is gone; the next read tells
            pass

    def _end(self, cause: BaseException | None) -> None:
        if self.is_over:
            return
        self.is_over = True
        self._stop_reading()
        self._stop_writing()
        if self._lingering is not None:
            self._lingering.cancel()
            self._lingering = None
        self._socket.close()
        self._out.clear()
        flushed, self._flushed = self._flushed, []
        for _, call in flushed:
            call()
        self._tell_the_end(cause)
        if self._on_over is not None:
            self._on_over()

    def _tell_the_end(self, cause: BaseException | None) -> None:
        owner, self._owner = self._owner, None
        if owner is not None:
            self._loop.call_soon(lambda: owner.lost(cause))

    def __repr__(self) -> str:
        state = "over" if self.is_over else "lingering" if self._forgets else "open"
        return f"<Wire {state}, {len(self._out)} bytes waiting>"
