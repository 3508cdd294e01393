"""`MutableSharedFlow`: a hot flow to emit into."""

from __future__ import annotations

from collections import deque
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from time import monotonic
from typing import TYPE_CHECKING, Final, TypeVar

from flowws._core import BUDGET, Look, Waiter, checkpoint, new_waiter
from flowws.channels import BufferOverflow, ClosedSendChannelError

from ._arguments import require_count
from ._mailbox import Mailbox
from ._readers import MailReader, Reader, deliver, deliver_mail
from ._shared_flow import ReadOnlySharedFlow, SharedFlow
from ._shared_values import Node, SharedValues
from ._tap import OnEnd, OnValue, Tap, Taps

if TYPE_CHECKING:
    from types import TracebackType

    from ._state_flow import StateFlow
    from ._subscription import Subscription
    from ._subscription_count import SubscriptionCount

T = TypeVar("T")

_CLOSED: Final = -1  # no room ever


class MutableSharedFlow(SharedFlow[T]):
    """A hot flow to emit into.

    Without subscribers `emit` never waits: the newest `replay` values stay, the rest goes. With subscribers it waits
    while the slowest one lags by the whole buffer, ``replay + extra_buffer_capacity``, unless `on_buffer_overflow` says
    what to drop instead. Without any buffer it waits until every subscriber has taken the value. Subscribers with a
    policy of their own (`subscribe`) hold up nobody.

    Args:
        replay: how many past values a new subscriber gets.
        extra_buffer_capacity: how far, beyond that, the slowest subscriber may lag before emitters wait.
        on_buffer_overflow: with DROP_OLDEST the slowest subscribers miss values, with DROP_LATEST everybody misses the
            new one. Needs some buffer.

    >>> async def main():
    ...     prices = MutableSharedFlow[int](replay=1)
    ...     await prices.emit(10)
    ...     return await prices.first()
    >>> run(main)
    10

    Kotlin: `MutableSharedFlow`.
    """

    __slots__ = (
        "__weakref__",
        "_born",
        "_capacity",
        "_cause",
        "_emitters",
        "_mailboxes",
        "_overflow",
        "_parked",
        "_room",
        "_streak",
        "_subscription_count",
        "_taps",
        "_traceback",
        "_values",
    )

    def __init__(
        self,
        replay: int = 0,
        extra_buffer_capacity: int = 0,
        on_buffer_overflow: BufferOverflow = BufferOverflow.SUSPEND,
    ) -> None:
        require_count(replay, "replay", least=0)
        require_count(extra_buffer_capacity, "extra_buffer_capacity", least=0)
        if not isinstance(on_buffer_overflow, BufferOverflow):  # pyright: ignore[reportUnnecessaryIsInstance]  # untyped callers
            raise TypeError(f"on_buffer_overflow must be a BufferOverflow, not {on_buffer_overflow!r}")
        self._capacity = replay + extra_buffer_capacity
        if self._capacity == 0 and on_buffer_overflow is not BufferOverflow.SUSPEND:
            raise ValueError(f"{on_buffer_overflow!r} needs replay or extra_buffer_capacity above 0")
        self._room = self._capacity  # how many values may be held; `_CLOSED` once it is closed
        self._cause: BaseException | None = None
        self._traceback: TracebackType | None = None
        self._overflow = on_buffer_overflow
        self._values = SharedValues[T](replay)
        self._mailboxes = set[Mailbox[T] | Taps[T]]()
        self._taps: Taps[T] | None = None  # made for the first one; in `_mailboxes` while there are any
        self._parked = dict[Waiter[None], None]()  # of subscribers that have caught up
        self._emitters = deque[tuple[Waiter[None], T]]()
        self._subscription_count: SubscriptionCount | None = None
        self._streak = BUDGET
        self._born = monotonic()  # for who looks at it

    # Emitting

    async def emit(self, value: T) -> None:
        """Give `value` to every subscriber; wait for room where the buffer is full.

        Cancelling an emitter that waits takes its value back. A closed flow raises what it was closed with, or
        `ClosedSendChannelError`.

        Kotlin: `MutableSharedFlow.emit`.
        """
        if not self._streak:
            self._streak = BUDGET
            await checkpoint()
        self._streak -= 1
        values = self._values
        if values.held < self._room:  # as in `_append`
            values.append(value)
            if self._parked or self._mailboxes:
                self._tell(value)
        elif not self._emit_into_full(value):
            await self._park_emitter(value)

    def try_emit(self, value: T) -> bool:
        """Emit without waiting. False if `emit` would have to wait: then nothing happened.

        Without any buffer that is always so while there are subscribers. A closed flow raises as `emit` does. Kotlin:
        `tryEmit`.
        """
        if self._values.held < self._room:
            self._append(value)
            return True
        return self._emit_into_full(value)

    def _emit_into_full(self, value: T) -> bool:
        if self._room == _CLOSED:
            raise self._fresh_cause() or ClosedSendChannelError(f"{self!r} is closed")
        values = self._values
        values.count()
        if values.cursors and values.held >= self._capacity:
            if self._overflow is BufferOverflow.SUSPEND:
                return False
            if self._overflow is BufferOverflow.DROP_LATEST:
                return True
            self._append(value)
            values.leave_behind()
        else:
            self._append(value)
        return True

    def reset_replay_cache(self) -> None:
        """Forget the replay for new subscribers; what slow ones still have to get stays. Kotlin: `resetReplayCache`."""
        self._values.forget()

    def _append(self, value: T) -> None:
        self._values.append(value)
        if self._parked or self._mailboxes:
            self._tell(value)

    def _tell(self, value: T) -> None:
        if self._mailboxes:
            for mailbox in tuple(self._mailboxes):  # a dropped reader may leave at any time
                mailbox.put(value)
        if self._parked:
            self._wake()
        if self._taps is not None:
            self._taps.tell()

    def _wake(self) -> None:
        parked, self._parked = self._parked, {}
        for waiter in parked:
            if not waiter.done():
                waiter.set_result(None)

    # Without a buffer, the value of the first waiting emitter stands in the list, for everybody to take; it is taken
    # back if the emitter is cancelled. With a buffer, waiting values stay out of the list until there is room.

    async def _park_emitter(self, value: T) -> None:
        self._streak = BUDGET
        waiter: Waiter[None] = new_waiter()
        waiting = (waiter, value)
        self._emitters.append(waiting)
        if self._capacity == 0 and len(self._emitters) == 1:
            self._append(value)
        try:
            await waiter
        except BaseException:
            if not waiter.done() or waiter.cancelled():
                self._take_back(waiting)
            raise

    def _take_back(self, waiting: tuple[Waiter[None], T]) -> None:
        standing = self._capacity == 0 and bool(self._emitters) and self._emitters[0] is waiting
        for place, other in enumerate(self._emitters):
            if other is waiting:
                del self._emitters[place]
                break
        if standing:
            while self._values.held:
                self._values.leave_behind()
            self._stand_next()
        self._end_if_drained()

    def _take_back_cancelled(self) -> None:
        """An emitter whose value stands in the list may be cancelled without its task having run since."""
        if self._emitters and self._emitters[0][0].done():
            self._take_back(self._emitters[0])

    def _stand_next(self) -> None:
        while self._emitters and self._emitters[0][0].done():
            self._emitters.popleft()
        if self._emitters:
            self._append(self._emitters[0][1])

    def _left(self, node: Node[T]) -> None:
        if self._values.left(node):
            self._admit_emitters()

    def _admit_emitters(self) -> None:
        """The slowest subscriber has moved, or the last one has gone: let in as many waiting emitters as now fit."""
        values = self._values
        if self._capacity == 0:
            while self._emitters and not values.held:
                self._release(self._emitters.popleft()[0])
                self._stand_next()
        else:
            while self._emitters and values.held < self._capacity:
                waiter, value = self._emitters.popleft()
                if not waiter.done():
                    self._append(value)
                    self._release(waiter)
        self._end_if_drained()

    @staticmethod
    def _release(waiter: Waiter[None]) -> None:
        if not waiter.done():
            waiter.set_result(None)

    # Closing

    def close(self, cause: BaseException | None = None) -> bool:
        """End the flow: no more emitting, and every subscription ends when it has taken what was emitted before.

        Subscribers, those to come included, get what is left for them, then the end: `cause` is raised, and without one
        their iteration just ends. Emitters that wait already still get through. False if it was closed before.

        >>> async def main():
        ...     news = MutableSharedFlow[str](replay=1)
        ...     await news.emit("the last one")
        ...     news.close()
        ...     return await news.to_list()
        >>> run(main)
        ['the last one']
        """
        if cause is not None and not isinstance(cause, BaseException):  # pyright: ignore[reportUnnecessaryIsInstance]  # untyped callers
            raise TypeError(f"the cause of a closing must be an exception, not {cause!r}")
        if self._room == _CLOSED:
            return False
        self._room, self._cause = _CLOSED, cause
        self._traceback = None if cause is None else cause.__traceback__
        self._end_if_drained()
        return True

    def _fresh_cause(self) -> BaseException | None:
        """The cause as it was given: else it would collect the frames of everybody to whom it has been raised."""
        return None if self._cause is None else self._cause.with_traceback(self._traceback)

    @property
    def is_closed(self) -> bool:
        """Whether it was closed; subscribers may still have something to get."""
        return self._room == _CLOSED

    @property
    def _is_drained(self) -> bool:
        """Whether nothing will follow what is in the list."""
        return self._room == _CLOSED and not self._emitters

    def _end_if_drained(self) -> None:
        if self._is_drained:
            self._wake()
            if self._taps is not None:
                self._taps.end(self._fresh_cause())

    # Subscribing

    @property
    def replay_cache(self) -> tuple[T, ...]:
        return self._values.newest()

    @property
    def subscription_count(self) -> StateFlow[int]:
        """How many subscribers there are now.

        Unlike other state flows it shows every change. Kotlin: `subscriptionCount`.
        """
        if self._subscription_count is None:
            from ._subscription_count import SubscriptionCount

            self._subscription_count = SubscriptionCount(self._subscribers)
        return self._subscription_count

    def as_shared_flow(self) -> SharedFlow[T]:
        """A view for those who shall not emit. Kotlin: `asSharedFlow`."""
        return ReadOnlySharedFlow(self)

    def _open(self) -> AsyncIterator[T]:
        return deliver(Reader(self))

    def _open_numbered(self) -> tuple[AsyncGenerator[T, None], Callable[[], int]]:
        """The same, with what says the number of the value that it has given out last."""
        reader = Reader(self)
        return deliver(reader), reader.last_index

    def _break_off(self, new_fault: Callable[[], Exception]) -> None:
        """End every subscription that there is with a fault of its own, behind what is still to be given out there.

        Those to come are not concerned, and their replay begins anew. Not while emitters wait.
        """
        self._values.cut(new_fault)
        for mailbox in tuple(self._mailboxes):
            if isinstance(mailbox, Mailbox):
                mailbox.fault = mailbox.fault or new_fault()
                self._mailboxes.discard(mailbox)
        self._wake()
        self._count_changed()

    def _subscribed(self, subscription: Subscription[T]) -> AsyncIterator[T]:
        if subscription._lag._suspends:
            return self._open()
        return deliver_mail(MailReader(self, subscription))

    def _tap(self, on_value: OnValue[T], on_end: OnEnd | None) -> Tap:
        if self._taps is None:
            self._taps = Taps(self._taps_changed)
        tap = self._taps.open(on_value, on_end)
        self._end_if_drained()
        return tap

    def _taps_changed(self) -> None:
        assert self._taps is not None  # it is they who call
        if self._taps:
            self._mailboxes.add(self._taps)
        else:
            self._mailboxes.discard(self._taps)
        self._count_changed()

    @property
    def _subscribers(self) -> int:
        taps = 0 if self._taps is None else len(self._taps)
        return len(self._values.cursors) + len(self._mailboxes) + taps - bool(taps)  # all taps share one mailbox

    def _count_changed(self) -> None:
        if self._subscription_count is not None:
            self._subscription_count.change_to(self._subscribers)

    def _look(self) -> Look:
        values = self._values
        indices = [cursor.node.index for cursor in tuple(values.cursors)]
        lag = values.tail.index - min(indices, default=values.tail.index)
        lost = sum(mailbox.lost for mailbox in self._mailboxes if isinstance(mailbox, Mailbox))
        rate = values.tail.index / max(monotonic() - self._born, 0.001)
        return Look(
            "MutableSharedFlow",
            state="closed" if self.is_closed else "open",
            tone="" if self.is_closed else "wait" if self._emitters else "good",
            facts={
                "subscribers": self._subscribers,
                "emitted so far": values.tail.index,
                "a second, on average": round(rate, 1),
                "the slowest lags by": f"{lag} of {self._capacity}",
                "emitters, parked": len(self._emitters),
            }
            | ({"lost by subscribers that are there": lost} if lost else {}),
            values=({"replay": values.newest()} if values.replay else {})
            | ({} if self._cause is None else {"cause": self._cause}),
            gauge=(lag, self._capacity) if self._capacity else None,
        )

    def __repr__(self) -> str:
        state = "closed, " if self.is_closed else ""
        return f"<MutableSharedFlow {state}of {self._subscribers} subscribers>"
