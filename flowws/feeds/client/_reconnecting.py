"""`reconnecting`: a handler that is called with one session after the other."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Unpack

from flowws._core import CancellationError
from flowws.websocket import CloseReason, WebSocketClientSession

from ._keep_connected import is_departure, keep_connected
from ._reconnect_policy import ReconnectPolicy, checked

if TYPE_CHECKING:
    from flowws.websocket import ConnectOptions, WebSocketClient


async def reconnecting(
    client: WebSocketClient,
    url: str,
    handler: Callable[[WebSocketClientSession], Awaitable[object]],
    *,
    policy: ReconnectPolicy | None = None,
    **options: Unpack[ConnectOptions],
) -> None:
    """See `WebSocketClient.reconnecting`."""
    if not callable(handler):
        raise TypeError(f"handler must be an async function of a session, not {handler!r}")
    policy = checked(policy)
    client.websocket(url, **options)  # refuses what makes no sense

    async def converse(session: WebSocketClientSession) -> bool:
        # As a job of the session it meets the end of that, like a handler of a server.
        running = session.async_(handler, session, name=getattr(handler, "__qualname__", repr(handler)))
        await running.join()
        failure = running.get_completion_exception_or_none()
        was_cut_short = failure is not None and (
            is_departure(session, failure) or (isinstance(failure, CancellationError) and not session.is_active)
        )
        if failure is not None and not was_cut_short:
            raise failure
        return session.is_active or _is_concluded(await session.close_reason)

    await keep_connected(lambda: client.websocket(url, **options), policy, converse, lambda _: None)


def _is_concluded(reason: CloseReason) -> bool:
    """Whether one side has said that this was all, and the connection was not merely lost."""
    if reason.by == "us":
        return reason.code != CloseReason.Codes.CLOSED_ABNORMALLY and reason.cause is None
    return reason.code == CloseReason.Codes.NORMAL
