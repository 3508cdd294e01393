"""`Ground`: what the flows of one broker stand on."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Protocol

from flowws._core import CoroutineScope
from flowws.flows import MutableStateFlow

from ._errors import BrokerError
from ._status import BrokerStatus, Closed


class Tenant(Protocol):
    """A flow of the broker, as the broker sees it."""

    def _opened(self) -> None:
        """The broker's block has been entered: jobs can be launched."""

    async def flush(self) -> None:
        """Wait until the log has everything."""

    def _evicted(self) -> int:
        """The broker's block has been left; how many values could not be written."""
        ...


class Ground:
    """The scope of the broker's jobs, its status, and its flows."""

    __slots__ = ("_scope", "_tenants", "is_over", "status")

    def __init__(self) -> None:
        self.status: MutableStateFlow[BrokerStatus] = MutableStateFlow(Closed())
        """How the broker is doing."""
        self.is_over: bool = False
        """Whether the block has been left."""
        self._scope: CoroutineScope | None = None
        self._tenants: dict[Tenant, None] = {}

    @property
    def is_open(self) -> bool:
        """Whether jobs can be launched."""
        return self._scope is not None

    def launch(self, main: Callable[[], Awaitable[object]], name: str) -> Callable[[], None]:
        """Start a job of the broker; what is returned cancels it."""
        assert self._scope is not None  # nobody asks before it is open
        return self._scope.launch(main, name=name).cancel

    def enter(self, tenant: Tenant) -> None:
        """A new flow. It is told when jobs can be launched; at once, if they can."""
        self._tenants[tenant] = None
        if self.is_open:
            tenant._opened()

    def leave(self, tenant: Tenant) -> None:
        """A flow that has been closed, and has nothing to write any more."""
        self._tenants.pop(tenant, None)

    def open(self, scope: CoroutineScope) -> None:
        """From now on jobs can be launched."""
        self._scope = scope
        for tenant in tuple(self._tenants):
            tenant._opened()

    async def flush(self) -> None:
        """Wait until the logs have everything that was emitted."""
        for tenant in tuple(self._tenants):
            with suppress(BrokerError):  # its values will be counted
                await tenant.flush()

    def close(self) -> int:
        """The block has been left: how many values could not be written."""
        self.is_over, self._scope = True, None
        left = sum(tenant._evicted() for tenant in tuple(self._tenants))
        self._tenants.clear()
        return left
