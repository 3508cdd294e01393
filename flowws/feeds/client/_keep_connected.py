"""`keep_connected`: one session after the other, for as long as there is hope."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager
from typing import NamedTuple, TypeAlias

import anyio

from flowws._core import loop_clock, to_seconds
from flowws.channels import ClosedReceiveChannelError
from flowws.websocket import SessionClosedError, WebSocketClientSession

from ._feed_state import FeedState
from ._reconnect_policy import ReconnectPolicy
from ._vigil import Vigil

Connect: TypeAlias = Callable[[], AbstractAsyncContextManager[WebSocketClientSession]]
"""Opens a session for the length of a block."""

Converse: TypeAlias = Callable[[WebSocketClientSession], Awaitable[bool]]
"""What one session is for. It returns when the session is over, or when it is done; and says whether it is done."""

Tell: TypeAlias = Callable[[FeedState], object]


async def keep_connected(connect: Connect, policy: ReconnectPolicy, converse: Converse, tell: Tell) -> None:
    """Connect and converse, again and again, until `converse` is done.

    Raises what the policy calls fatal; and at once what `converse` itself raises while its session is open.
    """
    failures = 0
    while True:
        tell(FeedState.Connecting())
        loss = await _one_session(connect, policy, converse, tell)
        if loss is None:
            return
        if loss.lasted >= to_seconds(policy.stable_after, "stable_after"):
            failures = 0
        if (policy.retries is not None and failures >= policy.retries) or policy.is_fatal(loss.cause):
            raise loss.cause
        delay = to_seconds(policy.backoff(failures), "the wait before another attempt")
        failures += 1
        tell(FeedState.Backoff(failures, delay, loss.cause))
        await anyio.sleep(delay)


class _Loss(NamedTuple):
    """A session that is lost, or was never opened."""

    cause: Exception
    lasted: float
    """How long it was open, in seconds; less than nothing where it was not."""


async def _one_session(connect: Connect, policy: ReconnectPolicy, converse: Converse, tell: Tell) -> _Loss | None:
    """From an attempt to connect to the end of what came of it; None if `converse` is done."""
    clock = loop_clock()
    session: WebSocketClientSession | None = None
    try:
        async with connect() as session:
            opened_at = clock()
            tell(FeedState.Open())
            vigil = Vigil(session, tell)
            if policy.stale_after is not None and session.is_active:
                session.launch(vigil.keep, to_seconds(policy.stale_after, "stale_after"), name="the vigil of a feed")
            try:
                if await converse(session):
                    return None
            except Exception as failure:
                if not is_departure(session, failure):
                    raise
            lasted = clock() - opened_at
    except Exception as failure:
        if session is not None:  # a failure that is no departure
            raise
        return _Loss(failure, -1.0)
    return _Loss(vigil.verdict or SessionClosedError(await session.close_reason), lasted)


def is_departure(session: WebSocketClientSession, failure: BaseException) -> bool:
    """Whether a failure only says that the session is over, for whatever reason."""
    if not session.close_reason.is_completed:
        return False
    reason = session.close_reason.get_completed()
    return (
        failure is reason.cause
        or isinstance(failure, ClosedReceiveChannelError)
        or (isinstance(failure, SessionClosedError) and failure.reason is reason)
    )
