"""`WebSockets`: the configuration of a server or a client, checked when it is made."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from math import isfinite
from sys import maxsize
from typing import Final, Literal, TypeAlias, get_args

from flowws._core import Duration, to_seconds

from ._channels_config import ChannelsConfig, channels, is_number
from .converters import ContentConverter, JsonConverter
from .extensions import WebSocketExtensionFactory, checked

Liveness: TypeAlias = Literal["any", "pong"]
"""What counts as a sign of life after a ping: any bytes from the peer, or only the matching pong."""

MIB: Final = 1 << 20

_JSON: Final = JsonConverter()  # what it has learnt about types, it has learnt for all


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
        masking: whether a server masks its frames; a client always does. RFC 6455 wants it unmasked, so this is for
            tests; an engine that cannot says so.
        content_converter: turns values into frames and back; None for none.
        extensions: what is offered to the peer, or accepted from it, such as ``[PerMessageDeflate()]``; messages pass
            them in this order on their way out. Two that need the same reserved bit are refused.
        channels: how many frames may wait in each direction, and what happens to one too many.
        close_timeout: how long closing may take on the wire, all in all, before the connection is cut.
        linger: how long whoever reads `incoming` may go on once the session is closed.
        count_bytes: whether `session.stats` tells bytes, too; it costs a little for each frame.
        liveness: what counts as an answer to a ping: "any" bytes from the peer, or only the "pong" that matches.

    Kotlin: the `WebSockets` plugin.
    """

    ping_interval: Duration | None = None
    timeout: Duration = 15.0
    max_frame_size: int = 16 * MIB
    masking: bool = False
    content_converter: ContentConverter | None = _JSON
    extensions: Sequence[WebSocketExtensionFactory] = ()
    channels: ChannelsConfig = field(default_factory=channels)
    close_timeout: Duration = 5.0
    linger: Duration = 5.0
    liveness: Liveness = "any"
    count_bytes: bool = False

    def __post_init__(self) -> None:
        if self.ping_interval is not None:
            self._store("ping_interval", checked_seconds("ping_interval", self.ping_interval, positive=True))
        self._store("timeout", checked_seconds("timeout", self.timeout, positive=True))
        self._store("close_timeout", checked_seconds("close_timeout", self.close_timeout))
        self._store("linger", checked_seconds("linger", self.linger))
        check_frame_size(self.max_frame_size)
        if self.liveness not in get_args(Liveness):
            raise ValueError(f"liveness must be one of {get_args(Liveness)}, not {self.liveness!r}")
        if not isinstance(self.channels, ChannelsConfig):  # pyright: ignore[reportUnnecessaryIsInstance]  # untyped callers
            raise TypeError(f"channels must be made by channels(...), not {self.channels!r}")
        if not (self.content_converter is None or _converts(self.content_converter)):
            raise TypeError(
                f"content_converter is a converter, such as JsonConverter(), not {self.content_converter!r}"
            )
        self._store("extensions", checked(self.extensions))

    def _store(self, name: str, value: object) -> None:
        object.__setattr__(self, name, value)


def _converts(converter: object) -> bool:
    return isinstance(converter, ContentConverter) and not isinstance(converter, type)


def check_frame_size(size: int) -> None:
    """Refuse what is no size of a frame."""
    if not is_number(size):
        raise TypeError(f"max_frame_size must be a number of bytes, not {size!r}")
    if not 0 < size <= maxsize:
        raise ValueError(f"max_frame_size must be 1 or more, not {size!r}")


def checked_seconds(name: str, duration: Duration, *, positive: bool = False) -> float:
    """A duration in seconds. Refuses what is none, or makes no sense here."""
    seconds = to_seconds(duration, name)
    if not isfinite(seconds) or seconds < 0 or (positive and seconds == 0):
        raise ValueError(f"{name} must be {'more than zero' if positive else 'zero or more'}, not {duration!r}")
    return seconds
