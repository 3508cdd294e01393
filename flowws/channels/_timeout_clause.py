"""`on_timeout`: the clause of a `select` that wins when nothing else does in time."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from typing import Any, TypeVar, overload

from flowws._core import NOT_YET, Duration, Place, SelectClause, SignalClause, to_seconds

R = TypeVar("R")
R_co = TypeVar("R_co", covariant=True)


@overload
def on_timeout(seconds: Duration, handler: None = None) -> SelectClause[None]: ...
@overload
def on_timeout(seconds: Duration, handler: Callable[[], Coroutine[Any, Any, R]]) -> SelectClause[R]: ...
@overload
def on_timeout(seconds: Duration, handler: Callable[[], R]) -> SelectClause[R]: ...
def on_timeout(seconds: Duration, handler: Callable[[], Any] | None = None) -> SelectClause[Any]:
    """Wins when the `select` has waited for so long; of several time-outs the shortest does.

    Zero or less is ready at once: as the last clause, that is what happens when nothing else is ready.

    >>> async def main():
    ...     return await select(Channel[str]().on_receive(), on_timeout(0, lambda: "nothing there"))
    >>> run(main)
    'nothing there'

    Kotlin: `onTimeout`.
    """
    return TimeoutClause(to_seconds(seconds, "seconds"), handler)


class TimeoutClause(SignalClause[R_co]):
    """`on_timeout(seconds, handler)`. `select` itself sees to the time."""

    __slots__ = ("_seconds",)

    def __init__(self, seconds: float, handler: Callable[[], Any] | None) -> None:
        super().__init__(object(), handler)  # about nothing but itself: any number of them may stand in one select
        self._seconds = seconds

    def poll(self) -> Any:
        return NOT_YET if self._seconds > 0 else None

    def park(self, place: Place) -> float:
        """Stands in no queue."""
        return self._seconds

    def leave(self, place: Place) -> None:
        """There is nothing to take away."""

    def __repr__(self) -> str:
        return f"<on_timeout of {self._seconds} s>"
