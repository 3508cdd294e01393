"""Engines: what carries a session's frames. This is the one small interface between them.

::

        session  ---  Connection: write, write_frame, write_close, on_flushed, pause_reading, resume_reading,
                                  close, abort                                                       -->  engine
        session  <--  Endpoint: text_received, frame_received, failed, writing_paused, writing_resumed,
                                eof_received, connection_lost                                        ---  engine

        server   ---  Engine.serve(decide, listeners): every request goes to `decide`, which answers  -->  engine
        client   ---  Engine.connect(opening, line): one handshake over a line that is dialled        -->  engine

An engine delivers frames whole and unmasked, in order, and answers nothing by itself, except that its parser may
fail the connection (`Endpoint.failed`). Everything between session and engine is a plain call on the session's loop:
nothing waits.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from socket import socket
from ssl import SSLContext
from typing import Any, Final, Literal, Protocol, TypeAlias

from websockets.datastructures import Headers

from flowws._core import Timer as Timer
from flowws._core import Waiter

from ._frame_reader import FrameReader as FrameReader
from ._frame_reader import ViolationError as ViolationError
from ._frame_reader import WireFrame as WireFrame
from ._frame_reader import frame_bytes as frame_bytes
from ._hand_over import HandOver as HandOver
from ._hand_over import TextReceived as TextReceived
from ._hand_over import Waiting as Waiting
from ._hand_over import hand_over_soon as hand_over_soon
from ._memory_line import Line as Line
from ._memory_line import LineEnd as LineEnd
from ._memory_line import Pipe as Pipe

LARGE: Final = 8192
"""Bytes of a message that is not worth copying once more than it has to be."""


class Connection(Protocol):
    """What a session may ask of its engine."""

    write: Callable[[int, str | bytes], object]
    """Write one final frame without reserved bits: opcode and payload. Taken at any time; see `is_writable`."""

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

    @property
    def write_wire(self) -> Callable[[bytes], object] | None:
        """Write the bytes of whole frames, as they travel; never behind a Close frame. None where frames are not ours
        to make.
        """
        ...

    def write_frame(self, opcode: int, payload: bytes, *, fin: bool, rsv: int) -> None:
        """Write a frame as it is: a fragment, one with reserved bits (RSV1 as 4, RSV2 as 2, RSV3 as 1), a Close frame
        of a raw session.
        """

    def write_close(self, code: int, message: str) -> None:
        """Write our Close frame. Nothing that is written after it is sent."""

    def on_flushed(self, call: Callable[[], object]) -> None:
        """Make a call once all that was written by now has been handed to the operating system: at once, if it has
        been, or cannot be any more.
        """

    def set_masking(self, on: bool) -> None:
        """Mask the frames that are written from now on, or not. Raises `ValueError` where this engine cannot do that
        in this role.
        """

    def limit_frames(self, size: int) -> None:
        """How many bytes a frame may have from now on. Raises `ValueError` where this engine cannot go so far."""

    def listen_for_life(self) -> None:
        """From now on, `heard` says whether bytes have arrived. Raises `ValueError` where this engine cannot send
        pings, see `Abilities`.
        """

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
    def text_received(self) -> TextReceived:
        """A text frame has arrived that is final, valid UTF-8, and has no reserved bits. Any other goes to
        `frame_received`, and so may one of `LARGE` bytes or more.

        The second argument is how the task that waits for the text is to get it: if not said otherwise, it goes on in
        a turn of the loop of its own.
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


# Requests and answers


@dataclass(frozen=True, slots=True)
class Tls:
    """What is known of a connection's TLS."""

    version: str | None
    """Such as ``"TLSv1.3"``."""
    cipher: str | None
    """Its name."""
    peer_certificate: Mapping[str, Any] | None
    """The certificate of the other side, as `ssl.SSLSocket.getpeercert` gives it; None where none was asked for."""


@dataclass(frozen=True, slots=True)
class Request:
    """The HTTP request of a client."""

    target: str
    """Path and query, as they were sent."""
    headers: Headers
    method: str = "GET"
    client_address: tuple[str, int] | None = None
    tls: Tls | None = None
    scope: Mapping[str, Any] = field(default_factory=dict[str, Any])
    """The ASGI scope, where the engine is asgi."""
    scheme: Literal["ws", "wss"] | None = None
    """What the client spoke, with us or with a proxy that is trusted; None until the server has looked at that."""


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
    subprotocol: str | None = None
    """The one that was chosen; it is in `headers` too."""


Answer: TypeAlias = Response | Upgrade

Decide: TypeAlias = Callable[[Request, Callable[[Answer], object]], object]
"""What a server does about a request: makes the second argument's call once, now or later, on the loop; it does not
raise. An engine takes no notice of an answer to a client that is gone.
"""


# Engines


@dataclass(frozen=True, slots=True)
class Abilities:
    """What an engine can do beyond carrying messages. What it cannot is refused when a route or a session asks for
    it.
    """

    raw: bool = True
    """Show and send each frame: control frames, fragments, reserved bits."""
    pings: bool = True
    """Send pings and see pongs."""
    server_masking: bool = True
    """Mask the frames of a server."""
    server_may_limit: bool = True
    """Raise, in an open session, the frame size that it was opened with."""


@dataclass(frozen=True, slots=True)
class ServerLimits:
    """What a server bears from those who have no session yet."""

    max_frame_size: int
    """The largest of all routes: what an engine has to let pass."""
    head_timeout: float = 10.0
    """Seconds for a request to arrive, TLS handshake included."""
    max_head_size: int = 64 * 1024
    """Bytes of a request line and its headers together; beyond, 431."""
    max_connections: int | None = None
    """Of all clients together, sessions or not; beyond, 503."""
    max_connections_per_address: int | None = None
    """Of one client address; beyond, 429."""


@dataclass(frozen=True, slots=True)
class Opening:
    """What a client asks for."""

    url: str
    headers: Sequence[tuple[str, str]]
    """Beside those of the handshake itself."""
    check: Callable[[Headers], None]
    """Looks at the headers of a 101 before the session opens; what it raises comes out of `connect`."""
    open: Callable[[Connection, Headers], Endpoint]
    ssl: SSLContext | None
    """For ``wss``; None is the default context."""
    server_hostname: str | None
    """Whose certificate is expected; None is the host of the URL."""
    max_frame_size: int


class RefusedError(Exception):
    """The server answered, but not with a proper 101."""

    def __init__(self, problem: str, status: int | None, headers: Headers, body: bytes) -> None:
        super().__init__(problem)
        self.problem: str = problem
        self.status: int | None = status
        self.headers: Headers = headers
        self.body: bytes = body


class Listening(Protocol):
    """What listens for clients."""

    @property
    def sockets(self) -> Sequence[socket]:
        """The sockets that listen; none any more after `close`."""
        ...

    def close(self) -> None:
        """Take no more clients. Those who are here stay."""

    def cut_all(self) -> None:
        """End every connection at once, those without a session included."""

    async def wait_closed(self) -> None:
        """Wait until every client is gone."""


class Engine(Protocol):
    """One way to carry sessions over sockets: picows or sansio."""

    name: str
    can: Abilities

    async def serve(
        self, decide: Decide, listeners: Sequence[socket], *, ssl: SSLContext | None, limits: ServerLimits
    ) -> Listening:
        """Take clients from sockets that are bound and listen. The engine owns the sockets from now on."""
        ...

    async def connect(self, opening: Opening, line: socket) -> None:
        """Shake hands over a connected, non-blocking socket, and call `opening.open`. The engine owns the socket from
        now on; the caller sets the time limit by cancelling.

        Raises `RefusedError` where the server says no, and `OSError` where the line breaks.
        """
