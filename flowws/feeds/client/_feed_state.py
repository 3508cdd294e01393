"""`FeedState`: how the connection of a feed is doing."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, Final

from flowws._core import Look, repr_html

if TYPE_CHECKING:
    from typing import TypeAlias


class FeedState:
    """How the connection of a feed is doing, as one of five classes: `FeedState.Connecting`, `FeedState.Open`,
    `FeedState.Stale`, `FeedState.Backoff` and `FeedState.Closed`.

    ::

        somebody collects
        Closed ---------> Connecting ---------> Open <-------> Stale        nothing was heard for `stale_after`
                            ^     |              |               |
                            |     v              v               v
                            +-- Backoff <-----------------------          lost, or not reached, and not for good
                                                 |
        Closed <---------------------------------+          nobody collects any more, or it is lost for good

    >>> match FeedState.Backoff(2, 0.15, ConnectionResetError("gone")):
    ...     case FeedState.Backoff(attempt, delay):
    ...         print(f"attempt {attempt} in {delay:.2f} s")
    attempt 2 in 0.15 s
    """

    if TYPE_CHECKING:  # at run time the five are bound below, where they exist
        Connecting: TypeAlias = "ConnectingState"
        Open: TypeAlias = "OpenState"
        Stale: TypeAlias = "StaleState"
        Backoff: TypeAlias = "BackoffState"
        Closed: TypeAlias = "ClosedState"

    __slots__ = ()

    _tone: ClassVar[str] = "wait"

    @property
    def _state(self) -> str:
        return type(self).__name__.lower()

    @property
    def _details(self) -> dict[str, object]:
        names: tuple[str, ...] = getattr(self, "__match_args__", ())  # its dataclass has them
        return {name: value for name in names if (value := getattr(self, name)) is not None}

    def _look(self) -> Look:
        return Look("FeedState", state=self._state, tone=self._tone, values=self._details)

    _repr_html_ = repr_html


@dataclass(frozen=True, slots=True)
class ConnectingState(FeedState):
    """An attempt to connect is under way."""


@dataclass(frozen=True, slots=True)
class OpenState(FeedState):
    """The connection is there, and the server gives signs of life."""

    _tone = "good"


@dataclass(frozen=True, slots=True)
class StaleState(FeedState):
    """The connection is there, but the server is silent: it may be gone. What was received may be out of date."""

    since: float
    """When the last sign of life was noticed, in seconds of the loop's own clock (`anyio.current_time`)."""


@dataclass(frozen=True, slots=True)
class BackoffState(FeedState):
    """There is no connection, and a wait before the next attempt."""

    attempt: int
    """Which attempt that will be, counted from 1 since the connection was last stable."""
    delay: float
    """How long the wait is, in seconds."""
    cause: Exception
    """Why the last attempt, or the last connection, came to nothing."""


@dataclass(frozen=True, slots=True)
class ClosedState(FeedState):
    """Nobody collects, so there is no connection; or it is lost for good."""

    cause: Exception | None = None
    """Why it is lost for good: what those who collected were raised. None where nobody collects."""
    _tone = ""


_KINDS: Final[tuple[type[FeedState], ...]] = (ConnectingState, OpenState, StaleState, BackoffState, ClosedState)

for _kind in _KINDS:
    _name = _kind.__name__.removesuffix("State")
    _kind.__name__, _kind.__qualname__ = _name, f"FeedState.{_name}"
    setattr(FeedState, _name, _kind)
