"""`Backoff`: how long to wait before another attempt."""

from __future__ import annotations

from dataclasses import dataclass
from math import inf
from random import uniform

from flowws._core import Duration

from ._durations import require_not_negative


@dataclass(frozen=True, slots=True)
class Backoff:
    """Longer and longer waits between attempts, each drawn by lot, so that many clients do not come back at once.

    Before attempt n (from 0) the wait is anything from zero to ``first * factor**n``, but to `longest` at most ("full
    jitter"); with ``jitter=False`` it is exactly that. A `Backoff` is a function of the attempt, and `Flow.retry` takes
    any such function.

    Raises `ValueError` for negative durations, a `factor` below 1, and a `longest` below `first`.

    >>> steady = Backoff(0.5, longest=3, jitter=False)
    >>> [steady(attempt) for attempt in range(5)]
    [0.5, 1.0, 2.0, 3.0, 3.0]
    >>> 0 <= Backoff(0.5)(3) <= 4
    True
    """

    first: Duration = 0.1
    """The longest wait before the first attempt."""
    factor: float = 2.0
    """By how much the waits grow from one attempt to the next."""
    longest: Duration = 30.0
    """What no wait exceeds."""
    jitter: bool = True
    """Whether chance decides how much of each wait is waited."""

    def __post_init__(self) -> None:
        first, longest = require_not_negative(self.first, "first"), require_not_negative(self.longest, "longest")
        if isinstance(self.factor, bool) or not isinstance(self.factor, (int, float)):  # pyright: ignore[reportUnnecessaryIsInstance]  # untyped callers
            raise TypeError(f"factor must be a number, not {self.factor!r}")
        if not self.factor >= 1:  # not-a-number is refused too
            raise ValueError(f"factor must be 1 or more, not {self.factor!r}")
        if longest < first:
            raise ValueError(f"longest must not be below first ({self.first!r}), but is {self.longest!r}")

    def __call__(self, attempt: int) -> float:
        """The seconds to wait before attempt number `attempt`, counted from 0."""
        first, longest = require_not_negative(self.first, "first"), require_not_negative(self.longest, "longest")
        try:
            most = min(first * self.factor**attempt, longest)
        except OverflowError:
            most = longest
        return uniform(0, most) if self.jitter and most < inf else most  # noqa: S311  # chance, not a secret
