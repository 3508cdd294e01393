"""`DefaultWebSocketSession`: whole messages, and everything that the protocol wants done by itself."""

from __future__ import annotations

from collections.abc import AsyncIterable, Sequence
from typing import Any, TypeVar, overload

from flowws._core import BUDGET, Duration
from flowws.channels import ReceiveChannel
from flowws.flows import Flow

from .._config import checked_seconds
from .._errors import ConverterNotFoundError
from .._frame import Frame
from ..converters import ContentConverter, read
from ..extensions import WebSocketExtension
from ._default_link import DefaultLink
from ._incoming_as import OnBad, incoming_as
from ._link import Link
from ._session import WebSocketSession
from ._shared_message import SharedMessage

T = TypeVar("T")


class DefaultWebSocketSession(WebSocketSession):
    """One WebSocket conversation: whole messages in and out, and a scope for the jobs that belong to it.

    Pings are answered, fragments put together and the closing handshake done without anybody's help. The moment the
    session closes, from whichever side:

    1. `close_reason` completes, sends raise `SessionClosedError`, and `incoming` gives out what it holds and then ends;
    2. every job of the session that does not read `incoming`, itself or through a job below it, is cancelled;
    3. the readers have `linger` seconds to return, then they are cancelled too.

    So ``await session.close()``, from anywhere inside, ends everything that goes on here.

    Kotlin: `DefaultWebSocketSession`.
    """

    _messages: DefaultLink

    def _open_link(self, is_client: bool, extensions: Sequence[WebSocketExtension]) -> Link:
        self._messages = DefaultLink(self._connection, self._config, self, is_client=is_client, extensions=extensions)
        return self._messages

    @property
    def incoming(self) -> ReceiveChannel[Frame]:
        """The peer's messages, each a whole `Frame.Text` or `Frame.Binary`. Kotlin: `incoming`."""
        return self._messages.incoming

    @property
    def extensions(self) -> tuple[WebSocketExtension, ...]:
        chain = self._messages.chain
        return () if chain is None else chain.extensions

    @property
    def converter(self) -> ContentConverter:
        """The `content_converter` of this session. Raises `ConverterNotFoundError` where it has none.

        Kotlin: `converter`, which is null then.
        """
        if self._config.content_converter is None:
            raise ConverterNotFoundError
        return self._config.content_converter

    async def _stream(self, fragments: AsyncIterable[str] | AsyncIterable[bytes]) -> None:
        if self._messages.chain is not None:
            self._messages.chain.check_streaming()
        await super()._stream(fragments)

    # What goes to many

    def try_send_shared(self, message: SharedMessage) -> bool:
        """Send what goes to many sessions, if it can leave at once. False if not: then nothing was sent, and nothing
        waits.

        Raises `SessionClosedError` once the session is closed.
        """
        outgoing = self._outgoing
        if not outgoing.is_ready:
            outgoing.check_open()
            return False
        write_wire = outgoing.write_wire
        if write_wire is None:
            self._messages.write_shared(message)
        else:  # as there, without a look at what cannot have changed: benchmarks/bench_feed.py
            write_wire(message.plain or message.wire())
        outgoing.streak += message.count
        return True

    async def send_shared(self, message: SharedMessage) -> None:
        """Send what goes to many sessions; wait while the peer, or the network, does not take it.

        It leaves behind everything that was sent before, and takes no room in ``outgoing``: cancelled while it waits,
        it is not sent, and no policy of the queue drops it. Raises `SessionClosedError` once the session is closed.
        """
        outgoing = self._outgoing
        if not self.try_send_shared(message):
            await outgoing.take_turn(lambda: self._messages.write_shared(message), message.count)
        elif outgoing.streak >= BUDGET:
            await outgoing.breathe()

    # Pings

    @property
    def ping_interval(self) -> float | None:
        """Seconds from the last answered ping to the next one. Setting it starts anew; None ends the pings.

        Raises `ValueError` for a duration that makes no sense, and where the engine cannot send pings.

        Kotlin: `pingInterval`.
        """
        return self._messages.pinger.interval if self._messages.has_pinger else None

    @ping_interval.setter
    def ping_interval(self, interval: Duration | None) -> None:
        if interval is not None or self._messages.has_pinger:
            self._messages.pinger.interval = (
                None if interval is None else checked_seconds("ping_interval", interval, positive=True)
            )

    @property
    def timeout(self) -> float:
        """Seconds that a ping may stay unanswered, from the next one on. Kotlin: `timeout`."""
        return self._messages.pinger.timeout

    @timeout.setter
    def timeout(self, timeout: Duration) -> None:
        self._messages.pinger.timeout = checked_seconds("timeout", timeout, positive=True)

    async def send_ping(self) -> float:
        """Send a ping of its own, and wait for the pong: how many seconds that took.

        While `incoming` is full and reading is held back, the pong waits in the socket, too. Raises
        `SessionClosedError` where the session closes first. There is no other limit; `with_timeout` sets one.
        """
        return await self._messages.pinger.ping()

    @property
    def latency(self) -> float | None:
        """How many seconds the peer's last pong took, whoever sent the ping; None before the first."""
        return self._latency

    @property
    def _latency(self) -> float | None:
        return self._messages.pinger.latency if self._messages.has_pinger else None

    def _pings(self) -> str:
        return self._messages.pinger.told() if self._messages.has_pinger else "no ping was ever sent"

    # Values

    async def send_serialized(self, value: object) -> None:
        """Send a value as the `content_converter` writes it: by default as JSON.

        Raises `ConverterNotFoundError` without a converter, and `SerializeError` for a value that it cannot write.

        Kotlin: `sendSerialized`.
        """
        await self.send(self.converter.serialize(value))

    @overload
    async def receive_deserialized(self, kind: type[T]) -> T: ...
    @overload
    async def receive_deserialized(self, kind: Any) -> Any: ...
    async def receive_deserialized(self, kind: Any) -> Any:
        """The next message, read as `kind`: a class, a union, a generic.

        Raises `DeserializeError`, which carries the frame, for a message that does not fit: the session lives on.
        Raises `ConverterNotFoundError` without a converter, and what `incoming.receive` raises once the session is
        closed.

        Kotlin: `receiveDeserialized`.
        """
        converter = self.converter
        return read(converter, await self._messages.incoming.receive(), kind)

    @overload
    def incoming_as(self, kind: type[T], *, on_bad: OnBad = "raise") -> Flow[T]: ...
    @overload
    def incoming_as(self, kind: Any, *, on_bad: OnBad = "raise") -> Flow[Any]: ...
    def incoming_as(self, kind: Any, *, on_bad: OnBad = "raise") -> Flow[Any]:
        """The messages as values of `kind`, for as long as the session lives: ``async for order in
        session.incoming_as(Order)``. It takes from `incoming`, so each message goes to one of those who collect.

        `on_bad` says what becomes of a message that does not fit:

        - ``"raise"``: the flow fails with its `DeserializeError`, the session lives on;
        - ``"skip"``: it is left out, with a line in the log at DEBUG;
        - ``"reply"``: the peer gets ``{"error": ...}``, which says what is wrong, as the converter writes it;
        - ``"close"``: the session closes with 1007;
        - a function, sync or async, is called with the `DeserializeError`; the message is left out.

        Raises `ConverterNotFoundError` without a converter, and `ValueError` for another `on_bad`.
        """
        return incoming_as(self, self.converter, kind, on_bad)
