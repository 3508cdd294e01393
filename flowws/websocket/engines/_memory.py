"""The memory engine: clients and a server joined without sockets, on asyncio and trio, in virtual time where that is.

It is the sansio engine over another wire: what travels is what a socket would carry, byte for byte, and so it can be
cut, held back and spoilt as on a wire. Only the handshake is made of values, not of bytes.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextvars import copy_context
from http.client import responses
from typing import Final

from websockets.client import ClientProtocol
from websockets.datastructures import Headers
from websockets.uri import parse_uri
from websockets.utils import accept_key

from flowws._core import Waiter, new_waiter

from . import Abilities, Answer, Connection, Decide, Endpoint, Opening, RefusedError, Request, Response, Tls, Upgrade
from ._memory_line import CAPACITY, Line, LineEnd
from ._sansio_connection import SansioConnection

name: Final = "memory"
can: Final = Abilities()

CLIENT_ADDRESS: Final = ("127.0.0.1", 50000)
"""Where the clients seem to be."""


class MemoryEngine:
    """The way from clients to one server: what a `WebSocketClient` takes for an engine."""

    name: str = name
    can: Abilities = can

    def __init__(self, decide: Decide, *, max_frame_size: int, capacity: int = CAPACITY) -> None:
        self._decide = decide
        self._max_frame_size = max_frame_size
        self._capacity = capacity
        self._context = copy_context()  # the server's, not that of whoever dials
        self._lines: list[Line] = []

    @property
    def lines(self) -> tuple[Line, ...]:
        """The lines that are not over, the oldest first."""
        self._lines = [line for line in self._lines if not line.is_over]
        return tuple(self._lines)

    async def reach(self, opening: Opening) -> None:
        """Shake hands, see `Engine.connect`; nothing needs to be dialled before."""
        line, headers = await self.dial(opening.url, opening.headers)

        def open_session(connection: Connection) -> Endpoint:
            return opening.open(connection, headers)

        try:
            opening.check(headers)
            secure = parse_uri(opening.url).secure
            _begin(line.client, open_session, secure, is_client=True, max_size=opening.max_frame_size)
        except BaseException:
            line.client.abort()
            raise

    async def dial(self, url: str, headers: Sequence[tuple[str, str]] = ()) -> tuple[Line, Headers]:
        """A line with a session at its server's end, and the headers of the 101: for whoever speaks for the client.

        Raises `RefusedError`.
        """
        uri = parse_uri(url)
        handshake = ClientProtocol(uri).connect()
        for field, value in headers:
            if field.lower() == "host":
                del handshake.headers["Host"]
            handshake.headers[field] = value
        tls = Tls(None, None, None) if uri.secure else None
        request = Request(handshake.path, handshake.headers, client_address=CLIENT_ADDRESS, tls=tls)
        answer = await self._ask(request)
        if isinstance(answer, Response):
            raise _refused(answer)
        line = Line(self._capacity)
        self._lines = [*self.lines, line]
        size = self._max_frame_size
        self._context.copy().run(_begin, line.server, answer.open, uri.secure, is_client=False, max_size=size)
        return line, _switching(answer, handshake.headers["Sec-WebSocket-Key"])

    async def _ask(self, request: Request) -> Answer:
        answered: Waiter[Answer] = new_waiter()

        def respond(answer: Answer) -> None:
            if not answered.done():  # else the client is gone
                answered.set_result(answer)

        self._context.copy().run(self._decide, request, respond)
        return await answered


def _begin(
    end: LineEnd, open_session: Callable[[Connection], Endpoint], is_secure: bool, *, is_client: bool, max_size: int
) -> None:
    """Open a session at this end. A memory is as safe as any TLS: ``wss`` is what it says it is."""
    connection = SansioConnection(
        end, is_client=is_client, max_frame_size=max_size, client_address=CLIENT_ADDRESS, is_secure=is_secure
    )
    connection.begin(open_session, rest=b"")


def _switching(answer: Upgrade, key: str) -> Headers:
    of_the_handshake = (("Upgrade", "websocket"), ("Connection", "Upgrade"), ("Sec-WebSocket-Accept", accept_key(key)))
    return Headers([*of_the_handshake, *answer.headers])


def _refused(answer: Response) -> RefusedError:
    says = f"{answer.status} {responses.get(answer.status, '')}".strip()
    problem = f"expected status 101, the server answered {says}"
    return RefusedError(problem, answer.status, Headers(answer.headers), answer.body)
