"""How one subscriber of a `MutableSharedFlow` reads: from the shared list, or from a mailbox of its own."""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator
from typing import TYPE_CHECKING, Final, Generic, TypeVar

from flowws._core import BUDGET, Waiter, checkpoint, waiter_maker

if TYPE_CHECKING:
    from ._mutable_shared_flow import MutableSharedFlow
    from ._subscription import Subscription

T = TypeVar("T")


_A_BREATH: Final = (None,) * BUDGET


class Reader(Generic[T]):
    """A place in the shared list, held from the beginning of an iteration to its end.

    Also where that never takes its first step and is just dropped: hence `__del__`.
    """

    __slots__ = ("_open", "cursor", "shared", "waiter")

    def __init__(self, shared: MutableSharedFlow[T]) -> None:
        self.shared = shared
        self.waiter: Waiter[None] | None = None
        self.cursor = shared._values.enter()
        self._open = True
        shared._count_changed()

    def close(self) -> None:
        """Give the place up."""
        if not self._open:
            return
        self._open = False
        shared = self.shared
        if self.waiter is not None:
            shared._parked.pop(self.waiter, None)
        shared._values.leave(self.cursor)
        if shared._emitters:
            shared._admit_emitters()
        shared._count_changed()

    __del__ = close

    def last_index(self) -> int:
        """Which of all values that were emitted, counted from 0, it has given out last."""
        return self.cursor.node.index - 1


async def deliver(reader: Reader[T]) -> AsyncGenerator[T, None]:
    """What the reader gets: everything, one value after the other."""
    shared, cursor = reader.shared, reader.cursor
    emitters = shared._emitters
    unbuffered = shared._capacity == 0
    new_waiter = waiter_maker()
    try:
        while True:
            for _ in _A_BREATH:
                if unbuffered:
                    shared._take_back_cancelled()
                node = cursor.node
                following = node.next
                if following is None:
                    break
                cursor.node = following
                if emitters:
                    shared._left(node)
                yield node.value
            else:
                await checkpoint()
                continue
            if cursor.fault is not None or (shared._room < 0 and shared._is_drained):
                break
            waiter = reader.waiter = new_waiter()
            shared._parked[waiter] = None
            await waiter
    finally:
        reader.close()
    failure = cursor.fault or shared._fresh_cause()
    if failure is not None:
        raise failure


class MailReader(Generic[T]):
    """A subscriber for whom nobody waits, from the beginning of its iteration to the end."""

    __slots__ = ("_open", "_subscription", "mailbox", "shared", "waiter")

    def __init__(self, shared: MutableSharedFlow[T], subscription: Subscription[T]) -> None:
        self.shared = shared
        self.waiter: Waiter[None] | None = None
        self.mailbox = subscription._opened(shared._capacity)
        self.mailbox.begin(shared.replay_cache)
        self._subscription = subscription
        self._open = True
        shared._mailboxes.add(self.mailbox)
        shared._count_changed()

    def close(self) -> None:
        """Give the mailbox up."""
        if not self._open:
            return
        self._open = False
        if self.waiter is not None:
            self.shared._parked.pop(self.waiter, None)
        self.shared._mailboxes.discard(self.mailbox)
        self._subscription._closed(self.mailbox)
        self.shared._count_changed()

    __del__ = close


async def deliver_mail(reader: MailReader[T]) -> AsyncIterator[T]:
    """What the reader gets: what its mailbox has kept, or why that has failed."""
    shared, mailbox = reader.shared, reader.mailbox
    new_waiter = waiter_maker()
    budget = BUDGET
    try:
        while True:
            if not mailbox:
                if mailbox.fault is not None or shared._is_drained:
                    break
                budget = BUDGET
                waiter = reader.waiter = new_waiter()
                shared._parked[waiter] = None
                await waiter
            elif not budget:
                budget = BUDGET
                await checkpoint()
            else:
                budget -= 1
                yield mailbox.take()
    finally:
        reader.close()
    failure = mailbox.fault or shared._fresh_cause()
    if failure is not None:
        raise failure
