"""`Patience`: asking a broker that cannot be reached, again and again."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Final, TypeVar

import anyio

from flowws.flows import Backoff, StateFlow

from ._errors import BrokerUnavailableError
from ._status import BrokerStatus, Reconnecting

R = TypeVar("R")

_BACKOFF: Final = Backoff(0.02, longest=2.0)


class Patience:
    """Attempts with waits in between, from 20 ms to 2 s, half of which is chance. Short again after each success.

    A broker that is known to be away is not asked before it is back, or before the wait is over.
    """

    __slots__ = ("_failures", "_status")

    def __init__(self, status: StateFlow[BrokerStatus]) -> None:
        self._status = status
        self._failures = 0

    async def insist(self, ask: Callable[[], Awaitable[R]]) -> R:
        """What asking gives, as soon as the broker can be reached."""
        while True:
            try:
                answer = await ask()
            except BrokerUnavailableError:
                await self._pause()
            else:
                self._failures = 0
                return answer

    async def _pause(self) -> None:
        wait = _BACKOFF(self._failures) / 2 + _LEAST(self._failures) / 2
        self._failures += 1
        if isinstance(self._status.value, Reconnecting):
            with anyio.move_on_after(wait):
                await self._status.first(_is_back)
        else:
            await anyio.sleep(wait)


_LEAST: Final = Backoff(0.02, longest=2.0, jitter=False)


def _is_back(status: BrokerStatus) -> bool:
    return not isinstance(status, Reconnecting)
