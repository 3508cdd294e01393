"""`ChannelSettings`: what `buffer`, `conflate` and `flow_on` say about one channel, added up."""

from __future__ import annotations

from contextvars import Context
from typing import TYPE_CHECKING, Final, NamedTuple, TypeVar

from flowws._core import CoroutineContext, CoroutineScope, CoroutineStart
from flowws.channels import BufferOverflow, Channel

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from flowws.channels import ProducerScope, ReceiveChannel

T = TypeVar("T")
R = TypeVar("R")


class ChannelSettings(NamedTuple):
    """How the values of one flow pass through a channel, and what the job on its sending side is given.

    Immutable: operators that follow each other are added up by `then`, and make one channel together.
    """

    capacity: int | None = None
    """None where nobody has said anything; the channel then gets 64."""
    on_buffer_overflow: BufferOverflow = BufferOverflow.SUSPEND
    context: CoroutineContext | None = None
    """The name of the job, and the handler of failures that have nowhere else to go."""
    variables: Context | None = None
    """The context variables of the job; None for the collector's."""

    def then(self, later: ChannelSettings) -> ChannelSettings:
        """These settings, followed by those of an operator below.

        Sizes add up, what was said beats a default, and a policy that drops makes everything before it forgotten. Of
        two contexts the one nearer to the source counts.
        """
        if later.on_buffer_overflow is BufferOverflow.SUSPEND:
            capacity, overflow = _sum(self.capacity, later.capacity), self.on_buffer_overflow
        else:
            capacity, overflow = later.capacity, later.on_buffer_overflow
        return ChannelSettings(
            capacity,
            overflow,
            _nearer(self.context, later.context),
            _nearer_variables(self.variables, later.variables),
        )

    def produce(
        self,
        scope: CoroutineScope,
        main: Callable[[ProducerScope[T]], Awaitable[object]],
        name: str,
    ) -> ReceiveChannel[T]:
        """Start `main` as a job of `scope`, with these settings; the channel that it fills.

        The job begins even if it is cancelled before its first step: what is above has to hear of its end.
        """
        from flowws.channels import produce

        capacity = Channel.BUFFERED if self.capacity is None else self.capacity
        overflow, start = self.on_buffer_overflow, CoroutineStart.ATOMIC
        return self.begin_in(
            scope, name, lambda scope, name: produce(scope, main, capacity, overflow, name=name, start=start)
        )

    def begin_in(self, scope: CoroutineScope, name: str, begin: Callable[[CoroutineScope, str], R]) -> R:
        """``begin(scope, name)``, which starts jobs, with the scope, the name and the variables that were asked for."""
        if self.context is not None:
            scope, name = scope + self.context, self.context.name or name
        return begin(scope, name) if self.variables is None else self.variables.copy().run(begin, scope, name)

    # For those who need no channel of their own, since they have a buffer already: hot flows

    @property
    def adds_no_buffer(self) -> bool:
        """Whether, after a flow that runs in nobody's context and buffers by itself, nothing is left to do."""
        return self.capacity in (None, Channel.RENDEZVOUS) and self.on_buffer_overflow is BufferOverflow.SUSPEND

    @property
    def only_conflates(self) -> bool:
        """Whether this gives no more than the newest value."""
        return self.capacity in (None, 0, 1, Channel.BUFFERED) and self.on_buffer_overflow is BufferOverflow.DROP_OLDEST

    def extra_buffer_capacity(self, replay: int) -> int:
        """The room that a shared flow needs beyond its replay to stand in for this channel."""
        if self.capacity not in (None, Channel.RENDEZVOUS, Channel.BUFFERED):
            return self.capacity
        if self.on_buffer_overflow is not BufferOverflow.SUSPEND:
            return 0 if replay else 1
        return 0 if self.capacity == Channel.RENDEZVOUS else max(replay, 64) - replay

    @property
    def shown(self) -> list[str]:
        """The operators that say the same."""
        contexts = [context for context in (self.context, self.variables) if context is not None]
        return [*self._shown_buffer(), *(f"flow_on({context!r})" for context in contexts)]

    def _shown_buffer(self) -> list[str]:
        if self.only_conflates:
            return ["conflate()"]
        size = _NAMES.get(self.capacity, repr(self.capacity))
        if self.on_buffer_overflow is not BufferOverflow.SUSPEND:
            return [f"buffer({size}, {self.on_buffer_overflow!r})"]
        if self.capacity is None:
            return []
        return ["buffer()" if self.capacity == Channel.BUFFERED else f"buffer({size})"]


_NAMES: Final[dict[int | None, str]] = {
    Channel.BUFFERED: "Channel.BUFFERED",
    Channel.UNLIMITED: "Channel.UNLIMITED",
}

CONFLATING: Final = ChannelSettings(Channel.RENDEZVOUS, BufferOverflow.DROP_OLDEST)
"""What `conflate` says. Of room 0, so that a size said later is the whole of it."""


def _sum(earlier: int | None, later: int | None) -> int | None:
    if earlier is None or earlier == Channel.BUFFERED:
        return earlier if later is None else later
    if later is None or later == Channel.BUFFERED:
        return earlier
    return min(earlier + later, Channel.UNLIMITED)


def _nearer(near: CoroutineContext | None, far: CoroutineContext | None) -> CoroutineContext | None:
    return far + near if near is not None and far is not None else near or far


def _nearer_variables(near: Context | None, far: Context | None) -> Context | None:
    if near is None or far is None:
        return near if far is None else far
    both = far.copy()
    for variable, value in near.items():
        both.run(variable.set, value)
    return both
