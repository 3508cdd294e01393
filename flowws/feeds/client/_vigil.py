"""`Vigil`: watches over a session on which it may be quiet for long."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import anyio

from flowws._core import loop_clock
from flowws.websocket import PingTimeoutError, WebSocketClientSession

from ._feed_state import FeedState


class Vigil:
    """Tells whether the server is still there, and ends the session when it is not.

    ::

        +--> nothing comes for half of `stale_after` --> a ping, and the other half --> Stale
        |                                                                                 |
        +------------------------------ anything comes <-- another ping, as long again ---+--> the end

    What waits here because nobody takes it is a sign of life, too: then it is this side that is slow.
    """

    def __init__(self, session: WebSocketClientSession, tell: Callable[[FeedState], object]) -> None:
        self._session: Final = session
        self._tell: Final = tell
        self._received = 0
        self.verdict: PingTimeoutError | None = None
        """Why the session was ended from here."""

    async def keep(self, stale_after: float) -> None:
        """Watch until the session ends: a job of the session."""
        clock, half = loop_clock(), stale_after / 2
        heard_at = clock()
        while True:
            await anyio.sleep(half)
            if not self._is_alive() and not await self._answers_within(half):
                self._tell(FeedState.Stale(heard_at))
                if not await self._answers_within(stale_after):
                    break
                self._tell(FeedState.Open())
            heard_at = clock()
        self.verdict = PingTimeoutError(2 * stale_after)
        self._session.terminate()

    async def _answers_within(self, seconds: float) -> bool:
        with anyio.move_on_after(seconds):
            await self._session.send_ping()
            return True
        return self._is_alive()

    def _is_alive(self) -> bool:
        """Whether something has come since this was last asked, or is still to be taken."""
        stats, before = self._session.stats, self._received
        self._received = stats.frames_received
        return stats.frames_received != before or stats.incoming_waiting > 0
