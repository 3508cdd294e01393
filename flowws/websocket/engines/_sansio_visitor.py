"""`Visitor`: a client of a server that has no session yet."""

from __future__ import annotations

from socket import socket
from ssl import SSLSocket

from websockets.http11 import Request as RequestHead

from flowws._core import call_later, report

from . import Answer, Decide, Request, Response, ServerLimits, Tls, Upgrade
from ._answers import FAILED, NOT_BY_GET, response_bytes, upgrade_bytes
from ._head_reader import HeadReader
from ._places import Place
from ._sansio_connection import SansioConnection
from ._sansio_tls import facts
from ._sansio_wire import LINGER, Wire


class Visitor:
    """Reads a request, has it decided, and answers. It owns a wire until a session does.

    ::

        READING --head--> DECIDING --101--> the wire is a SansioConnection's
           |                 |
           +----- refused ---+---page-----> SEEN OFF: the answer leaves, as long as the client takes any of it
    """

    def __init__(
        self, decide: Decide, limits: ServerLimits, place: Place, address: tuple[str, int] | None, time_left: float
    ) -> None:
        # Stored state
        self._decide = decide
        self._limits = limits
        self._place = place
        self._address = address
        self._tls: Tls | None = None
        self._reader: HeadReader | None = HeadReader(limits.max_head_size)  # while READING
        self._head: RequestHead | None = None  # while DECIDING
        self._rest = b""
        self._unsent = 0  # while SEEN OFF: what had not left at the last look
        self._timer = call_later(time_left, self._cut)

    def begin(self, line: socket) -> None:
        """Take the socket of the client."""
        if isinstance(line, SSLSocket):
            self._tls = facts(line)
        self._wire = wire = Wire(line, self, self._place.leave)
        self._place.cut = wire.abort
        if self._place.refusal is not None:
            self._say(self._place.refusal)
        else:
            wire.read(True)

    def _cut(self) -> None:
        self._wire.abort()

    # What the wire tells

    def received(self, data: bytes) -> None:
        if self._reader is None:
            return
        head = self._reader.feed(data)
        if isinstance(head, Response):
            self._say(head)
        elif head is not None:
            self._ask(head, self._reader.rest)

    def ended(self) -> None:
        if self._reader is not None:  # nothing more will come; an answer that is on its way still finds its reader
            self._wire.abort()

    def room_changed(self, has_room: bool) -> None:
        """An answer is one piece."""

    def lost(self, cause: BaseException | None) -> None:
        self._timer.cancel()
        self._reader = self._head = None

    # Answering

    def _ask(self, head: RequestHead, rest: bytes) -> None:
        self._timer.cancel()
        self._reader = None
        self._head, self._rest = head, rest
        self._decide(Request(head.path, head.headers, head.method, self._address, self._tls), self._answer)
        if self._is_deciding():
            self._wire.read(False)  # what comes until then waits in the socket

    def _is_deciding(self) -> bool:
        return self._head is not None

    def _answer(self, answer: Answer) -> None:
        head, self._head = self._head, None
        if head is None or self._wire.is_over:  # the client is gone
            return
        if isinstance(answer, Response):
            self._say(answer, head.method)
        elif head.method != "GET":
            self._say(NOT_BY_GET, head.method)
        else:
            self._open(answer, head)

    def _open(self, upgrade: Upgrade, head: RequestHead) -> None:
        first = upgrade_bytes(upgrade, head.headers["Sec-WebSocket-Key"])
        if first is None:
            self._say(FAILED)
            return
        self._wire.write(first)
        connection = SansioConnection(
            self._wire,
            is_client=False,
            max_frame_size=self._limits.max_frame_size,
            client_address=self._address,
            is_secure=self._tls is not None,
        )
        try:
            connection.begin(upgrade.open, self._rest)
        except Exception as error:  # noqa: BLE001  # the 101 has gone out: there is no other way to tell the client
            report("a session could not be opened", error)
            connection.abort()

    def _say(self, response: Response, method: str = "GET") -> None:
        self._reader = None
        self._timer.cancel()
        self._wire.write(response_bytes(response, method))
        self._wire.close()
        self._see_off_later()

    def _see_off_later(self) -> None:
        self._unsent = self._wire.unsent
        if self._unsent:  # else the wire itself sees to it that this ends
            self._timer = call_later(LINGER, self._see_off)

    def _see_off(self) -> None:
        if self._wire.unsent < self._unsent:  # it takes its time, but it takes the answer
            self._see_off_later()
        else:
            self._cut()
