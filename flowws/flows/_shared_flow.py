"""`SharedFlow`: one stream, many subscribers."""

from __future__ import annotations

from abc import abstractmethod
from collections import deque
from collections.abc import AsyncIterator
from typing import TYPE_CHECKING, Any, Final, Generic, TypeVar, cast

from flowws._core import Waiter, checkpoint, new_waiter
from flowws.channels import BufferOverflow

from ._arguments import require_count
from ._flow import Flow

if TYPE_CHECKING:
    from ._state_flow import StateFlow
    from ._subscription_count import SubscriptionCount

T = TypeVar("T")
T_co = TypeVar("T_co", covariant=True)

_NOTHING: Final[Any] = object()
_BUDGET: Final = 128


class SharedFlow(Flow[T_co]):
    """A hot flow: every subscriber gets every value that is emitted while it is subscribed, and the replay before that.

    The subscription begins when iteration begins (``aiter``), before any waiting. Collecting never ends by itself.

    Kotlin: `SharedFlow`.
    """

    __slots__ = ()

    @property
    @abstractmethod
    def replay_cache(self) -> tuple[T_co, ...]:
        """What a new subscriber would get at once, oldest first. Kotlin: `replayCache`."""


class _Node(Generic[T]):
    """A place in the stream. The last node of the list is the empty place that the next value will take."""

    __slots__ = ("index", "next", "readers", "value")
    next: _Node[T]

    def __init__(self, index: int) -> None:
        self.index = index
        self.readers = 0  # cursors whose next value this is
        self.value: T = _NOTHING


class _Cursor(Generic[T]):
    """How far one subscriber has come."""

    __slots__ = ("node",)

    def __init__(self, node: _Node[T]) -> None:
        self.node = node


class MutableSharedFlow(SharedFlow[T]):
    """A hot flow to emit into.

    ::

        replay ─────────┐                        the list: values in the order of emission
                        v
        [a] -> [b] -> [c] -> [d] -> [ ]          [ ] the place of the next value
         ^             ^             ^
         slowest       a cursor      a cursor that has caught up, and waits

        the lag of the slowest subscriber is at most the buffer: replay + extra_buffer_capacity
        a value is kept while a cursor or the replay cache can still reach it, and no longer

    Without subscribers `emit` never waits: the newest `replay` values stay, the rest goes. With subscribers it waits
    while the slowest one lags by the whole buffer, unless `on_buffer_overflow` says what to drop instead. Without any
    buffer it waits until every subscriber has taken the value.

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
        "_capacity",
        "_cursors",
        "_emitters",
        "_overflow",
        "_parked",
        "_replay",
        "_replayed",
        "_slowest",
        "_streak",
        "_subscription_count",
        "_tail",
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
        self._replay = replay
        self._overflow = on_buffer_overflow
        self._tail: _Node[T] = _Node(0)
        self._slowest = self._tail  # the oldest node that some cursor still has to read; the tail if there is none
        self._replayed = self._tail  # the first node of the replay cache
        self._cursors = 0
        self._parked: dict[_Cursor[T], Waiter[None]] = {}
        self._emitters: deque[tuple[Waiter[None], T]] = deque()
        self._subscription_count: SubscriptionCount | None = None
        self._streak = 0

    # Emitting

    async def emit(self, value: T) -> None:
        """Give `value` to every subscriber; wait for room where the buffer is full.

        Cancelling an emitter that waits takes its value back.

        Kotlin: `MutableSharedFlow.emit`.
        """
        if self._streak >= _BUDGET:
            self._streak = 0
            await checkpoint()
        self._streak += 1
        if not self.try_emit(value):
            await self._park_emitter(value)

    def try_emit(self, value: T) -> bool:
        """Emit without waiting. False if `emit` would have to wait: then nothing happened.

        Without any buffer that is always so while there are subscribers. Kotlin: `tryEmit`.
        """
        if self._cursors and self._tail.index - self._slowest.index >= self._capacity:
            if self._overflow is BufferOverflow.SUSPEND:
                return False
            if self._overflow is BufferOverflow.DROP_LATEST:
                return True
            self._append(value)
            self._leave_behind()
        else:
            self._append(value)
        return True

    def reset_replay_cache(self) -> None:
        """Forget the replay for new subscribers; what slow ones still have to get stays. Kotlin: `resetReplayCache`."""
        self._replayed = self._tail

    def _append(self, value: T) -> None:
        node = self._tail
        node.value = value
        node.next = self._tail = _Node(node.index + 1)
        if not self._cursors:
            self._slowest = self._tail
        if self._tail.index - self._replayed.index > self._replay:
            self._replayed = self._replayed.next
        if self._parked:
            parked, self._parked = self._parked, {}
            for waiter in parked.values():
                if not waiter.done():
                    waiter.set_result(None)

    def _leave_behind(self) -> None:
        """DROP_OLDEST: move the slowest cursors one value on. They notice when they next read."""
        late = self._slowest
        late.next.readers += late.readers
        self._slowest = late.next
        late.readers, late.value = 0, _NOTHING
        del late.next  # a cursor that is not read for long would keep everything since then alive

    # Without a buffer, the value of the first waiting emitter stands in the list, for everybody to take; it is taken
    # back if the emitter is cancelled. With a buffer, waiting values stay out of the list until there is room.

    async def _park_emitter(self, value: T) -> None:
        self._streak = 0
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
            while self._slowest is not self._tail:
                self._leave_behind()
            self._stand_next()

    def _stand_next(self) -> None:
        while self._emitters and self._emitters[0][0].done():  # cancelled, but its task has not run yet
            self._emitters.popleft()
        if self._emitters:
            self._append(self._emitters[0][1])

    def _admit_emitters(self) -> None:
        """The slowest subscriber has moved, or the last one has gone: let in as many waiting emitters as now fit."""
        if self._capacity == 0:
            while self._emitters and self._slowest is self._tail:
                self._release(self._emitters.popleft()[0])
                self._stand_next()
            return
        while self._emitters and (not self._cursors or self._tail.index - self._slowest.index < self._capacity):
            waiter, value = self._emitters.popleft()
            if not waiter.done():
                self._append(value)
                self._release(waiter)

    @staticmethod
    def _release(waiter: Waiter[None]) -> None:
        if not waiter.done():
            waiter.set_result(None)

    # Subscribing

    @property
    def replay_cache(self) -> tuple[T, ...]:
        cached: list[T] = []
        node = self._replayed
        while node is not self._tail:
            cached.append(node.value)
            node = node.next
        return tuple(cached)

    @property
    def subscription_count(self) -> StateFlow[int]:
        """How many subscribers there are now.

        Unlike other state flows it shows every change. Kotlin: `subscriptionCount`.
        """
        if self._subscription_count is None:
            from ._subscription_count import SubscriptionCount

            self._subscription_count = SubscriptionCount(self._cursors)
        return self._subscription_count

    def __aiter__(self) -> AsyncIterator[T]:
        return _deliver(_Subscription(self))

    def _subscribe(self) -> _Cursor[T]:
        node = self._replayed
        if not self._cursors or node.index < self._slowest.index:
            self._slowest = node
        node.readers += 1
        self._cursors += 1
        self._count_changed()
        return _Cursor(node)

    def _unsubscribe(self, cursor: _Cursor[T]) -> None:
        self._parked.pop(cursor, None)
        self._cursors -= 1
        self._leave(self._place_of(cursor))
        self._count_changed()

    def _count_changed(self) -> None:
        if self._subscription_count is not None:
            self._subscription_count.change_to(self._cursors)

    def _place_of(self, cursor: _Cursor[T]) -> _Node[T]:
        """Where the cursor stands, or has been moved to."""
        node = cursor.node
        return node if node.index >= self._slowest.index else self._slowest

    def _leave(self, node: _Node[T]) -> None:
        node.readers -= 1
        if node is self._slowest and not node.readers:
            while node is not self._tail and not node.readers:
                node = node.next
            self._slowest = node
            if self._emitters:
                self._admit_emitters()

    def _next(self, cursor: _Cursor[T]) -> T:
        """The cursor's next value, `_NOTHING` if it has caught up."""
        if self._emitters and self._emitters[0][0].done():
            self._take_back(self._emitters[0])
        node = self._place_of(cursor)
        if node is self._tail:
            cursor.node = node
            return cast("T", _NOTHING)
        cursor.node = node.next
        node.next.readers += 1
        value = node.value
        self._leave(node)
        return value

    def __repr__(self) -> str:
        return f"<MutableSharedFlow of {self._cursors} subscribers>"


class _Subscription(Generic[T]):
    """Holds a cursor from the beginning of the iteration to its end, also if that never takes its first step."""

    __slots__ = ("cursor", "shared")

    def __init__(self, shared: MutableSharedFlow[T]) -> None:
        self.shared = shared
        self.cursor: _Cursor[T] | None = shared._subscribe()

    def close(self) -> None:
        if self.cursor is not None:
            cursor, self.cursor = self.cursor, None
            self.shared._unsubscribe(cursor)

    __del__ = close


async def _deliver(subscription: _Subscription[T]) -> AsyncIterator[T]:
    shared, cursor = subscription.shared, subscription.cursor
    assert cursor is not None  # closed only below
    budget = _BUDGET
    try:
        while True:
            value = shared._next(cursor)
            if value is _NOTHING:
                budget = _BUDGET
                waiter = shared._parked[cursor] = new_waiter()
                await waiter
                continue
            if not budget:
                budget = _BUDGET
                await checkpoint()
            budget -= 1
            yield value
    finally:
        subscription.close()
