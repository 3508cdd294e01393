"""`StateFlow`: a value that can be watched; and its views."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import AsyncIterator, Callable
from typing import TYPE_CHECKING, Any, TypeVar

from flowws._core import Look

from ._arguments import require_callable
from ._lag import Lag
from ._shared_flow import Action, SharedFlow, after_actions, shown_actions
from ._subscription import Subscription
from ._tap import OnEnd, OnValue, Tap

if TYPE_CHECKING:
    from ._channel_settings import ChannelSettings
    from ._flow import Flow
    from ._mutable_state_flow import MutableStateFlow

R = TypeVar("R")
T_co = TypeVar("T_co", covariant=True)


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
    @abstractmethod
    def _roots(self) -> tuple[MutableStateFlow[Any], ...]:
        """The states that this one is made of: it can change only when one of them does."""

    @property
    def replay_cache(self) -> tuple[T_co, ...]:
        return (self.value,)

    def map_state(self, transform: Callable[[T_co], R]) -> StateFlow[R]:
        """The state ``transform(value)``: it has a value at any time, needs no scope, and changes when this one does.

        `transform` is called when the result is asked for, once per value of this state: it must be a plain function,
        and should be a cheap one. Its failure reaches whoever asks. Actions of `on_subscription` stay behind.

        >>> name = MutableStateFlow("ann")
        >>> greeting = name.map_state(lambda name: f"hello, {name}")
        >>> name.value = "bob"
        >>> greeting.value
        'hello, bob'
        """
        from ._derived_state import DerivedState

        return DerivedState((self,), transform)

    def on_subscription(self, action: Action[R]) -> StateFlow[T_co | R]:
        """`SharedFlow.on_subscription`; the result is a state still. Kotlin: `onSubscription`."""
        require_callable(action, "action")
        return SubscribedStateFlow(self, (action,))

    def subscribe(self, on_lag: Lag = Lag.SUSPEND) -> Subscription[T_co]:
        """`SharedFlow.subscribe`, which is of no use here: subscribers of a state never hold it up.

        Raises `ValueError` for anything but `Lag.SUSPEND`.
        """
        if on_lag is not Lag.SUSPEND:
            raise ValueError(f"a state keeps its newest value only, so nobody can lag behind it: got {on_lag!r}")
        return super().subscribe(on_lag)

    def _subscribed(self, subscription: Subscription[T_co]) -> AsyncIterator[T_co]:
        return self._open()

    def _with_channel(self, settings: ChannelSettings) -> Flow[T_co]:
        return self if settings.only_conflates else super()._with_channel(settings)

    @property
    def _is_distinct(self) -> bool:
        return True

    def _look(self) -> Look:
        try:
            values: dict[str, object] = {"value": self.value}
        except Exception as failure:  # noqa: BLE001  # of the function of a derived state
            values = {"no value": failure}
        return Look("StateFlow", values=values)


class ReadOnlyStateFlow(StateFlow[T_co]):
    """A state that only its owner can change."""

    __slots__ = ("_state",)

    def __init__(self, state: StateFlow[T_co]) -> None:
        self._state = state

    @property
    def value(self) -> T_co:
        return self._state.value

    @property
    def _roots(self) -> tuple[MutableStateFlow[Any], ...]:
        return self._state._roots

    def _open(self) -> AsyncIterator[T_co]:
        return self._state._open()

    def _tap(self, on_value: OnValue[T_co], on_end: OnEnd | None) -> Tap:
        return self._state._tap(on_value, on_end)

    def __repr__(self) -> str:
        return f"<StateFlow {self.value!r}>"


class SubscribedStateFlow(StateFlow[T_co]):
    """A state with actions that run when a subscription has begun."""

    __slots__ = ("_actions", "_state")

    def __init__(self, state: StateFlow[Any], actions: tuple[Action[Any], ...]) -> None:
        self._state = state
        self._actions = actions

    @property
    def value(self) -> T_co:
        current: T_co = self._state.value
        return current

    @property
    def _roots(self) -> tuple[MutableStateFlow[Any], ...]:
        return self._state._roots

    def on_subscription(self, action: Action[R]) -> StateFlow[T_co | R]:
        require_callable(action, "action")
        return SubscribedStateFlow(self._state, (*self._actions, action))

    @property
    def _is_distinct(self) -> bool:
        return False  # what the actions yield may be anything

    def _open(self) -> AsyncIterator[T_co]:
        return after_actions(self._state._open(), self._actions)

    def __repr__(self) -> str:
        return f"{self._state!r}{shown_actions(self._actions)}"
