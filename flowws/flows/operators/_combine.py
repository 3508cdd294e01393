"""The newest values of several flows: `combine`, `combine_transform`."""

from __future__ import annotations

from collections.abc import AsyncIterable, AsyncIterator, Callable, Coroutine
from functools import partial
from typing import TYPE_CHECKING, Any, Final, TypeVar, overload

from flowws._core import Waiter, new_waiter

from .._arguments import require_async_iterable, require_callable, settled
from .._crew import Crew
from .._sending import send_all

if TYPE_CHECKING:
    from .._flow import Flow

T = TypeVar("T")
U = TypeVar("U")
R = TypeVar("R")

_UNSET: Final = object()


@overload
def combine(self: Flow[T], other: AsyncIterable[U], transform: None = None) -> Flow[tuple[T, U]]: ...
@overload
def combine(self: Flow[T], other: AsyncIterable[U], transform: Callable[[T, U], Coroutine[Any, Any, R]]) -> Flow[R]: ...
@overload
def combine(self: Flow[T], other: AsyncIterable[U], transform: Callable[[T, U], R]) -> Flow[R]: ...
def combine(self: Flow[T], other: AsyncIterable[U], transform: Callable[[T, U], Any] | None = None) -> Flow[Any]:
    """The newest value of this flow with the newest of `other`, each time that there is a new one: as tuples, or what
    ``transform(mine, theirs)`` makes of them.

    Nothing comes before both have given a value. Both run in jobs of their own; from then on each waits until its value
    has been used: none is skipped, and values that are there at the same time share one combination. The last value of
    a flow that has ended stays in use; the end of both is the end.

    A failure of either, also a `CancellationError`, ends both. For more than two flows there is the function `combine`.

    Raises `TypeError` when `other` is no flow or `transform` no function.

    >>> run(flow_of(1, 2).combine(flow_of("a", "b", "c")).to_list)
    [(1, 'a'), (2, 'b'), (2, 'c')]
    """
    require_async_iterable(other, "other")
    if transform is not None:
        require_callable(transform, "transform")
    return self._together((other,), _combine, transform)


def combine_transform(self: Flow[T], other: AsyncIterable[U], generate: Callable[[T, U], AsyncIterable[R]]) -> Flow[R]:
    """Everything that the async generator function ``generate(mine, theirs)`` yields for the newest value of this flow
    and the newest of `other`, each time that there is a new one.

    The law: ``combine(other).transform(lambda pair: generate(*pair))``.

    >>> async def apart(number, letter):
    ...     yield number
    ...     yield letter
    >>> run(flow_of(1, 2).combine_transform(flow_of("a"), apart).to_list)
    [1, 'a', 2, 'a']

    Kotlin: `combineTransform`.
    """
    require_callable(generate, "generate")
    return self.combine(other).transform(spread(generate))


def spread(function: Callable[..., R]) -> Callable[[tuple[Any, ...]], R]:
    """`function` as one of a tuple of its arguments, by the same name."""

    def of_a_tuple(values: tuple[Any, ...]) -> R:
        return function(*values)

    of_a_tuple.__name__ = getattr(function, "__name__", None) or repr(function)
    return of_a_tuple


async def _combine(iterators: list[AsyncIterator[Any]], transform: Callable[..., Any] | None) -> AsyncIterator[Any]:
    """Run every iterator in a job of its own, and yield what there is of each as often as there is something new."""
    async with _Newest(len(iterators)) as newest:
        for place, values in enumerate(iterators):
            newest.scope.launch(_report, values, place, newest, name="combine").invoke_on_completion(newest.end_one)
        while await newest.change():
            together = tuple(newest.values)
            yield together if transform is None else await settled(transform(*together))


async def _report(values: AsyncIterator[Any], place: int, newest: _Newest) -> None:
    try:
        await send_all(values, partial(newest.put, place))
    except Exception as failure:  # noqa: BLE001  # it goes to the collector
        newest.fail(failure)


class _Newest(Crew):
    """Where the sources put their values, and the collector sees them.

    ::

        source 0 ── put ──> values[0] ┐
        source 1 ── put ──> values[1] ├── change ──> the collector: then all who wait in `put` go on
        source 2 ── put ──> values[2] ┘

    A source that has put a value waits until the collector has seen it, so a change has at most one value of each.
    Kotlin has a channel here, and yields after each value to the same end; trio's tasks, which run in an order drawn by
    lot, would undo that.
    """

    __slots__ = ("_collector", "_missing", "_open", "_seen", "values")

    def __init__(self, sources: int) -> None:
        super().__init__("combine")
        self.values: list[Any] = [_UNSET] * sources
        self._missing = sources  # have given nothing yet
        self._open = sources  # have not ended
        self._seen: list[Waiter[None]] = []  # of the sources that wait
        self._collector: Waiter[None] | None = None

    async def put(self, place: int, value: Any) -> None:
        """Called by a source: show a value, and wait until it is seen."""
        if self.values[place] is _UNSET:
            self._missing -= 1
        self.values[place] = value
        seen: Waiter[None] = new_waiter()
        self._seen.append(seen)
        self._wake_collector()
        await seen

    def end_one(self, cause: BaseException | None) -> None:
        """A job has ended, with a cause if it was cancelled: maybe by somebody else."""
        self._open -= 1
        if cause is not None:
            self.fail(cause)
        self._wake_collector()

    async def change(self) -> bool:
        """Wait until there is something new in a full set of values; False when all sources have ended."""
        while self.failure is None:
            if self._seen:
                self._let_sources_go_on()
                if not self._missing:
                    return True
            elif self._open:
                self._collector = new_waiter()
                await self._collector
            else:
                return False
        raise self.failure

    def _let_sources_go_on(self) -> None:
        seen, self._seen = self._seen, []
        for waiter in seen:
            if not waiter.done():
                waiter.set_result(None)

    def _wake_collector(self) -> None:
        if self._collector is not None and not self._collector.done():
            self._collector.set_result(None)
