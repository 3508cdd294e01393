"""`MutableStateFlow`: a state to assign to."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from types import CoroutineType
from typing import TYPE_CHECKING, Any, TypeVar

from flowws._core import Look, Waiter

from ._arguments import require_callable
from ._equality import same
from ._state_flow import ReadOnlyStateFlow, StateFlow
from ._tap import OnEnd, OnValue, Tap, Taps
from ._watching import Watcher, watched

if TYPE_CHECKING:
    from ._subscription_count import SubscriptionCount

T = TypeVar("T")


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

    __slots__ = ("__weakref__", "_collectors", "_parked", "_subscription_count", "_taps", "_value")

    def __init__(self, value: T) -> None:
        self._value = value
        self._parked: dict[Waiter[None], None] = {}
        self._collectors = 0
        self._taps: Taps[T] | None = None  # made for the first one
        self._subscription_count: SubscriptionCount | None = None

    @property
    def value(self) -> T:
        """The current value. Assign to it."""
        return self._value

    @value.setter
    def value(self, value: T) -> None:
        if same(self._value, value):
            return
        self._value = value
        if self._parked:
            parked, self._parked = self._parked, {}
            for waiter in parked:
                if not waiter.done():
                    waiter.set_result(None)
        if self._taps is not None:
            self._taps.put(value)
            self._taps.tell()

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

    def as_state_flow(self) -> StateFlow[T]:
        """A view for those who shall not assign. Kotlin: `asStateFlow`."""
        return ReadOnlyStateFlow(self)

    @property
    def subscription_count(self) -> StateFlow[int]:
        """How many collectors there are now.

        Unlike other state flows it shows every change. Kotlin: `subscriptionCount`.
        """
        if self._subscription_count is None:
            from ._subscription_count import SubscriptionCount

            self._subscription_count = SubscriptionCount(0)
            self._count_changed()
        return self._subscription_count

    def _open(self) -> AsyncIterator[T]:
        return watched(self, Watcher(self._roots))

    @property
    def _roots(self) -> tuple[MutableStateFlow[Any], ...]:
        return (self,)

    def _tap(self, on_value: OnValue[T], on_end: OnEnd | None) -> Tap:
        if self._taps is None:
            self._taps = Taps(self._count_changed)
        return self._taps.open(on_value, on_end)

    def _count(self, change: int) -> None:
        self._collectors += change
        self._count_changed()

    def _count_changed(self) -> None:
        if self._subscription_count is not None:
            taps = 0 if self._taps is None else len(self._taps)
            self._subscription_count.change_to(self._collectors + taps)

    def _look(self) -> Look:
        taps = 0 if self._taps is None else len(self._taps)
        return Look("MutableStateFlow", values={"value": self._value}, facts={"collectors": self._collectors + taps})

    def __repr__(self) -> str:
        return f"<MutableStateFlow {self._value!r}>"
