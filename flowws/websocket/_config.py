"""`WebSockets`: the configuration of a server or a client, checked when it is made."""

from __future__ import annotations

from dataclasses import dataclass, field
from math import isfinite
from sys import maxsize
from typing import Final, Literal, TypeAlias, get_args

from flowws._core import Duration, to_seconds

from .converters import ContentConverter, JsonConverter

Liveness: TypeAlias = Literal["any", "pong"]
"""What counts as a sign of life after a ping: any bytes from the peer, or only the matching pong."""

MIB: Final = 1 << 20

_JSON: Final = JsonConverter()  # what it has learnt about types, it has learnt for all


@dataclass(frozen=True, slots=True)
class ChannelConfig:
    """How many frames may wait in one direction of a session; a fuller queue makes the other side wait.

    Made by `bounded` and `unlimited`. Kotlin: `ChannelConfig`.
    """

    capacity: int

    def __post_init__(self) -> None:
        if not _is(int, self.capacity):
            raise TypeError(f"a capacity is a number of frames, not {self.capacity!r}")
        if self.capacity < 1:
            raise ValueError(f"a queue of frames needs room for at least one, not for {self.capacity!r}")

    @property
    def is_unlimited(self) -> bool:
        """Whether nobody ever waits."""
        return self.capacity == maxsize

    def __repr__(self) -> str:
        return "unlimited()" if self.is_unlimited else f"bounded({self.capacity})"


def bounded(capacity: int) -> ChannelConfig:
    """A queue for `capacity` frames. Incoming, a full one stops the reading, so that TCP slows the peer down;
    outgoing, a full one makes `send` wait. Kotlin: `bounded`.
    """
    return ChannelConfig(capacity)


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


@dataclass(frozen=True, slots=True)
class WebSockets:
    """How the sessions of a server or a client behave.

    Durations are seconds or `timedelta`, and are seconds once stored. A value that makes no sense is refused here,
    not later.

    Args:
        ping_interval: how long after the last answered ping the next one is sent; None: no pings.
        timeout: how long a ping may stay unanswered. Only matters with a `ping_interval`.
        max_frame_size: how many bytes one frame, or the fragments of one message together, may have. Beyond: close
            with 1009.
        masking: whether frames are masked beyond what the RFC asks for. A client always masks; no server of this
            engine can.
        content_converter: turns values into frames and back; None for none.
        channels: how many frames may wait in each direction.
        close_timeout: how long closing may take on the wire, all in all, before the connection is cut.
        linger: how long whoever reads `incoming` may go on once the session is closed.
        liveness: what counts as an answer to a ping: "any" bytes from the peer, or only the "pong" that matches.

    Kotlin: the `WebSockets` plugin.
    """

    ping_interval: Duration | None = None
    timeout: Duration = 15.0
    max_frame_size: int = 16 * MIB
    masking: bool = False
    content_converter: ContentConverter | None = _JSON
    channels: ChannelsConfig = field(default_factory=channels)
    close_timeout: Duration = 5.0
    linger: Duration = 5.0
    liveness: Liveness = "any"

    def __post_init__(self) -> None:
        if self.ping_interval is not None:
            self._store("ping_interval", _seconds("ping_interval", self.ping_interval, positive=True))
        self._store("timeout", _seconds("timeout", self.timeout, positive=True))
        self._store("close_timeout", _seconds("close_timeout", self.close_timeout))
        self._store("linger", _seconds("linger", self.linger))
        size = self.max_frame_size
        if not _is(int, size):
            raise TypeError(f"max_frame_size must be a number of bytes, not {size!r}")
        if not 0 < size <= maxsize:
            raise ValueError(f"max_frame_size must be 1 or more, not {size!r}")
        if self.liveness not in get_args(Liveness):
            raise ValueError(f"liveness must be one of {get_args(Liveness)}, not {self.liveness!r}")
        if not _is(ChannelsConfig, self.channels):
            raise TypeError(f"channels must be made by channels(...), not {self.channels!r}")

    def _store(self, name: str, value: float) -> None:
        object.__setattr__(self, name, value)


def _is(kind: type, value: object) -> bool:
    return isinstance(value, kind) and not isinstance(value, bool)


def _seconds(name: str, duration: Duration, *, positive: bool = False) -> float:
    seconds = to_seconds(duration, name)
    if not isfinite(seconds) or seconds < 0 or (positive and seconds == 0):
        raise ValueError(f"{name} must be {'more than zero' if positive else 'zero or more'}, not {duration!r}")
    return seconds
