"""`channels`: how many frames may wait in each direction of a session, and what happens to one too many."""

from __future__ import annotations

from dataclasses import dataclass
from sys import maxsize

from ._overflow import ChannelOverflow


def is_number(value: object) -> bool:
    """Whether it is an int, and no bool."""
    return isinstance(value, int) and not isinstance(value, bool)


@dataclass(frozen=True, slots=True)
class ChannelConfig:
    """How many frames may wait in one direction of a session, and what gives way beyond.

    Made by `bounded` and `unlimited`. Kotlin: `ChannelConfig`.
    """

    capacity: int
    on_overflow: ChannelOverflow = ChannelOverflow.SUSPEND

    def __post_init__(self) -> None:
        if not is_number(self.capacity):
            raise TypeError(f"a capacity is a number of frames, not {self.capacity!r}")
        if self.capacity < 1:
            raise ValueError(f"a queue of frames needs room for at least one, not for {self.capacity!r}")
        if not isinstance(self.on_overflow, ChannelOverflow):  # pyright: ignore[reportUnnecessaryIsInstance]  # as above
            raise TypeError(f"on_overflow is a ChannelOverflow, not {self.on_overflow!r}")

    @property
    def is_unlimited(self) -> bool:
        """Whether nobody ever waits."""
        return self.capacity == maxsize

    @property
    def can_suspend(self) -> bool:
        """Whether a full queue makes the other side wait. Kotlin: `canSuspend`."""
        return self.on_overflow is ChannelOverflow.SUSPEND and not self.is_unlimited

    def __repr__(self) -> str:
        if self.is_unlimited:
            return "unlimited()"
        policy = "" if self.on_overflow is ChannelOverflow.SUSPEND else f", on_overflow={self.on_overflow!r}"
        return f"bounded({self.capacity}{policy})"


def bounded(capacity: int, *, on_overflow: ChannelOverflow = ChannelOverflow.SUSPEND) -> ChannelConfig:
    """A queue for `capacity` frames. Without more, a full one loses nothing: incoming, the reading stops, so that TCP
    slows the peer down; outgoing, `send` waits. What the last read of the socket has brought is kept beyond the
    capacity: up to 64 KiB on sansio and 256 KiB on picows, behind a larger message about the size of that. Other
    policies of `ChannelOverflow` give frames up, or the session.

    >>> bounded(16, on_overflow=ChannelOverflow.DROP_OLDEST)
    bounded(16, on_overflow=ChannelOverflow.DROP_OLDEST)

    Kotlin: `bounded`.
    """
    return ChannelConfig(capacity, on_overflow)


def unlimited() -> ChannelConfig:
    """A queue without a bound: it grows as fast as the other side is slow. Kotlin: `unlimited`."""
    return ChannelConfig(maxsize)


@dataclass(frozen=True, slots=True)
class ChannelsConfig:
    """The two queues of a session. Made by `channels`. Kotlin: `WebSocketChannelsConfig`."""

    incoming: ChannelConfig
    outgoing: ChannelConfig


def channels(incoming: ChannelConfig | None = None, outgoing: ChannelConfig | None = None) -> ChannelsConfig:
    """The two queues of a session, 64 frames each unless said otherwise.

    >>> channels(incoming=bounded(1))
    ChannelsConfig(incoming=bounded(1), outgoing=bounded(64))
    """
    default = bounded(64)
    return ChannelsConfig(default if incoming is None else incoming, default if outgoing is None else outgoing)
