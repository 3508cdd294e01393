"""`Keeper`: the one connection of all who collect, open, or on its way, while somebody does."""

from __future__ import annotations

from typing import Final

from flowws._core import CancellationError, CoroutineScope
from flowws.flows import MutableStateFlow
from flowws.websocket import SessionClosedError, WebSocketClientSession

from .._errors import FeedClosedError
from ._conversation import Conversation
from ._feed_state import FeedState
from ._keep_connected import Connect, keep_connected
from ._reconnect_policy import ReconnectPolicy
from ._wire_subscription import PendingSwitch, WireSubscription


class Keeper:
    """Gives everybody who collects a share in one connection.

    ::

        enter -> the first: an Upkeep begins --- enter, leave, ... --- the last has left: it is cancelled, and joined
    """

    def __init__(self, url: str, connect: Connect, policy: ReconnectPolicy) -> None:
        self.url: Final = url
        self.state: Final[MutableStateFlow[FeedState]] = MutableStateFlow(FeedState.Closed())
        self._connect: Final = connect
        self._policy: Final = policy
        self._upkeep: Upkeep | None = None

    def enter(self, subscription: WireSubscription) -> Upkeep:
        """Begin with a subscription; who enters leaves what this returns."""
        upkeep = self._upkeep
        if upkeep is None:
            upkeep = self._upkeep = Upkeep(self, self._connect, self._policy)
        upkeep.add(subscription)
        return upkeep

    def is_over(self, upkeep: Upkeep, cause: Exception | None = None) -> None:
        """Note that no more may enter there."""
        if self._upkeep is upkeep:
            self._upkeep = None
            self.state.value = FeedState.Closed(cause)

    def tell(self, upkeep: Upkeep, state: FeedState) -> None:
        """Show a state, unless there is a newer connection."""
        if self._upkeep is upkeep:
            self.state.value = state


class Upkeep:
    """The time from the first who enters to the last who leaves, or to the moment when the connection is lost for good.

    Its job belongs to nobody who collects, as any of them may go first; the last to leave takes it along.
    """

    def __init__(self, keeper: Keeper, connect: Connect, policy: ReconnectPolicy) -> None:
        self._keeper: Final = keeper
        self._connect: Final = connect
        self._policy: Final = policy
        self._scope: Final = CoroutineScope(f"feeds of {keeper.url}")
        self._subscriptions: dict[WireSubscription, None] = {}
        self._conversation: Conversation | None = None
        self._attempts = 0

    def add(self, subscription: WireSubscription) -> None:
        """Subscribe, now or as soon as there is a connection."""
        is_first = not self._subscriptions
        self._subscriptions[subscription] = None
        if is_first:
            self._scope.launch(self._keep_up, name=f"the connection of {self._scope.job.name}")
        elif self._conversation is not None:
            self._conversation.subscribe(subscription)

    def switch(self, subscription: WireSubscription, wanted: object) -> PendingSwitch:
        """Ask for another filter, now or as soon as there is a connection."""
        pending = subscription.switch(wanted)
        if self._conversation is not None:
            self._conversation.switch(subscription, wanted)
        return pending

    async def leave(self, subscription: WireSubscription) -> None:
        """Unsubscribe. With the last subscription goes the connection: that is waited for."""
        subscription.end()
        del self._subscriptions[subscription]
        if self._subscriptions:
            if self._conversation is not None:
                self._conversation.unsubscribe(subscription)
        else:
            self._keeper.is_over(self)
            await self._scope.aclose()

    async def _keep_up(self) -> None:
        cause: Exception = CancellationError(f"the connection of {self._scope.job.name} was cancelled")
        try:
            await keep_connected(self._connect, self._policy, self._converse, self._tell)
        except SessionClosedError as failure:
            cause = FeedClosedError(failure.reason)
        except Exception as failure:  # noqa: BLE001  # those who collect are raised it
            cause = failure
        finally:
            self._keeper.is_over(self, cause)
            for subscription in self._subscriptions:
                subscription.end(cause)

    async def _converse(self, session: WebSocketClientSession) -> bool:
        self._conversation = conversation = Conversation(session, self._attempts)
        try:
            for subscription in self._subscriptions:
                if not subscription.is_over:
                    conversation.subscribe(subscription)
            await conversation.hold()
        finally:
            self._conversation = None
        return False

    def _tell(self, state: FeedState) -> None:
        if isinstance(state, FeedState.Connecting):
            self._attempts += 1
        self._keeper.tell(self, state)
