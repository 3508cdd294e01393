"""`Subscription`: a hot flow, collected at one's own risk."""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator
from typing import TYPE_CHECKING, TypeVar

from flowws._core import Call, Look, closing_itself

from ._flow import Flow
from ._lag import Lag
from ._mailbox import Mailbox
from ._showing import ShownAs

if TYPE_CHECKING:
    from ._shared_flow import SharedFlow

T_co = TypeVar("T_co", covariant=True)


class Subscription(Flow[T_co]):
    """A shared flow with a policy for those collectors who do not keep up. What `SharedFlow.subscribe` returns.

    A collection begins and ends like any of a shared flow.
    """

    __slots__ = ("_lag", "_lost", "_open_mailboxes", "_shared")

    def __init__(self, shared: SharedFlow[T_co], lag: Lag) -> None:
        self._shared = shared
        self._lag = lag
        self._lost = 0  # in collections that are over
        self._open_mailboxes = set[Mailbox[T_co]]()

    @property
    def lost(self) -> int:
        """How many values its collections have missed so far."""
        return self._lost + sum(mailbox.lost for mailbox in self._open_mailboxes)

    def __aiter__(self) -> AsyncGenerator[T_co, None]:
        return closing_itself(self._open())

    def _open(self) -> AsyncIterator[T_co]:
        return self._shared._subscribed(self)

    def _opened(self, room: int) -> Mailbox[T_co]:
        """A mailbox for a collection that begins, of a shared flow with a buffer of `room`."""
        mailbox = self._lag._new_mailbox(room)
        self._open_mailboxes.add(mailbox)
        return mailbox

    def _closed(self, mailbox: Mailbox[T_co]) -> None:
        self._open_mailboxes.discard(mailbox)
        self._lost += mailbox.lost

    @property
    def _shown_as(self) -> ShownAs:
        return self._shared, (Call("subscribe", (self._lag,)),)

    def _look(self) -> Look:
        look = super()._look()
        look.facts = {"lost": self.lost}
        return look
