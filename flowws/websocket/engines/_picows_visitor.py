"""`Visitor`: a client of a server that has no session yet."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import TYPE_CHECKING, Final, cast

from websockets.http11 import Request as RequestHead

from flowws._core import report

from . import Answer, Decide, Request, Response, ServerLimits, Tls, Upgrade
from ._answers import FAILED, NOT_BY_GET, response_bytes, upgrade_bytes
from ._head_reader import HeadReader
from ._picows_connection import PicowsConnection, end_our_side
from ._places import Place

if TYPE_CHECKING:
    from ssl import SSLObject

    from ._picows_parser import Parsers
    from ._plain_transport import Transport

LINGER: Final = 2.0  # seconds for a client to take note of an answer and hang up


class Visitor(asyncio.BufferedProtocol):
    """Reads a request, has it decided, and answers.

    ::

        arrival --(TLS)--> READING --head--> DECIDING --101--> the transport is a PicowsConnection's
                              |                 |
                              +----- refused ---+---page-----> SEEN OFF: the answer leaves; what the client says is
                                                               thrown away, until it hangs up or is cut
    """

    def __init__(
        self,
        decide: Decide,
        limits: ServerLimits,
        place: Place,
        address: tuple[str, int] | None,
        room: bytearray,
        parsers_for: Callable[[int], Parsers],
    ) -> None:
        # Stored state
        self._parsers_for = parsers_for
        self._room = room  # for one read of whichever visitor: what is read is taken out at once
        self._decide = decide
        self._limits = limits
        self._place = place
        self._address = address
        self._reader: HeadReader | None = HeadReader(limits.max_head_size)  # while READING
        self._head: RequestHead | None = None  # while DECIDING
        self._unsent = 0  # while SEEN OFF: what had not left at the last look
        self._timer = asyncio.get_running_loop().call_later(limits.head_timeout, self._cut)
        self._rest = b""

    def _cut(self) -> None:
        if self._place.cut is not None:
            self._place.cut()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._tcp = cast("Transport", transport)
        self._place.cut = self._tcp.abort
        if self._place.refusal is not None:
            self._say(self._place.refusal)

    # Reading

    def get_buffer(self, sizehint: int) -> bytearray:
        return self._room

    def buffer_updated(self, nbytes: int) -> None:
        if self._reader is None:
            if self._is_deciding():  # the pause is on its way
                self._rest += self._room[:nbytes]
            return
        head = self._reader.feed(self._room[:nbytes])
        if isinstance(head, Response):
            self._say(head)
        elif head is not None:
            self._ask(head, self._reader.rest)

    def _ask(self, head: RequestHead, rest: bytes) -> None:
        self._timer.cancel()
        self._reader = None
        self._head, self._rest = head, rest
        tcp = self._tcp
        self._decide(Request(head.path, head.headers, head.method, self._address, _tls_of(tcp)), self._answer)
        if self._is_deciding():  # the answer takes time: what comes until then waits in the socket
            asyncio.get_running_loop().call_soon(self._wait)  # why not here: see `PicowsConnection.pause_reading`

    def _wait(self) -> None:
        if self._is_deciding():
            self._tcp.pause_reading()

    def _is_deciding(self) -> bool:
        return self._head is not None

    # Answering

    def _answer(self, answer: Answer) -> None:
        head, self._head = self._head, None
        if head is None:  # the client is gone
            return
        self._tcp.resume_reading()
        if isinstance(answer, Response):
            self._say(answer, head.method)
        elif head.method != "GET":
            self._say(NOT_BY_GET, head.method)
        else:
            self._open(answer, head)

    def _open(self, upgrade: Upgrade, head: RequestHead) -> None:
        keys = head.headers.get_all("Sec-WebSocket-Key")
        first = upgrade_bytes(upgrade, keys[0]) if keys else None  # `decide` sees to it that there is one
        if first is None:
            self._say(FAILED)
            return
        self._tcp.write(first)
        connection = PicowsConnection(
            self._tcp,
            is_client=False,
            max_frame_size=self._limits.max_frame_size,
            client_address=self._address,
            parsers_for=self._parsers_for,
            on_gone=self._place.leave,
        )
        self._place.cut = connection.abort
        try:
            connection.open(upgrade.open, self._rest)
        except Exception as error:  # noqa: BLE001  # one client's trouble
            report("a session could not be opened", error)
            connection.abort()

    def _say(self, response: Response, method: str = "GET") -> None:
        self._timer.cancel()
        self._reader = None
        self._tcp.write(response_bytes(response, method))
        self._unsent = self._tcp.get_write_buffer_size()
        # A connection that is closed while something unread arrives is reset, and the answer is lost on its way.
        if not end_our_side(self._tcp):
            self._tcp.close()
        self._see_off_later()

    def _see_off_later(self) -> None:
        self._timer = asyncio.get_running_loop().call_later(LINGER, self._see_off)

    def _see_off(self) -> None:
        unsent, self._unsent = self._unsent, self._tcp.get_write_buffer_size()
        if 0 < self._unsent < unsent:  # it takes its time, but it takes the answer
            self._see_off_later()
        else:
            self._cut()

    def connection_lost(self, exc: Exception | None) -> None:
        self._timer.cancel()
        self._reader = self._head = None
        self._place.leave()


def _tls_of(tcp: Transport) -> Tls | None:
    tls: SSLObject | None = tcp.get_extra_info("ssl_object")
    if tls is None:
        return None
    cipher = tls.cipher()
    return Tls(tls.version(), None if cipher is None else cipher[0], tls.getpeercert() or None)
