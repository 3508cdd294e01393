"""`DefaultLink`: makes messages of frames, answers pings, and shakes hands at the end."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from typing import Final

from flowws._core import to_seconds

from .._close_reason import NORMAL, CloseReason, Codes
from .._config import WebSockets
from .._errors import FrameTooBigError, PingTimeoutError, ProtocolViolationError
from .._frame import BINARY, CLOSE, PING, PLAIN, PONG, TEXT, Frame, whole_message
from ..engines import Connection
from ..extensions import Deflate, WebSocketExtension
from ._assembler import Assembler
from ._extension_chain import ExtensionChain
from ._link import CONTROL, Link, Owner
from ._outgoing import Outgoing
from ._pinger import Pinger
from ._shared_message import SharedMessage

_log: Final = logging.getLogger("flowws.websocket")


class DefaultLink(Link):
    """The link of a `DefaultWebSocketSession`.

    Our Close frame leaves behind what is queued. RFC 6455, section 7.1.1: when both Close frames have passed, the
    server ends the TCP connection and the client waits for it.
    """

    __slots__ = ("_assembler", "_close_received", "_close_sent", "_config", "_eof", "_owed", "_pinger", "chain")

    def __init__(
        self,
        connection: Connection,
        config: WebSockets,
        owner: Owner,
        *,
        is_client: bool,
        extensions: Sequence[WebSocketExtension],
    ) -> None:
        # Stored state
        self.chain = ExtensionChain(extensions, config.max_frame_size) if extensions else None
        """What the messages pass; None: nothing."""
        self._config = config
        self._assembler: Assembler | None = None  # made for the first message that is no whole text
        self._close_sent = False
        self._close_received = False
        self._eof = False  # the peer sends nothing more
        self._owed: bytes | None = None  # the pong that could not leave yet
        self._pinger: Pinger | None = None  # made for the first ping
        super().__init__(connection, config, owner, is_client=is_client)
        if self.chain is not None and self.chain.takes_all:
            self.incoming.takes_whole = False
        if config.ping_interval is not None:
            self.pinger.interval = to_seconds(config.ping_interval, "ping_interval")

    def _make_outgoing(self, config: WebSockets) -> Outgoing:
        outgoing = Outgoing(config.channels.outgoing, self._connection, self)
        if self.chain is not None:
            outgoing.write = self._write_transformed
        return outgoing

    @property
    def pinger(self) -> Pinger:
        """Sends pings, and knows when it was answered."""
        if self._pinger is None:
            self._pinger = Pinger(
                self._connection,
                to_seconds(self._config.timeout, "timeout"),
                self._config.liveness,
                was_held_back=self.incoming.was_held_back,
                on_timeout=self._ping_timeout,
            )
            if self.reason is not None:
                self._pinger.stop(self.reason)
        return self._pinger

    @property
    def has_pinger(self) -> bool:
        """Whether there was ever a ping, or the wish for one."""
        return self._pinger is not None

    def _limit_messages(self, size: int) -> None:
        if self._assembler is not None:
            self._assembler.limit = size
        if self.chain is not None:
            self.chain.limit(size)

    # Frames

    def frame_received(self, opcode: int, payload: bytes, fin: bool, rsv: int) -> None:
        """Take a frame of the peer."""
        # Most frames that come here are whole binary messages, or large texts, whose bytes are kept: who passes them on
        # need not encode them, and ASCII is told at a glance. benchmarks/bench_session.py
        if (
            fin
            and not rsv
            and self.incoming.takes_whole
            and (opcode == BINARY or (opcode == TEXT and payload.isascii()))
        ):
            self.incoming.deliver(whole_message(opcode, payload))
            return
        try:
            if self.reason is not None:
                self._after_the_end(opcode)
            elif opcode >= CONTROL:
                self._control(opcode, payload, rsv)
            else:
                self._assemble(opcode, payload, fin, rsv)
        except ProtocolViolationError as error:
            self._fail(error.code, error)
        except FrameTooBigError as error:
            self._fail(Codes.TOO_BIG, error)

    def _assemble(self, opcode: int, payload: bytes, fin: bool, rsv: int) -> None:
        chain = self.chain
        if self._assembler is None:
            self._assembler = (
                Assembler(self._limit)
                if chain is None
                else Assembler(self._limit, chain.rsv, extensions_see_all=chain.takes_all)
            )
        message = self._assembler.add(opcode, payload, fin, rsv)
        self.incoming.takes_whole = message is not None and (chain is None or not chain.takes_all)
        if message is None:
            return
        if chain is not None and (chain.takes_all or message.bits != PLAIN):
            try:
                self.incoming.deliver(chain.transform_in(message))
            except (ProtocolViolationError, FrameTooBigError):
                raise
            except Exception as error:  # noqa: BLE001  # it ends this session, and no other
                self._extension_failed(error)
            return
        self.incoming.deliver(message)

    def _control(self, opcode: int, payload: bytes, rsv: int) -> None:
        if rsv:
            raise ProtocolViolationError("a reserved bit in a control frame")
        if opcode == PING:
            self._answer_ping(payload)
        elif opcode == PONG:
            if self._pinger is not None:
                self._pinger.pong_received(payload)
        elif opcode == CLOSE:
            self._close_received = True
            said = CloseReason.from_payload(payload)
            answer = NORMAL if said is None else said
            self._shake_hands(CloseReason(Codes.NO_STATUS, by="peer") if said is None else said, answer)

    def _answer_ping(self, payload: bytes) -> None:
        """RFC 6455, section 5.5.3: of several pings the last one may be answered alone. So it is while nothing leaves:
        a peer that sends pings and takes no pongs must not fill our memory with them.
        """
        if self._connection.is_writable:
            self._connection.write(PONG, payload)
        else:
            self._owed = payload

    def _write_transformed(self, opcode: int, payload: str | bytes) -> None:
        """What `write` is where there are extensions."""
        assert self.chain is not None  # as above
        if isinstance(payload, str):
            payload = payload.encode()  # a text that has no bytes is its sender's mistake, not an extension's
        try:
            frame: Frame = self.chain.transform_out(whole_message(opcode, payload))
            data, rsv = frame.data, frame.bits & ~PLAIN
        except Exception as error:  # noqa: BLE001  # it ends this session, and no other
            self._extension_failed(error)
            return
        if rsv:
            self._connection.write_frame(opcode, data, fin=True, rsv=rsv)
        else:
            self._connection.write(opcode, data)

    def write_shared(self, message: SharedMessage) -> None:
        """Write a shared message: only while `outgoing.is_ready`, as that keeps the order."""
        write_wire, chain = self._connection.write_wire, self.chain
        deflate = None if chain is None else chain.deflate
        if write_wire is None or self._masking or (chain is not None and deflate is None):
            self._write_one_by_one(message)
        elif deflate is None:
            self.outgoing.write_wire = write_wire
            write_wire(message.wire())
        else:
            self._write_deflated(message, deflate, write_wire)

    def _write_one_by_one(self, message: SharedMessage) -> None:
        before = self.reason  # what waits in line leaves when it is closed already
        for frame in message.frames():
            if self.reason is before:  # an extension may fail at the one before
                self.outgoing.write(frame.opcode, frame.payload)

    def _write_deflated(self, message: SharedMessage, deflate: Deflate, write_wire: Callable[[bytes], object]) -> None:
        try:
            wire = message.wire(deflate)
        except Exception as error:  # noqa: BLE001  # it ends this session, and no other
            self._extension_failed(error)
            return
        write_wire(wire)
        deflate.begin_anew()

    # Closing

    def close(self, reason: CloseReason) -> None:
        if self.reason is None:
            self._shake_hands(reason, reason)

    def finish(self) -> None:
        self.close(NORMAL)

    def _shake_hands(self, reason: CloseReason, wire: CloseReason, error: Exception | None = None) -> None:
        self._decide(reason, self._sender_of(wire), error)

    def _fail(self, code: int, error: Exception, message: str | None = None) -> None:
        """Nothing that is queued leaves any more, and `receive` raises."""
        reason = CloseReason.cut(code, str(error) if message is None else message, cause=error)
        self._decide(reason, self._sender_of(reason), error, drop=True)

    def incoming_overflowed(self, error: Exception) -> None:
        reason = self._overflow_reason(error)
        self._shake_hands(reason, reason, error)

    def _extension_failed(self, error: Exception) -> None:
        """An extension of this side has a fault: what it is, is for our log only."""
        _log.error("an extension failed", exc_info=error)
        if self.reason is None:
            self._fail(Codes.INTERNAL_ERROR, error, "")

    def _ping_timeout(self) -> None:
        error = PingTimeoutError(self.pinger.timeout)
        self._fail(Codes.INTERNAL_ERROR, error, "Ping timeout")
        self._connection.abort()

    def _on_end(self, reason: CloseReason) -> None:
        self._assembler = None
        if self._pinger is not None:
            self._pinger.stop(reason)

    def _sender_of(self, reason: CloseReason) -> Callable[[], None]:
        def send() -> None:
            self._connection.write_close(reason.code, reason.message)
            self._close_sent = True
            self._end_if_both()

        return send

    def _after_the_end(self, opcode: int) -> None:
        if opcode == CLOSE:
            self._close_received = True
            self._end_if_both()

    def _end_if_both(self) -> None:
        if self._close_sent and self._close_received and (self._eof or not self._is_client):
            self._connection.close()

    def eof_received(self) -> None:
        """The peer sends nothing more. What we still have to say after its Close frame can go out, all else is over."""
        self._eof = True
        if self._close_received:
            self._end_if_both()
        else:
            self._connection.abort()

    def failed(self, code: int, message: str) -> None:
        self._close_sent = self._close_sent or self.reason is None
        super().failed(code, message)

    def writing_resumed(self) -> None:
        if self._pinger is not None:
            self._pinger.writing_resumed()
        owed, self._owed = self._owed, None
        if owed is not None:
            self._connection.write(PONG, owed)
        super().writing_resumed()
