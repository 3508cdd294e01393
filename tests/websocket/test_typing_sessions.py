"""What type checkers say of a session. The file is checked by mypy and pyright; nothing in it runs."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import TYPE_CHECKING, assert_type

from flowws.flows import Flow
from flowws.websocket import (
    DefaultWebSocketSession,
    Frame,
    RawWebSocketClientSession,
    RawWebSocketServerSession,
    SessionStats,
    WebSocketClientSession,
    WebSocketServerSession,
    WebSocketSession,
)

if TYPE_CHECKING:

    class Order: ...

    async def of_a_default_session(session: DefaultWebSocketSession) -> None:
        assert_type(session.incoming_as(Order), Flow[Order])
        assert_type(session.incoming_as(Order, on_bad=print), Flow[Order])
        assert_type(session.incoming_as(Order).map(lambda order: 1), Flow[int])
        assert_type(await session.receive_deserialized(Order), Order)
        assert_type(await session.send_ping(), float)
        assert_type(session.latency, float | None)
        assert_type(session.ping_interval, float | None)
        assert_type(session.timeout, float)
        session.incoming_as(Order, on_bad="ignore")  # type: ignore[call-overload]  # pyright: ignore[reportCallIssue, reportArgumentType]  # to be refused

    async def of_every_session(
        session: WebSocketSession, texts: AsyncIterator[str], data: AsyncIterator[bytes]
    ) -> None:
        assert_type(session.stats, SessionStats)
        assert_type(session.explain(), str)
        assert_type(await session.incoming.receive(), Frame)
        await session.send(texts)
        await session.send(data)
        await session.send(1)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]  # to be refused

    def kinds(
        a: WebSocketServerSession,
        b: WebSocketClientSession,
        c: RawWebSocketServerSession,
        d: RawWebSocketClientSession,
    ) -> tuple[list[DefaultWebSocketSession], list[WebSocketSession]]:
        return [a, b], [a, b, c, d]
