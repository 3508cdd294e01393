"""`Parser`: picows' parser of frames, without the rest of its protocol.

picows' protocol also shakes hands, reports, answers violations and hangs up, each in a way of its own: it wants one
single token in the ``Connection`` header, and ends a failed connection after ten milliseconds, read or not. Here it
talks to a transport that leads nowhere. What remains is what cuts bytes into frames.
"""

from __future__ import annotations

import logging
from base64 import b64encode
from collections.abc import Callable
from http import HTTPStatus
from typing import Any, Final, Protocol

from picows import WSAutoPingStrategy, WSListener, WSUpgradeResponse, WSUpgradeResponseWithListener
from picows import picows as compiled
from websockets.utils import accept_key

READ_BUFFER: Final = 2048  # bytes per connection to begin with; it doubles as larger frames come in

_REQUEST: Final = (
    b"GET / HTTP/1.1\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
    b"Sec-WebSocket-Key: " + b64encode(bytes(16)) + b"\r\n\r\n"
)
_ANSWER: Final = (
    "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: {}\r\n\r\n"
)

WSProtocol: Final[Any] = vars(compiled)["WSProtocol"]  # its stub has left it out

_log: Final = logging.getLogger("flowws.websocket.picows")


class Failing(Protocol):
    """Whom a parser tells how it ended."""

    def parser_failed(self, code: int, message: str) -> None:
        """These bytes are no frames: the connection fails with this code and text. The frame before them may still be
        on its way.
        """

    def abort(self) -> None:
        """End the connection: taking a frame went wrong on this side."""


class Parser:
    """Cuts what arrives into frames, and gives them to the `on_ws_frame` of a listener."""

    __slots__ = ("_ear", "buffer_updated", "get_buffer", "limit")

    def __init__(self, listener: WSListener, failing: Failing, limit: int, *, is_client: bool) -> None:
        auto_ping = (False, 10, 10, WSAutoPingStrategy.PING_WHEN_IDLE, False)

        def the_listener(*_: object) -> WSListener | WSUpgradeResponseWithListener:
            return listener if is_client else WSUpgradeResponseWithListener(_AGREED, listener)

        self._ear = Ear(failing)
        picows = WSProtocol(
            "-", "/", is_client, the_listener, self._ear, False, None, *auto_ping, limit, None, READ_BUFFER
        )
        picows.connection_made(_NOWHERE)
        self.limit = limit
        """How many bytes a frame may have."""
        self.get_buffer: Callable[[int], memoryview] = picows.get_buffer
        """Where to read to."""
        self.buffer_updated: Callable[[int], object] = picows.buffer_updated
        """Parse so many bytes, that were read."""
        self.feed(_answer_to(picows.transport.request) if is_client else _REQUEST)
        picows.transport.request.headers = None  # it would keep them

    def feed(self, data: bytes) -> None:
        """Parse bytes that were read elsewhere, up to a violation: picows itself would go on behind it."""
        left = memoryview(data)
        while left and not self._ear.has_heard:
            room = self.get_buffer(-1)
            count = min(len(room), len(left))
            room[:count] = left[:count]
            left = left[count:]
            self.buffer_updated(count)


def _answer_to(request: Any) -> bytes:
    """What picows wants to hear as a client before the first frame."""
    return _ANSWER.format(accept_key(request.headers["Sec-WebSocket-Key"])).encode()


class _Agreed(WSUpgradeResponse):
    """What picows would answer to `_REQUEST`: one for all, and never written out."""

    def to_bytes(self) -> bytearray:
        return bytearray()


_AGREED: Final = _Agreed()
_AGREED.status = HTTPStatus.SWITCHING_PROTOCOLS
_AGREED.headers = vars(compiled)["CIMultiDict"]()


class Ear:
    """What picows takes for its logger: it is told first that, and why, picows gives up."""

    __slots__ = ("_failing", "has_heard")

    def __init__(self, failing: Failing | None) -> None:
        self._failing = failing
        self.has_heard = False
        """Whether picows has given up."""

    def isEnabledFor(self, level: int) -> bool:  # noqa: N802  # the name is logging's
        """Nothing that is said for the record is listened to."""
        return False

    def error(self, message: str, failure: tuple[int, str]) -> None:
        """The parser met a violation."""
        self.has_heard = True
        _log.debug("the peer broke the protocol: %s", failure[1])
        if self._failing is not None:
            self._failing.parser_failed(int(failure[0]), failure[1])

    def exception(self, message: str) -> None:
        """Something was raised where nothing should be."""
        self.has_heard = True
        _log.exception("a connection failed on this side")
        if self._failing is not None:
            self._failing.abort()

    def info(self, message: str, *args: object) -> None:
        """For the record."""

    debug = warning = info


class _Nowhere:
    """A transport, and the socket below it, that lead nowhere."""

    def get_extra_info(self, name: str) -> _Nowhere | None:
        return self if name == "socket" else None

    def fileno(self) -> int:
        return -1

    def setsockopt(self, *option: int) -> None:
        """There is nothing to set."""

    def getsockopt(self, *option: int) -> int:
        return 0

    def get_write_buffer_size(self) -> int:
        return 1  # or picows would write to the socket itself

    def write(self, data: object) -> None:
        """What picows says is not for the peer."""

    writelines = write

    def close(self) -> None:
        """The connection is not picows' to end."""

    abort = close


_NOWHERE: Final = _Nowhere()
