"""`StateFlow`: a value that can be watched."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import AsyncIterator, Callable
from types import CoroutineType
from typing import TYPE_CHECKING, Any, Final, Generic, TypeVar

from flowws._core import Waiter, checkpoint, new_waiter

from ._arguments import require_callable
from ._equality import same
from ._shared_flow import SharedFlow

if TYPE_CHECKING:
    from ._subscription_count import SubscriptionCount

T = TypeVar("T")
T_co = TypeVar("T_co", covariant=True)

_NOTHING: Final[Any] = object()
_BUDGET: Final = 128


class StateFlow(SharedFlow[T_co]):
    """A hot flow that always has a value: `value` now, and by iteration every later one that a collector is quick
    enough for.

    A new collector gets the current value at once. Equal values in a row are one; a slow collector misses what was
    overwritten but always ends on the newest. Collecting never ends by itself.

    Kotlin: `StateFlow`.
    """

    __slots__ = ()

    @property
    @abstractmethod
    def value(self) -> T_co:
        """The current value."""

    @property
    def replay_cache(self) -> tuple[T_co, ...]:
        return (self.value,)

    @property
    def _is_distinct(self) -> bool:
        return True


class MutableStateFlow(StateFlow[T]):
    """A state to assign to.

    Assigning a value that equals the current one (identity first, then ``==``) changes nothing and keeps the old
    object.

    >>> state = MutableStateFlow("off")
    >>> state.value = "on"
    >>> run(state.first)
    'on'

    Kotlin: `MutableStateFlow`.
    """

    __slots__ = ("__weakref__", "_collectors", "_parked", "_subscription_count", "_value")

    def __init__(self, value: T) -> None:
        self._value = value
        self._parked: dict[object, Waiter[None]] = {}
        self._collectors = 0
        self._subscription_count: SubscriptionCount | None = None

    @property
    def value(self) -> T:
        return self._value

    @value.setter
    def value(self, value: T) -> None:
        if same(self._value, value):
            return
        self._value = value
        if self._parked:
            parked, self._parked = self._parked, {}
            for waiter in parked.values():
                if not waiter.done():
                    waiter.set_result(None)

    async def emit(self, value: T) -> None:
        """The same as assigning to `value`; never waits. Kotlin: `MutableStateFlow.emit`."""
        self.value = value

    def try_emit(self, value: T) -> bool:
        """The same as assigning to `value`; always True. Kotlin: `tryEmit`."""
        self.value = value
        return True

    def compare_and_set(self, expect: T, update: T) -> bool:
        """Assign `update` if the current value equals `expect`; whether it did. Kotlin: `compareAndSet`."""
        if not same(self._value, expect):
            return False
        self.value = update
        return True

    def update(self, function: Callable[[T], T]) -> None:
        """Assign ``function(value)``; the function must be a plain one. Kotlin: `update`."""
        self.update_and_get(function)

    def update_and_get(self, function: Callable[[T], T]) -> T:
        """Assign ``function(value)`` and return it. Kotlin: `updateAndGet`."""
        require_callable(function, "function")
        value = function(self._value)
        if isinstance(value, CoroutineType):
            value.close()
            raise TypeError(f"function must not be async: the value could change while it waits; got {function!r}")
        self.value = value
        return self._value

    def get_and_update(self, function: Callable[[T], T]) -> T:
        """Assign ``function(value)`` and return what was there before. Kotlin: `getAndUpdate`."""
        before = self._value
        self.update_and_get(function)
        return before

    @property
    def subscription_count(self) -> StateFlow[int]:
        """How many collectors there are now.

        Unlike other state flows it shows every change. Kotlin: `subscriptionCount`.
        """
        if self._subscription_count is None:
            from ._subscription_count import SubscriptionCount

            self._subscription_count = SubscriptionCount(self._collectors)
        return self._subscription_count

    def __aiter__(self) -> AsyncIterator[T]:
        return _deliver(_Subscription(self))

    def _count(self, change: int) -> None:
        self._collectors += change
        if self._subscription_count is not None:
            self._subscription_count.change_to(self._collectors)

    def __repr__(self) -> str:
        return f"<MutableStateFlow {self._value!r}>"


class _Subscription(Generic[T]):
    """Counts a collector from the beginning of its iteration to the end, also if that never takes its first step."""

    __slots__ = ("_closed", "state")

    def __init__(self, state: MutableStateFlow[T]) -> None:
        self.state = state
        self._closed = False
        state._count(+1)

    def close(self) -> None:
        if not self._closed:
            self._closed = True
            self.state._parked.pop(self, None)
            self.state._count(-1)

    __del__ = close


async def _deliver(subscription: _Subscription[T]) -> AsyncIterator[T]:
    state = subscription.state
    last: T = _NOTHING
    budget = _BUDGET
    try:
        while True:
            value = state._value
            if last is not _NOTHING and same(last, value):
                budget = _BUDGET
                waiter = state._parked[subscription] = new_waiter()
                await waiter
            elif not budget:
                budget = _BUDGET
                await checkpoint()
            else:
                budget -= 1
                last = value
                yield value
    finally:
        subscription.close()


class ReadOnlyStateFlow(StateFlow[T_co]):
    """A state that only its owner can change."""

    __slots__ = ("_state",)

    def __init__(self, state: StateFlow[T_co]) -> None:
        self._state = state

    @property
    def value(self) -> T_co:
        return self._state.value

    def __aiter__(self) -> AsyncIterator[T_co]:
        return aiter(self._state)

    def __repr__(self) -> str:
        return f"<StateFlow {self.value!r}>"
