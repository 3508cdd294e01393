"""`SharedFlow`: one stream, many subscribers; and its views."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import AsyncGenerator, AsyncIterable, AsyncIterator, Awaitable, Callable
from typing import TYPE_CHECKING, Any, TypeAlias, TypeVar

from flowws._core import Call, Look, closing_itself

from ._arguments import require_callable
from ._closing import close_source
from ._flow import Flow
from ._lag import Lag
from ._showing import ShownAs
from ._subscription import Subscription
from ._tap import OnEnd, OnValue, Tap, require_plain_function
from ._yielding import yielded_by

if TYPE_CHECKING:
    from ._channel_settings import ChannelSettings

R = TypeVar("R")
T_co = TypeVar("T_co", covariant=True)

Action: TypeAlias = Callable[[], AsyncIterable[R]] | Callable[[], Awaitable[None]] | Callable[[], None]


class SharedFlow(Flow[T_co]):
    """A hot flow: every subscriber gets every value that is emitted while it is subscribed, and the replay before that.

    The subscription begins when iteration begins (``aiter``), before any waiting. Collecting does not end by itself,
    unless the flow is one that can be closed, and is.

    Kotlin: `SharedFlow`.
    """

    __slots__ = ()

    _is_hot = True

    @property
    @abstractmethod
    def replay_cache(self) -> tuple[T_co, ...]:
        """What a new subscriber would get at once, oldest first. Kotlin: `replayCache`."""

    @abstractmethod
    def _open(self) -> AsyncIterator[T_co]:
        """Begin a collection: subscribe, now."""

    def __aiter__(self) -> AsyncGenerator[T_co, None]:
        return closing_itself(self._open())

    def on_subscription(self, action: Action[R]) -> SharedFlow[T_co | R]:
        """Run ``action()`` when a subscription has begun, before its first value; what an async generator function
        yields there comes before the replay.

        Of several, the highest runs first; `on_start` runs earlier, when there is no subscription yet. So what the
        action emits into this flow is received. A failure of the action ends the subscription and reaches the
        subscriber.

        >>> async def main():
        ...     news = MutableSharedFlow[str](extra_buffer_capacity=1)
        ...     return await news.on_subscription(lambda: news.emit("hello")).first()
        >>> run(main)
        'hello'

        Kotlin: `onSubscription`.
        """
        require_callable(action, "action")
        return SubscribedSharedFlow(self, (action,))

    def subscribe(self, on_lag: Lag = Lag.SUSPEND) -> Subscription[T_co]:
        """This flow for subscribers of whom `on_lag` says what happens when they do not keep up.

        With anything but `Lag.SUSPEND` they hold up nobody, neither emitters nor other subscribers, and ``lost`` counts
        what they have missed.

        >>> async def main():
        ...     ticks = MutableSharedFlow[int](extra_buffer_capacity=2)
        ...     slow = ticks.subscribe(on_lag=Lag.DROP_OLDEST)
        ...     values = aiter(slow)
        ...     for n in range(5):
        ...         await ticks.emit(n)
        ...     return await anext(values), slow.lost
        >>> run(main)
        (3, 3)
        """
        if not isinstance(on_lag, Lag):  # pyright: ignore[reportUnnecessaryIsInstance]  # untyped callers
            raise TypeError(f"on_lag must be a Lag, not {on_lag!r}")
        return Subscription(self, on_lag)

    def tap(self, on_value: OnValue[T_co], on_end: OnEnd | None = None) -> Tap:
        """Call ``on_value(value)`` for every value that is emitted from now on, in the midst of its emission: when
        `emit`, `try_emit` or the assignment to a state returns, it has been called.

        It is a subscriber without a task and without a queue, which nobody waits for; there is no replay. So what it
        has noted down is always as new as the flow itself. `on_value` must be a plain and quick function: it is called
        by whoever emits. What it emits into this flow comes afterwards. When the flow has been closed, and all is
        emitted, ``on_end(cause)`` is called; at once, if that is so already.

        What `on_value` raises is logged and closes the tap; the emitter does not notice. `Tap.close` ends it.

        Raises `TypeError` for what is no plain function, and for a flow that cannot be tapped: one with actions of
        `on_subscription`, which nobody would run, and a state that is made of others.

        >>> prices = MutableSharedFlow[int]()
        >>> seen: list[int] = []
        >>> tap = prices.tap(seen.append)
        >>> prices.try_emit(10)
        True
        >>> tap.close()
        >>> seen
        [10]
        """
        require_plain_function(on_value, "on_value")
        if on_end is not None:
            require_plain_function(on_end, "on_end")
        return self._tap(on_value, on_end)

    def _tap(self, on_value: OnValue[T_co], on_end: OnEnd | None) -> Tap:
        raise TypeError(f"{self!r} cannot be tapped: tap what it is made of")

    def as_flow(self) -> Flow[T_co]:
        """This flow as a mere `Flow`, for those who shall not see that it is hot. Kotlin: `asFlow`."""
        return _FlowView(self)

    def _subscribed(self, subscription: Subscription[T_co]) -> AsyncIterator[T_co]:
        """Begin a collection under the policy of `subscription`."""
        raise NotImplementedError(f"{type(self).__name__} has no subscribers with a policy of their own")

    def _with_channel(self, settings: ChannelSettings) -> Flow[T_co]:
        return self if settings.adds_no_buffer else super()._with_channel(settings)


class _FlowView(Flow[T_co]):
    __slots__ = ("_shared",)

    def __init__(self, shared: SharedFlow[T_co]) -> None:
        self._shared = shared

    def __aiter__(self) -> AsyncGenerator[T_co, None]:
        return aiter(self._shared)

    @property
    def _shown_as(self) -> ShownAs:
        return self._shared, (Call("as_flow"),)


class ReadOnlySharedFlow(SharedFlow[T_co]):
    """A shared flow that only its owner emits into."""

    __slots__ = ("_shared",)

    def __init__(self, shared: SharedFlow[T_co]) -> None:
        self._shared = shared

    @property
    def replay_cache(self) -> tuple[T_co, ...]:
        return self._shared.replay_cache

    def _open(self) -> AsyncIterator[T_co]:
        return self._shared._open()

    def _subscribed(self, subscription: Subscription[T_co]) -> AsyncIterator[T_co]:
        return self._shared._subscribed(subscription)

    def _tap(self, on_value: OnValue[T_co], on_end: OnEnd | None) -> Tap:
        return self._shared._tap(on_value, on_end)

    def _look(self) -> Look:
        return _as_read_only(self._shared)

    def __repr__(self) -> str:
        return repr(self._shared).replace("Mutable", "", 1)


class SubscribedSharedFlow(SharedFlow[T_co]):
    """A shared flow with actions that run when a subscription has begun."""

    __slots__ = ("_actions", "_shared")

    def __init__(self, shared: SharedFlow[Any], actions: tuple[Action[Any], ...]) -> None:
        self._shared = shared
        self._actions = actions

    @property
    def replay_cache(self) -> tuple[T_co, ...]:
        return self._shared.replay_cache

    def on_subscription(self, action: Action[R]) -> SharedFlow[T_co | R]:
        require_callable(action, "action")
        return SubscribedSharedFlow(self._shared, (*self._actions, action))

    def _open(self) -> AsyncIterator[T_co]:
        return after_actions(self._shared._open(), self._actions)

    def _subscribed(self, subscription: Subscription[T_co]) -> AsyncIterator[T_co]:
        return after_actions(self._shared._subscribed(subscription), self._actions)

    def _look(self) -> Look:
        return _as_read_only(self._shared)

    def __repr__(self) -> str:
        return f"{self._shared!r}{shown_actions(self._actions)}"


def _as_read_only(shared: SharedFlow[Any]) -> Look:
    look = shared._look()
    look.kind = "SharedFlow"
    return look


async def after_actions(values: AsyncIterator[Any], actions: tuple[Action[Any], ...]) -> AsyncIterator[Any]:
    """What the actions yield, one after the other, and then `values`, the subscription, which has begun already."""
    try:
        for action in actions:
            first = yielded_by(action())
            try:
                async for value in first:
                    yield value
            finally:
                await close_source(first)
        async for value in values:
            yield value
    finally:
        await close_source(values)


def shown_actions(actions: tuple[Action[Any], ...]) -> str:
    """The actions as they are written behind a flow."""
    names = (getattr(action, "__name__", None) or repr(action) for action in actions)
    return "".join(f".on_subscription({name})" for name in names)
