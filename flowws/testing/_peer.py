"""`Peer`: the client of a conversation, for whom the test speaks."""

from __future__ import annotations

from typing import Any, Final, TypeVar

from flowws._core import Duration, to_seconds
from flowws.websocket import CloseReason, Dialled, Frame
from flowws.websocket.engines import frame_bytes

from ._peer_end import Over, PeerEnd
from ._settling import settle_now
from ._wire import Wire

T = TypeVar("T")

_ANY: Final[Any] = object()


class Peer:
    """The client of a conversation: it says what the test tells it, and each `expect_...` takes what came next.

    ::

        await peer.send("hello")  -->  frames, masked  -->  wire  -->  the server's session
        await peer.expect_text("HELLO")  <--  what arrived, in order  <--  wire  <--  frames

    By itself it puts fragments together, answers pings, and answers a Close frame. With ``raw=True`` it does none of
    that, and shows every frame.

    An expectation that is not met raises `AssertionError`, which says what did arrive; where the handler has failed,
    that failure is its cause. Each waits `timeout` seconds at most, the conversation's if not said otherwise.
    """

    def __init__(self, dialled: Dialled, wire: Wire, *, raw: bool, timeout: float) -> None:
        # Stored state
        self.wire: Final = wire
        """What lies between this peer and the server; faults are injected there."""
        self.headers: Final = dialled.headers
        """The headers of the server's 101."""
        self.session: Final = dialled.session
        """The server's session."""
        self._raw = raw
        self._timeout = timeout
        self._end = PeerEnd(dialled.line.client, raw=raw)
        self._seen: list[Frame | Over] = []  # what was expected, and came

    @property
    def subprotocol(self) -> str | None:
        """The subprotocol that the server chose."""
        return self.headers.get("Sec-WebSocket-Protocol")

    @property
    def is_over(self) -> bool:
        """Whether the connection is over."""
        return self._end.over is not None

    # Speaking

    async def send(self, message: str | bytes | Frame) -> None:
        """Send a text, bytes or a frame. Waits, `timeout` at most, while the server does not take them.

        Raises `AssertionError` where nothing can be sent any more.
        """
        __tracebackhide__ = True
        if isinstance(message, str):
            message = Frame.Text(message)
        frame = message if isinstance(message, Frame) else Frame.Binary(message)
        rsv = (4 if frame.rsv1 else 0) | (2 if frame.rsv2 else 0) | (1 if frame.rsv3 else 0)
        await self.send_frame(frame.opcode, frame.data, fin=frame.fin, rsv=rsv)

    async def send_json(self, value: object) -> None:
        """Send a value as a text of JSON."""
        __tracebackhide__ = True
        import orjson

        await self.send(orjson.dumps(value).decode())

    async def send_frame(
        self, opcode: int, payload: bytes = b"", *, fin: bool = True, rsv: int = 0, masked: bool = True
    ) -> None:
        """Send a frame as it is, right or wrong; `rsv` has RSV1 as 4, RSV2 as 2 and RSV3 as 1."""
        __tracebackhide__ = True
        await self.send_bytes(frame_bytes(opcode, payload, fin=fin, rsv=rsv, masked=masked))
        self._end.close_sent = self._end.close_sent or opcode == Frame.Close.opcode

    async def send_bytes(self, data: bytes) -> None:
        """Put bytes on the wire."""
        __tracebackhide__ = True
        end = self._end
        await end.until(lambda: end.over is not None or end.has_room, self._timeout)
        if end.over is not None:
            raise self._failed(f"could not send {len(data)} bytes: the connection is over")
        if not end.has_room:
            raise self._failed(f"could not send {len(data)} bytes within {self._timeout:g} s: the server takes none")
        end.write(data)

    # Expecting

    async def expect_text(self, text: str = _ANY, *, timeout: Duration | None = None) -> str:
        """The next message, which must be a text: this one, if it is given."""
        __tracebackhide__ = True
        wanted = "a text" if text is _ANY else f"the text {_short(text)}"
        arrived: str = (await self._awaited(Frame.Text, wanted, timeout)).read_text()
        return self._taken(arrived, text)

    async def expect_binary(self, data: bytes = _ANY, *, timeout: Duration | None = None) -> bytes:
        """The next message, which must be binary: this one, if it is given."""
        __tracebackhide__ = True
        wanted = "bytes" if data is _ANY else f"the bytes {_short(data)}"
        arrived: bytes = (await self._awaited(Frame.Binary, wanted, timeout)).data
        return self._taken(arrived, data)

    async def expect_json(self, value: object = _ANY, *, timeout: Duration | None = None) -> Any:
        """The next message, which must be JSON: this value, if it is given."""
        __tracebackhide__ = True
        import orjson

        wanted = "JSON" if value is _ANY else f"the JSON of {_short(value)}"
        frame = await self._awaited((Frame.Text, Frame.Binary), wanted, timeout)
        try:
            arrived = orjson.loads(frame.data)
        except orjson.JSONDecodeError:
            raise self._failed(f"expected {wanted}, but {frame!r} arrived") from None
        return self._taken(arrived, value)

    async def expect_close(
        self, code: int = _ANY, message: str = _ANY, *, timeout: Duration | None = None
    ) -> CloseReason:
        """The end of the session, with this code and text, if they are given: 1005 for a Close frame without a code,
        1006 for a connection that ended without such a frame.
        """
        __tracebackhide__ = True
        wanted = "the end of the session" if code is _ANY else f"the end of the session with {code}"
        end = await self._awaited((Frame.Close, Over), wanted, timeout)
        reason = end.reason if isinstance(end, Over) else end.read_reason() or CloseReason(1005, by="peer")
        if (code is not _ANY and code != reason.code) or (message is not _ANY and message != reason.message):
            raise self._failed(f"expected {wanted}{'' if message is _ANY else f' {message!r}'}, but it was {reason!r}")
        return self._taken(reason)

    async def expect_ping(self, payload: bytes = _ANY, *, timeout: Duration | None = None) -> bytes:
        """The next frame, which must be a ping. Needs ``raw=True``: another peer answers pings unseen."""
        __tracebackhide__ = True
        return await self._control(Frame.Ping, "a ping", payload, timeout)

    async def expect_pong(self, payload: bytes = _ANY, *, timeout: Duration | None = None) -> bytes:
        """The next frame, which must be a pong. Needs ``raw=True``."""
        __tracebackhide__ = True
        return await self._control(Frame.Pong, "a pong", payload, timeout)

    async def expect_frame(self, *, timeout: Duration | None = None) -> Frame:
        """The next frame, or message, of whatever kind."""
        __tracebackhide__ = True
        frame: Frame = await self._awaited(Frame, "a frame", timeout)
        return self._taken(frame)

    async def expect_end(self, *, timeout: Duration | None = None) -> None:
        """Nothing but the end of the connection."""
        __tracebackhide__ = True
        self._taken(await self._awaited(Over, "the end of the connection", timeout))

    async def expect_nothing(self, within: Duration = 0) -> None:
        """Nothing has arrived, and nothing does before every task waits; nor `within` so many seconds."""
        __tracebackhide__ = True
        seconds = to_seconds(within, "within")
        await settle_now()
        if seconds:
            await self._end.until(lambda: bool(self._end.news), seconds)
        if self._end.news:
            raise self._failed(f"expected nothing, but {self._end.news[0]!r} arrived")

    async def _control(self, kind: Any, wanted: str, payload: bytes, timeout: Duration | None) -> bytes:
        __tracebackhide__ = True
        if not self._raw:
            raise ValueError(f"{wanted} is seen by a raw peer only: conversation(..., raw=True)")
        arrived: bytes = (await self._awaited(kind, wanted, timeout)).data
        return self._taken(arrived, payload)

    async def _awaited(self, kinds: Any, wanted: str, timeout: Duration | None) -> Any:
        """What has arrived next. It stays there until it is `_taken`."""
        __tracebackhide__ = True
        seconds = self._timeout if timeout is None else to_seconds(timeout, "timeout")
        await self._end.until(lambda: bool(self._end.news), seconds)
        if not self._end.news:
            raise self._failed(f"expected {wanted}, but nothing arrived within {seconds:g} s")
        if not isinstance(self._end.news[0], kinds):
            raise self._failed(f"expected {wanted}, but {self._end.news[0]!r} arrived")
        return self._end.news[0]

    def _taken(self, arrived: T, wanted: T = _ANY) -> T:
        __tracebackhide__ = True
        if wanted is not _ANY and arrived != wanted:
            raise self._failed(f"expected {_short(wanted)}, but {_short(arrived)} arrived")
        self._seen.append(self._end.news[0])
        if not isinstance(self._end.news[0], Over):  # the end remains the end
            self._end.news.popleft()
        return arrived

    def _failed(self, problem: str) -> AssertionError:
        lines = [problem]
        lines += [f"arrived before: {frame!r}" for frame in self._seen[-5:]]
        lines += [f"arrived, and not expected yet: {frame!r}" for frame in list(self._end.news)[:5]]
        lines.append(f"the server's side: {self.session!r}")
        error = AssertionError("\n".join(lines))
        if (reason := self.session.close_reason).is_completed:
            error.__cause__ = reason.get_completed().cause
        return error

    # Ending

    async def close(self, reason: CloseReason | None = None) -> None:
        """Send a Close frame, 1000 unless said otherwise, and wait until the connection is over. What arrives meanwhile
        can be expected afterwards.

        Raises `AssertionError` where the server does not end it within the time-out.
        """
        __tracebackhide__ = True
        if not self._end.close_sent and self._end.over is None:
            await self.send(Frame.Close(CloseReason(1000) if reason is None else reason))
        await self._end.until(lambda: self._end.over is not None, self._timeout)
        if self._end.over is None:
            raise self._failed(f"the server did not end the connection within {self._timeout:g} s")

    def hang_up(self) -> None:
        """End the connection without a word, if it is not over."""
        self._end.hang_up()

    def __repr__(self) -> str:
        return f"<Peer of {self.session!r}, {len(self._end.news)} frames not expected yet>"


def _short(value: object) -> str:
    shown = repr(value)
    return shown if len(shown) <= 200 else f"{shown[:150]}... ({len(shown)} characters)"
