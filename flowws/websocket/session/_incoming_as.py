"""`incoming_as`: the messages of a session as a flow of values."""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator, Callable
from inspect import isawaitable
from typing import Any, Final, Literal, TypeAlias, get_args

from flowws.flows import Flow, flow

from .._close_reason import CloseReason, Codes
from .._errors import DeserializeError
from ..converters import ContentConverter, read
from ._session import WebSocketSession

_log: Final = logging.getLogger("flowws.websocket")

Policy: TypeAlias = Literal["raise", "skip", "reply", "close"]

OnBad: TypeAlias = Policy | Callable[[DeserializeError], object]
"""What becomes of a message that does not fit."""


def incoming_as(session: WebSocketSession, converter: ContentConverter, kind: Any, on_bad: OnBad) -> Flow[Any]:
    """See `DefaultWebSocketSession.incoming_as`."""
    if not callable(on_bad) and on_bad not in get_args(Policy):
        raise ValueError(f"on_bad is one of {get_args(Policy)} or a function, not {on_bad!r}")

    @flow
    async def values() -> AsyncIterator[Any]:
        async for frame in session.incoming:
            try:
                value = read(converter, frame, kind)
            except DeserializeError as error:
                await _treat(session, converter, error, on_bad)
            else:
                yield value

    return values()


async def _treat(
    session: WebSocketSession, converter: ContentConverter, error: DeserializeError, on_bad: OnBad
) -> None:
    if callable(on_bad):
        done = on_bad(error)
        if isawaitable(done):
            await done
    elif on_bad == "raise":
        raise error
    elif on_bad == "skip":
        _log.debug("%s: a message was skipped: %s", session.job.name, error)
    elif on_bad == "reply":
        await session.send(converter.serialize({"error": str(error)}))
    else:
        await session.close(CloseReason.cut(Codes.NOT_CONSISTENT, str(error), cause=error))
