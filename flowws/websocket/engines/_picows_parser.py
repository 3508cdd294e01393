"""`Parsers`: picows' parser of frames, without the rest of its protocol, shared by those who need none at the moment.

picows' protocol also shakes hands, reports, answers violations and hangs up, each in a way of its own: it wants one
single token in the ``Connection`` header, and ends a failed connection after ten milliseconds, read or not. Here it
talks to a transport that leads nowhere. What remains is what cuts bytes into frames.
"""

from __future__ import annotations

import logging
from asyncio import get_running_loop
from base64 import b64encode
from collections.abc import Callable
from http import HTTPStatus
from typing import Any, Final, Protocol

from picows import (
    WSAutoPingStrategy,
    WSFrame,
    WSListener,
    WSMsgType,
    WSTransport,
    WSUpgradeResponse,
    WSUpgradeResponseWithListener,
)
from picows import picows as compiled
from websockets.utils import accept_key

from . import LARGE

READ_BUFFER: Final = 16 * 1024  # bytes of a parser to begin with; it doubles as larger frames come in
_KEPT: Final = 64  # parsers that wait for work, at most
_TEXT: Final = WSMsgType.TEXT
_CLOSE: Final = WSMsgType.CLOSE

_REQUEST: Final = (
    b"GET / HTTP/1.1\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
    b"Sec-WebSocket-Key: " + b64encode(bytes(16)) + b"\r\n\r\n"
)
_ANSWER: Final = (
    "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: {}\r\n\r\n"
)

WSProtocol: Final[Any] = vars(compiled)["WSProtocol"]  # its stub has left it out

_log: Final = logging.getLogger("flowws.websocket.picows")


class Reader(Protocol):
    """Whose bytes a parser cuts into frames."""

    @property
    def text_received(self) -> Callable[[str], object]:
        """As of an `Endpoint`."""
        ...

    def frame_arrived(self, kind: int, frame: WSFrame) -> None:
        """Any other frame, with its opcode. `frame` is good only until this returns."""

    def parser_failed(self, code: int, message: str) -> None:
        """These bytes are no frames: the connection fails with this code and text. The frame before them may still be
        on its way.
        """

    def abort(self) -> None:
        """End the connection: taking a frame went wrong on this side."""


NOBODY: Final[Any] = None
"""The reader of a parser that is free."""


class Parsers:
    """Parsers for the connections of one side whose frames have the same limit.

    Between two frames a connection needs none: most connections are idle, and a parser takes more room than everything
    else that they are made of (benchmarks/bench_session.py, ``memory`` and ``connect``).

    ::

        take --> a reader's, while it is in the middle of a frame --> put_back --> the next reader's
                    |                                                     ^
                    +--> or to its end: the frame stopped, was bad,       |
                         or a Close frame ----> leave_behind -------------+----> thrown away, if it cannot go on
    """

    __slots__ = ("_is_client", "free", "limit")

    def __init__(self, limit: int, *, is_client: bool) -> None:
        self.limit = limit
        """How many bytes a frame may have."""
        self._is_client = is_client
        self.free: list[Parser] = []
        """Those that nobody has now, each between two frames, with `NOBODY` as their reader."""

    def take(self, reader: Reader) -> Parser:
        """A parser that is between two frames."""
        parser = self.free.pop() if self.free else Parser(self.limit, is_client=self._is_client)
        parser.reader = reader
        return parser

    def put_back(self, parser: Parser) -> None:
        """Take back one that is between two frames."""
        parser.reader = NOBODY
        if len(self.free) < _KEPT:
            self.free.append(parser)
        else:
            parser.throw_away()

    def leave_behind(self, parser: Parser) -> None:
        """Take one back from a reader that is gone."""
        if parser.tail or parser.has_failed:
            parser.throw_away()
            return
        if parser.is_kept:
            parser.begin_anew()
        self.put_back(parser)

    def close(self) -> None:
        """No more readers will come."""
        while self.free:
            self.free.pop().throw_away()


class Parser(WSListener):
    """Cuts what arrives into frames, and gives them to its reader."""

    __slots__ = ("_ear", "_transport", "buffer_updated", "get_buffer", "is_kept", "reader", "tail")

    def __init__(self, limit: int, *, is_client: bool) -> None:
        auto_ping = (False, 10, 10, WSAutoPingStrategy.PING_WHEN_IDLE, False)

        def the_listener(*_: object) -> WSListener | WSUpgradeResponseWithListener:
            return self if is_client else WSUpgradeResponseWithListener(_AGREED, self)

        self.reader: Reader = NOBODY
        """Whose bytes come now."""
        self.tail = 0
        """How many bytes have come behind the last frame. Set it to something else to see whether one has come."""
        self.is_kept = False
        """Whether it is its reader's to the end: after a Close frame, or a failure."""
        self._ear = Ear(self)
        picows = WSProtocol(
            "-", "/", is_client, the_listener, self._ear, False, None, *auto_ping, limit, None, READ_BUFFER
        )
        picows.connection_made(_NOWHERE)
        self._transport: Any = picows.transport
        self.get_buffer: Callable[[int], memoryview] = picows.get_buffer
        """Where to read to."""
        self.buffer_updated: Callable[[int], object] = picows.buffer_updated
        """Parse so many bytes, that were read."""
        self.feed(_answer_to(picows.transport.request) if is_client else _REQUEST)
        picows.transport.request.headers = None  # it would keep them
        self.tail = 0

    def feed(self, data: bytes) -> None:
        """Parse bytes that were read elsewhere, up to a violation: picows itself would go on behind it."""
        left = memoryview(data)
        while left and not self._ear.has_heard:
            room = self.get_buffer(-1)
            count = min(len(room), len(left))
            room[:count] = left[:count]
            left = left[count:]
            self.tail = 1  # of a part, too: it may end where a frame does, and what is left may be half a frame
            self.buffer_updated(count)

    def on_ws_frame(self, transport: WSTransport, frame: WSFrame) -> None:
        """What picows calls."""
        self.tail = frame.tail_size
        kind = frame.msg_type
        if kind is _TEXT and frame.payload_size < LARGE and frame.fin and not (frame.rsv1 or frame.rsv2 or frame.rsv3):
            try:
                text = frame.get_payload_as_utf8_text()
            except UnicodeDecodeError:
                pass  # which code that deserves, the session says
            else:
                self.reader.text_received(text)
                return
        if kind is _CLOSE:
            self.is_kept = True
        self.reader.frame_arrived(kind.value, frame)

    def failed(self, code: int, message: str) -> None:
        """Picows has given up: the peer broke the protocol."""
        self.is_kept = True
        self.reader.parser_failed(code, message)

    def broke(self) -> None:
        """Picows has given up: this side has a fault."""
        self.is_kept = True
        self.reader.abort()

    @property
    def has_failed(self) -> bool:
        """Whether picows has given up."""
        return self._ear.has_heard

    def begin_anew(self) -> None:
        """Forget the Close frame that has come: picows would refuse the next reader's. It keeps it in its transport."""
        self._transport.__init__(self._transport.is_client_side, _NOWHERE, self._ear, get_running_loop())
        self.is_kept = False

    def throw_away(self) -> None:
        """It is not used any more: the circles through picows end here."""
        self.reader = NOBODY
        del self.get_buffer, self.buffer_updated, self._transport


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

    __slots__ = ("_parser", "has_heard")

    def __init__(self, parser: Parser | None) -> None:
        self._parser = parser
        self.has_heard = False
        """Whether picows has given up."""

    def isEnabledFor(self, level: int) -> bool:  # noqa: N802  # the name is logging's
        """Nothing that is said for the record is listened to."""
        return False

    def error(self, message: str, failure: tuple[int, str]) -> None:
        """The parser met a violation."""
        self.has_heard = True
        _log.debug("the peer broke the protocol: %s", failure[1])
        if self._parser is not None:
            self._parser.failed(int(failure[0]), failure[1])

    def exception(self, message: str) -> None:
        """Something was raised where nothing should be."""
        self.has_heard = True
        _log.exception("a connection failed on this side")
        if self._parser is not None:
            self._parser.broke()

    def info(self, message: str, *args: object) -> None:
        """For the record."""

    debug = warning = info


DEAF: Final = Ear(None)
"""For a writer, which has nothing to tell."""


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
