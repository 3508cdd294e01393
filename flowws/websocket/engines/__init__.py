"""Engines: what carries a session's frames. This is the one small interface between them.

::

        session  ---  Connection: write, write_close, pause_reading, resume_reading, close, abort  -->  engine
        session  <--  Endpoint: text_received, frame_received, failed, writing_paused, writing_resumed,
                                eof_received, connection_lost                                ---  engine

An engine delivers frames whole and unmasked, in order, and answers nothing by itself, except that its parser may
fail the connection (`Endpoint.failed`). Everything here is a plain call on the session's loop: nothing waits.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from socket import socket
from typing import Any, Protocol, TypeAlias

from websockets.datastructures import Headers

from flowws._core import Waiter


class Timer(Protocol):
    """A call that is due later."""

    def cancel(self) -> object:
        """Do not make the call. Harmless when repeated, or when it was made."""


class Connection(Protocol):
    """What a session may ask of its engine."""

    write: Callable[[int, str | bytes], object]
    """Write one final frame: opcode and payload. Taken at any time; see `is_writable`."""

    new_waiter: Callable[[], Waiter[Any]]
    """What `flowws.new_waiter` gives, without the question which loop this is."""

    is_writable: bool
    """Whether what is written leaves soon. While it is False, only control frames should be written."""

    heard: bool
    """Whether bytes have arrived since `listen_for_life`."""

    client_address: tuple[str, int] | None
    """The client's address; None where there is none, as on a unix socket."""

    is_secure: bool
    """Whether TLS is spoken."""

    def write_close(self, code: int, message: str) -> None:
        """Write our Close frame. Nothing that is written after it is sent."""

    def listen_for_life(self) -> None:
        """From now on, `heard` says whether bytes have arrived."""

    def pause_reading(self) -> None:
        """Leave in the socket what arrives, so that TCP slows the peer down. Frames that are read already still
        come.
        """

    def resume_reading(self) -> None:
        """Read again."""

    def close(self) -> None:
        """Send what was written, then end the connection."""

    def abort(self) -> None:
        """End the connection at once; what has not left is lost."""

    def call_later(self, delay: float, call: Callable[[], object]) -> Timer:
        """Make a call on this loop after some seconds."""
        ...


class Endpoint(Protocol):
    """What an engine tells the session."""

    @property
    def text_received(self) -> Callable[[str], None]:
        """A text frame has arrived that is final, valid UTF-8, and has no reserved bits. Any other goes to
        `frame_received`.
        """
        ...

    def frame_received(self, opcode: int, payload: bytes, fin: bool, rsv: int) -> None:
        """A frame has arrived; `rsv` has RSV1 as 4, RSV2 as 2 and RSV3 as 1."""

    def failed(self, code: int, message: str) -> None:
        """The engine's parser met a violation, and has already sent a Close frame with this code and text."""

    def writing_paused(self) -> None:
        """`is_writable` is False now."""

    def writing_resumed(self) -> None:
        """`is_writable` is True again."""

    def eof_received(self) -> None:
        """The peer sends nothing more. The endpoint ends the connection, now or after its last words."""

    def connection_lost(self, cause: BaseException | None) -> None:
        """The connection is over; the last call. `cause` says why if neither side ended it as it should be."""


class Listening(Protocol):
    """What listens for clients."""

    @property
    def sockets(self) -> Sequence[socket]:
        """The sockets that listen; none any more after `close`."""
        ...

    def close(self) -> None:
        """Take no more clients. Those who are here stay."""

    async def wait_closed(self) -> None:
        """Wait until every client is gone."""


@dataclass(frozen=True, slots=True)
class Request:
    """The HTTP request of a client."""

    target: str
    headers: Headers


@dataclass(frozen=True, slots=True)
class Response:
    """The HTTP answer to a request that opens no session."""

    status: int
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes = b""


@dataclass(frozen=True, slots=True)
class Upgrade:
    """The decision to open a session: 101, with these headers beside those of the handshake."""

    open: Callable[[Connection], Endpoint]
    headers: tuple[tuple[str, str], ...] = ()


Answer: TypeAlias = Response | Upgrade
