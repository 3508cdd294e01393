"""`Keeper`: sees to it that there is a link to the server, and says how that goes."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import Any, Final

import anyio
from coredis.exceptions import AuthenticationError, AuthorizationError

from flowws._core import coroutine_scope
from flowws.brokers._errors import BrokerClosedError, BrokerError, BrokerRefusedError, BrokerUnavailableError
from flowws.brokers._status import Reconnecting
from flowws.flows import Backoff

from ._address import Address
from ._failures import NotNowError
from ._link import Link
from ._scripts import Script

_BACKOFF: Final = Backoff(0.02, longest=2.0)


class Keeper:
    """Sees to it that there is a link to the server, and says how that goes.

    A link lives until one of its connections is lost. Then comes a fresh one, after waits which are drawn by lot, grow
    from 20 ms to 2 s, and are short again once a link has been there. What the server refuses for good ends it.
    """

    def __init__(
        self,
        address: Address,
        timeout: float,
        connect_timeout: float,
        *,
        on_connected: Callable[[], object],
        on_reconnecting: Callable[[Reconnecting], object],
        on_failure: Callable[[Exception], object],
    ) -> None:
        self._address: Final = address
        self._timeout: Final = timeout
        self._connect_timeout: Final = connect_timeout
        self._on_connected: Final = on_connected
        self._on_reconnecting: Final = on_reconnecting
        self._on_failure: Final = on_failure
        # Stored state
        self._link: Link | None = None
        self._since = 0.0  # when it was lost, or writing was refused; 0: all is well
        self._attempts = 0  # that have failed since
        self._error: Exception | None = None  # of the last of them
        self._refusal: BrokerRefusedError | None = None
        self._is_entered = self._is_over = False
        self.links: int = 0
        """How many links there have been."""

    async def run(self, tried: anyio.Event) -> None:
        """Keep a link, until cancelled or refused. `tried` is set after the first attempt."""
        self._is_entered = True
        while True:
            try:
                await self._live(tried)
            except BrokerRefusedError as refusal:
                if self.links and not isinstance(refusal.__cause__, (AuthenticationError, AuthorizationError)):
                    self._fail(refusal)  # it has been good before: a failover may be under way
                else:
                    self._refusal = refusal
                    self._on_failure(refusal)
                    return
            except BrokerUnavailableError as error:
                self._fail(error)
            finally:
                self._link = None
                tried.set()
            await anyio.sleep(_BACKOFF(self._attempts - 1))

    def close(self) -> None:
        """The block of the broker has been left, and nobody is at work any more."""
        self._is_over = True

    async def _live(self, tried: anyio.Event) -> None:
        """The life of one link; raises what ended it."""
        link = Link(self._address, self._timeout, self._lost)
        async with coroutine_scope(f"link to {self._address.url}") as scope:
            await link.open(scope, self._connect_timeout)
            self._link = link
            self.links += 1
            self._well()
            tried.set()
            await link.be_lost()

    def _lost(self, error: BrokerError) -> None:
        """The link has just turned out to be of no use."""
        if self._link is not None:
            self._link = None
            self._fail(error)

    def _fail(self, error: BrokerError) -> None:
        if error is self._error:
            return  # it has been told
        self._error = error
        self._since = self._since or time.time()
        self._attempts += 1
        self._on_reconnecting(Reconnecting(self._since, self._attempts, error))

    def _well(self) -> None:
        self._since, self._attempts, self._error = 0.0, 0, None
        self._on_connected()

    # Asking

    def check(self) -> None:
        """Raises `BrokerRefusedError` if the server has refused."""
        if self._refusal is not None:
            raise BrokerRefusedError(str(self._refusal)) from self._refusal

    @property
    def link(self) -> Link:
        """The link. Raises `BrokerError` if there is none."""
        if self._link is not None:
            return self._link
        self.check()
        if self._is_over or not self._is_entered:
            raise BrokerClosedError(f"the block of the broker {'is over' if self._is_over else 'was not entered yet'}")
        raise BrokerUnavailableError(f"not connected: {self._error}") from self._error

    async def write(self, script: Script, keys: Sequence[bytes], *args: str | bytes | int) -> Any:
        """Run a script that writes. Where the server does not take it now, the status says so until it takes one."""
        try:
            answer = await self.link.run(script, keys, *args)
        except NotNowError as error:
            if self._link is not None:
                self._fail(error)
            raise
        if self._since and self._link is not None:
            self._well()
        return answer

    def __repr__(self) -> str:
        return f"<Keeper of {self._link or self._address}>"
