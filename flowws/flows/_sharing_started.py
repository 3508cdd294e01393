"""`SharingStarted`: when the upstream of a shared flow runs."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import AsyncIterator
from enum import Enum
from typing import TYPE_CHECKING, ClassVar

from flowws._core import Duration, delay, to_seconds

from ._builders import flow, flow_of

if TYPE_CHECKING:
    from ._flow import Flow
    from ._state_flow import StateFlow


class SharingCommand(Enum):
    """What a strategy tells the shared flow to do. Kotlin: `SharingCommand`."""

    START = "start"
    """Collect the upstream, if that is not under way."""
    STOP = "stop"
    """Cancel the collection; what was shared last stays."""
    STOP_AND_RESET_REPLAY_CACHE = "stop_and_reset_replay_cache"
    """Cancel the collection and go back to the beginning: the initial value, an empty replay."""

    def __repr__(self) -> str:
        return f"SharingCommand.{self.name}"


class SharingStarted(ABC):
    """When the upstream of a shared flow is started and stopped. Subclass it for a strategy of your own.

    Kotlin: `SharingStarted`.
    """

    EAGERLY: ClassVar[SharingStarted]
    """At once, and never stop."""
    LAZILY: ClassVar[SharingStarted]
    """With the first subscriber, and never stop."""

    @abstractmethod
    def command(self, subscription_count: StateFlow[int]) -> Flow[SharingCommand]:
        """The commands that follow from the numbers of subscribers. The same command twice in a row counts once."""

    @staticmethod
    def while_subscribed(stop_timeout: Duration = 0.0, replay_expiration: Duration = float("inf")) -> SharingStarted:
        """With the first subscriber; stop when the last has been gone for `stop_timeout`, forget `replay_expiration`
        after that.

        Both are seconds or a `timedelta`. Raises `ValueError` for negative ones. Kotlin: `WhileSubscribed`.
        """
        stop_seconds = to_seconds(stop_timeout, "stop_timeout")
        replay_seconds = to_seconds(replay_expiration, "replay_expiration")
        if stop_seconds < 0:
            raise ValueError(f"stop_timeout must not be negative, but is {stop_timeout!r}")
        if replay_seconds < 0:
            raise ValueError(f"replay_expiration must not be negative, but is {replay_expiration!r}")
        return WhileSubscribed(stop_seconds, replay_seconds)


class _Eagerly(SharingStarted):
    def command(self, subscription_count: StateFlow[int]) -> Flow[SharingCommand]:
        return flow_of(SharingCommand.START)

    def __repr__(self) -> str:
        return "SharingStarted.EAGERLY"


class _Lazily(SharingStarted):
    def command(self, subscription_count: StateFlow[int]) -> Flow[SharingCommand]:
        return subscription_count.filter(bool).take(1).map(lambda _: SharingCommand.START)

    def __repr__(self) -> str:
        return "SharingStarted.LAZILY"


class WhileSubscribed(SharingStarted):
    """What `SharingStarted.while_subscribed` returns. A value; durations in seconds."""

    __slots__ = ("replay_expiration", "stop_timeout")

    def __init__(self, stop_timeout: float, replay_expiration: float) -> None:
        self.stop_timeout = stop_timeout
        self.replay_expiration = replay_expiration

    def __eq__(self, other: object) -> bool:
        return isinstance(other, WhileSubscribed) and self._parameters == other._parameters

    def __hash__(self) -> int:
        return hash(self._parameters)

    def __repr__(self) -> str:
        return f"SharingStarted.while_subscribed({self.stop_timeout}, {self.replay_expiration})"

    @property
    def _parameters(self) -> tuple[float, float]:
        return self.stop_timeout, self.replay_expiration

    def command(self, subscription_count: StateFlow[int]) -> Flow[SharingCommand]:
        nobody_yet: int | None = None
        counts = subscription_count.scan(nobody_yet, _count_once_there_was_one).map_not_none(lambda count: count)
        return counts.flat_map_latest(self._commands_for)

    def _commands_for(self, subscribers: int) -> Flow[SharingCommand]:
        return flow_of(SharingCommand.START) if subscribers else _wind_down(self.stop_timeout, self.replay_expiration)


def _count_once_there_was_one(before: int | None, count: int) -> int | None:
    return None if before is None and count == 0 else count


@flow
async def _wind_down(stop_timeout: float, replay_expiration: float) -> AsyncIterator[SharingCommand]:
    await delay(stop_timeout)
    if replay_expiration > 0:
        yield SharingCommand.STOP
        await delay(replay_expiration)
    yield SharingCommand.STOP_AND_RESET_REPLAY_CACHE


SharingStarted.EAGERLY = _Eagerly()
SharingStarted.LAZILY = _Lazily()
