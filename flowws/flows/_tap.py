"""`Tap`: a plain function that hears each emission of a hot flow, in the moment of the emission."""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import Callable
from inspect import iscoroutinefunction
from typing import Any, Final, Generic, TypeAlias, TypeVar

T = TypeVar("T")

OnValue: TypeAlias = Callable[[T], object]
OnEnd: TypeAlias = Callable[["BaseException | None"], object]

_log: Final = logging.getLogger("flowws")


class Tap:
    """What `SharedFlow.tap` returns: a subscriber that is called, until `close`."""

    __slots__ = ("_on_end", "_on_value", "_taps")

    def __init__(self, taps: Taps[Any], on_value: OnValue[Any], on_end: OnEnd | None) -> None:
        self._taps: Taps[Any] | None = taps
        self._on_value = on_value
        self._on_end = on_end

    @property
    def is_closed(self) -> bool:
        """Whether it hears nothing any more: it was closed, its function has failed, or the flow has ended."""
        return self._taps is None

    def close(self) -> None:
        """Hear nothing from now on, not even the end. Closing it again does no harm."""
        taps, self._taps = self._taps, None
        if taps is not None:
            taps._leave(self)

    def _hear(self, value: Any) -> None:
        if self._taps is not None:
            self._call(self._on_value, value)

    def _hear_the_end(self, cause: BaseException | None) -> None:
        if self._taps is not None:
            self.close()
            if self._on_end is not None:
                self._call(self._on_end, cause)

    def _call(self, function: Callable[[Any], object], what: Any) -> None:
        try:
            function(what)
        except Exception:  # noqa: BLE001  # it is the tap's, and the emitter's no business
            _log.exception("a tap has failed and is closed: %r", function)
            self.close()

    def __repr__(self) -> str:
        return f"<Tap {'closed' if self.is_closed else 'open'}, of {self._on_value!r}>"


class Taps(Generic[T]):
    """All taps of one hot flow.

    What a tap emits into its own flow comes after what it has just heard, for every tap: so all of them hear all values
    in the order of the emissions. Whoever emits calls `put` when the value is in the flow, and `tell` when every other
    subscriber has it.
    """

    __slots__ = ("_changed", "_due", "_is_telling", "_open")

    def __init__(self, changed: Callable[[], object]) -> None:
        self._changed = changed  # whom to tell that there are more, or fewer
        self._open: tuple[Tap, ...] = ()
        # What is to be heard, with those who were here when it happened, and how they hear it.
        self._due = deque[tuple[tuple[Tap, ...], Callable[[Tap, Any], None], Any]]()
        self._is_telling = False

    def __len__(self) -> int:
        return len(self._open)

    def open(self, on_value: OnValue[T], on_end: OnEnd | None) -> Tap:
        """A tap that hears every later value."""
        tap = Tap(self, on_value, on_end)
        self._open = (*self._open, tap)
        self._changed()
        return tap

    def put(self, value: T) -> None:
        """Take in a value that is emitted."""
        self._due.append((self._open, Tap._hear, value))

    def tell(self) -> None:
        """Let everybody hear what is due."""
        if self._is_telling:
            return
        self._is_telling = True
        try:
            while self._due:
                taps, hear, what = self._due.popleft()
                for tap in taps:
                    hear(tap, what)
        finally:
            self._is_telling = False

    def end(self, cause: BaseException | None) -> None:
        """Nothing follows what is due."""
        if self._open:
            self._due.append((self._open, Tap._hear_the_end, cause))
            self.tell()

    def _leave(self, tap: Tap) -> None:
        self._open = tuple(other for other in self._open if other is not tap)
        self._changed()


def require_plain_function(function: object, name: str) -> None:
    """`TypeError` for what cannot be called in the midst of an emission."""
    if not callable(function) or iscoroutinefunction(function):
        raise TypeError(f"{name} must be a plain function, as emitting does not wait for it; got {function!r}")
