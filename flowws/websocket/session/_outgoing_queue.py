"""What stands in the queue of `Outgoing`, and in a `select` for it."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final, Protocol, TypeAlias, TypeVar

from flowws._core import NOT_YET, Place, SelectClause, Waiter

from .._frame import Frame

R_co = TypeVar("R_co", covariant=True)


@dataclass(frozen=True, slots=True, eq=False)
class Mark:
    """A place between two frames."""

    reached: Callable[[], object]
    """Called when all before it has been written."""
    passed_over: Callable[[], object]
    """Called instead when that will never be."""
    writes: bool = False
    """Whether `reached` writes something, and so comes only while the engine takes it."""


Entry: TypeAlias = "Frame | Mark"

Parked: TypeAlias = "tuple[Waiter[None] | Place, Entry]"
"""Who waits for room, with what is his."""

NOTHING: Final[Any] = ()
"""In place of a queue that nobody has needed yet: an empty deque takes 760 bytes, and most connections are idle."""


def settle(waiter: Waiter[None]) -> None:
    """Let go on who waits, if he still does."""
    if not waiter.done():
        waiter.set_result(None)


def encoded(frame: Frame) -> Frame:
    """The frame as bytes. Raises `UnicodeEncodeError` for a text that has none."""
    if not isinstance(frame.payload, str):
        return frame
    other = frame.copy()
    other.payload = frame.data
    return other


def discard(queue: deque[Any], item: object) -> None:
    """Take an item out of a queue, if it is there."""
    for index, other in enumerate(queue):
        if other is item:
            del queue[index]
            return


def checked_frame(frame: Frame) -> Frame:
    """What callers without types send."""
    if not isinstance(frame, Frame):  # pyright: ignore[reportUnnecessaryIsInstance]  # untyped callers
        raise TypeError(f"outgoing takes frames, not {frame!r}")
    return frame


class Taker(Protocol):
    """What a clause asks of `Outgoing`."""

    @property
    def senders(self) -> deque[Parked]: ...
    def put(self, frame: Frame) -> bool: ...
    def wait_outside(self, parked: Parked) -> None: ...


class OutgoingClause(SelectClause[R_co]):
    """`outgoing.on_send(frame, handler)`."""

    __slots__ = ("_frame",)
    subject: Taker

    def __init__(self, outgoing: Taker, frame: Frame, handler: Callable[[Any], Any] | None) -> None:
        super().__init__(outgoing, handler)
        self._frame = frame

    def poll(self) -> Any:
        return self.subject if self.subject.put(self._frame) else NOT_YET

    def park(self, place: Place) -> None:
        place.ticket = (place, self._frame)
        self.subject.wait_outside(place.ticket)

    def leave(self, place: Place) -> None:
        discard(self.subject.senders, place.ticket)

    def conclude(self, value: object) -> Taker:
        return self.subject
