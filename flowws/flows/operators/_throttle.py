"""At most one value per period: `throttle_first`, `throttle_latest`."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import TYPE_CHECKING, TypeVar

from flowws._core import Duration

from .._durations import require_positive
from .._fusion import Template
from ._pacing import NOTHING, Pacer, paced

if TYPE_CHECKING:
    from .._flow import Flow

T = TypeVar("T")


def throttle_first(self: Flow[T], period: Duration) -> Flow[T]:
    """The first value, and then each that is the first to come at least `period` after the one that passed before.

    Those in between are dropped, the last one included: for clicks, say, where the first counts. Nothing runs beside
    the collector, and no timer is needed.

    Raises `ValueError` unless `period` is greater than zero.

    >>> from flowws.testing import run_test  # on virtual time
    >>> run_test(lambda _: interval(10).take(9).throttle_first(32).to_list())
    [0, 4, 8]
    """
    return self._then(_THROTTLE_FIRST, period=require_positive(period, "period"))


_THROTTLE_FIRST = Template("throttle_first", """
    now = current_time()
    if now >= opens:
        opens = now + period
        ...
""", before="""
    from anyio import current_time
    opens = float("-inf")
""")  # fmt: skip  # a template reads best as a block


def throttle_latest(self: Flow[T], period: Duration) -> Flow[T]:
    """The first value at once, and then, at most once per `period`, the newest.

    A value that comes after a quiet period passes at once too. The last value always arrives: at once, if what is above
    ends. For states that change faster than anybody can look.

    Failure: raised at once, what waited is dropped. Buffering: what is above runs freely in a job of its own, and only
    its newest value counts.

    Raises `ValueError` unless `period` is greater than zero.

    >>> from flowws.testing import run_test  # on virtual time
    >>> run_test(lambda _: interval(10).take(9).throttle_latest(32).to_list())
    [0, 3, 6, 8]
    """
    return self._through(_throttle_latest, require_positive(period, "period"))


def _throttle_latest(source: AsyncIterator[T], period: float) -> AsyncIterator[T]:
    return paced(source, _ThrottleLatest[T](period), "throttle_latest")


class _ThrottleLatest(Pacer[T, T]):
    holds_upstream = False

    def __init__(self, period: float) -> None:
        super().__init__()
        self._period = period
        self._opens = 0.0
        self._newest: T = NOTHING

    def begin(self) -> None:
        self._opens = self.now()

    def take(self, value: T) -> None:
        self._newest = value
        self.alarm = self._opens

    def ring(self) -> None:
        self._opens = self.now() + self._period
        self.end()

    def end(self) -> None:
        self.gift, self._newest = self._newest, NOTHING
