"""Values and the clock: `debounce`, `sample`, `timeout`."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from typing import TYPE_CHECKING, Any, TypeVar

from flowws._core import Duration, FlowTimeoutError, current_job, to_seconds

from .._arguments import settled
from .._closing import close
from .._durations import require_not_negative, require_positive
from ._pacing import NEVER, NOTHING, Pacer, paced

if TYPE_CHECKING:
    from .._flow import Flow

T = TypeVar("T")


def debounce(self: Flow[T], quiet: Duration | Callable[[T], Awaitable[Duration]] | Callable[[T], Duration]) -> Flow[T]:
    """The values after which nothing came for a while: for `quiet`, or for ``quiet(value)`` of each.

    A newer value replaces the one that waits; the last one is given as soon as what is above ends. Zero lets a value
    pass at once. A source that never pauses gives nothing but its last value.

    Failure: the value that waited is dropped. Buffering: while the collector is busy, what is above, which runs in a
    job of its own, is held with one value in hand.

    Raises `ValueError` when `quiet` is negative; if the function gave it, in the collection.

    >>> run(flow_of(1, 2, 3).debounce(0.1).to_list)
    [3]
    >>> run(flow_of(1, 2, 3).debounce(lambda n: 0 if n == 1 else 0.1).to_list)
    [1, 3]
    """
    if callable(quiet):
        return self._through(_debounce, quiet)
    seconds = require_not_negative(quiet, "quiet")
    return self._through(_debounce, seconds) if seconds else self


def _debounce(source: AsyncIterator[T], quiet: float | Callable[[T], Any]) -> AsyncIterator[T]:
    if callable(quiet):
        return paced(_with_quiet(source, quiet), _DebounceEach[T](), "debounce")
    return paced(source, _Debounce[T](quiet), "debounce")


async def _with_quiet(source: AsyncIterator[T], quiet: Callable[[T], Any]) -> AsyncIterator[tuple[T, float]]:
    try:
        async for value in source:
            yield value, require_not_negative(await settled(quiet(value)), "quiet")
    except BaseException as failure:
        await close(source, failure)
        raise


class _Waiting(Pacer[Any, T]):
    """One value waits for its alarm; the newest."""

    def __init__(self) -> None:
        super().__init__()
        self._value: T = NOTHING

    def _wait(self, value: T, until: float) -> None:
        self._value = value
        self.alarm = until

    def ring(self) -> None:
        self.gift, self._value = self._value, NOTHING

    def end(self) -> None:
        self.gift, self._value = self._value, NOTHING


class _Debounce(_Waiting[T]):
    def __init__(self, quiet: float) -> None:
        super().__init__()
        self._quiet = quiet

    def take(self, value: T) -> None:
        self._wait(value, self.now() + self._quiet)


class _DebounceEach(_Waiting[T]):
    """Takes each value with the seconds that it has to wait."""

    def take(self, value: tuple[T, float]) -> None:
        waiting, quiet = value
        if quiet:
            self._wait(waiting, self.now() + quiet)
        else:
            self._wait(NOTHING, NEVER)
            self.gift = waiting


def sample(self: Flow[T], period: Duration) -> Flow[T]:
    """Once per `period` the newest value, if there is one that was not given yet.

    The periods follow each other from the beginning of the collection, whether or not values arrive; one that ends
    while the collector is busy ends when that is ready, and the next begins then. What waits when the flow ends is
    dropped: `throttle_latest` gives it.

    Failure: raised at once. Buffering: what is above runs freely in a job of its own, and only its newest value counts.

    Raises `ValueError` unless `period` is greater than zero.

    >>> from flowws.testing import run_test  # on virtual time
    >>> run_test(lambda _: interval(10).take(9).sample(32).to_list())
    [3, 6]
    """
    return self._through(_sample, require_positive(period, "period"))


def _sample(source: AsyncIterator[T], period: float) -> AsyncIterator[T]:
    return paced(source, _Sample[T](period), "sample")


class _Sample(Pacer[T, T]):
    holds_upstream = False

    def __init__(self, period: float) -> None:
        super().__init__()
        self._period = period
        self._newest: T = NOTHING

    def begin(self) -> None:
        self.alarm = self.now() + self._period

    def take(self, value: T) -> None:
        self._newest = value

    def ring(self) -> None:
        self.gift, self._newest = self._newest, NOTHING
        self.alarm = self.now() + self._period


def timeout(self: Flow[T], duration: Duration) -> Flow[T]:
    """The same values, but a failure when what is above takes longer than `duration` for the next one, or to end.

    Only waiting counts: the time that the collector takes for a value does not. A duration of zero or less fails in
    every collection, also of a flow without values.

    Failure: what is above is cancelled, and its cleanup awaited, before `FlowTimeoutError` is raised; a failure of that
    cleanup goes before it. `catch` and `retry` below see it. Buffering: what is above runs in a job of its own, held
    with one value in hand while the collector is busy.

    >>> @flow
    ... async def stalls():
    ...     yield 1
    ...     await await_cancellation()
    >>> run(stalls().timeout(0.01).catch(lambda failure: print(type(failure).__name__)).to_list)
    FlowTimeoutError
    [1]
    """
    return self._through(_timeout, to_seconds(duration, "duration"))


def _timeout(source: AsyncIterator[T], duration: float) -> AsyncIterator[T]:
    return paced(source, _Timeout[T](duration), "timeout")


class _Timeout(Pacer[T, T]):
    def __init__(self, seconds: float) -> None:
        super().__init__()
        self._seconds = seconds

    def begin(self) -> None:
        if self._seconds <= 0:
            self.ring()

    def ask(self) -> None:
        self.alarm = self.now() + self._seconds

    def take(self, value: T) -> None:
        self.gift = value
        self.alarm = NEVER

    def ring(self) -> None:
        job = current_job()
        raise FlowTimeoutError(self._seconds, None if job is None else job.name)
