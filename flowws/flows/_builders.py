"""Where flows come from: `flow`, `flow_of`, `as_flow`, `empty_flow`."""

from __future__ import annotations

from collections.abc import (
    AsyncGenerator,
    AsyncIterable,
    AsyncIterator,
    Awaitable,
    Callable,
    Iterable,
    Iterator,
)
from functools import wraps
from inspect import isasyncgenfunction, isawaitable
from typing import Any, ParamSpec, TypeVar, cast, overload

from flowws._core import Call

from ._flow import Flow, FusedFlow
from ._interop import AsyncQueue, awaited, called, is_async_queue, taken_from
from ._showing import ShownAs, shown

P = ParamSpec("P")
T = TypeVar("T")


def flow(generate: Callable[P, AsyncIterator[T]]) -> Callable[P, Flow[T]]:
    """Make an async generator function return a flow: where a Kotlin block emits, it yields.

    The body runs anew for every collection.

    >>> @flow
    ... async def countdown(start: int):
    ...     for n in range(start, 0, -1):
    ...         yield n
    >>> run(countdown(3).to_list)
    [3, 2, 1]

    Raises `TypeError` for anything but an async generator function.

    Kotlin: `flow`.
    """
    if not isasyncgenfunction(generate):
        raise TypeError(f"@flow wraps an async generator function (async def with yield), not {generate!r}")

    @wraps(generate)
    def describe(*args: P.args, **kwargs: P.kwargs) -> Flow[T]:
        return GeneratedFlow(generate, args, kwargs)

    return describe


def flow_of(*values: T) -> Flow[T]:
    """A flow of these values.

    >>> run(flow_of(1, 2).to_list)
    [1, 2]

    Kotlin: `flowOf`.
    """
    return IterableFlow(values, "flow_of")


def empty_flow() -> Flow[Any]:
    """A flow without values.

    >>> run(empty_flow().to_list)
    []

    Kotlin: `emptyFlow`.
    """
    return IterableFlow((), "empty_flow")


@overload
def as_flow(source: AsyncIterable[T]) -> Flow[T]: ...
@overload
def as_flow(source: Awaitable[T]) -> Flow[T]: ...
@overload
def as_flow(source: Iterable[T]) -> Flow[T]: ...
@overload
def as_flow(source: AsyncQueue[T]) -> Flow[T]: ...
@overload
def as_flow(source: Callable[[], AsyncIterator[T]]) -> Flow[T]: ...
@overload
def as_flow(source: Callable[[], Iterator[T]]) -> Flow[T]: ...
@overload
def as_flow(source: Callable[[], Awaitable[T]]) -> Flow[T]: ...
@overload
def as_flow(source: Callable[[], T]) -> Flow[T]: ...
def as_flow(source: Any) -> Flow[Any]:
    """View an iterable, an awaitable, a queue or a function as a flow.

    - An iterable, sync or async, is iterated anew for every collection; of an iterator, or a stream, a later collection
      sees what is left. A stream is not closed: iterating it is not owning it.
    - A function without arguments, sync or async, is called for every collection and gives one value; one that returns
      an iterator, as every generator function does, gives all of that.
    - An awaitable is awaited for every collection and gives one value; a coroutine can be collected once.
    - Of an `asyncio.Queue`, or one like it, every item goes to one of the collectors, and counts as done when the next
      one is asked for. The flow ends when the queue is shut down.

    >>> run(as_flow(range(3)).to_list)
    [0, 1, 2]
    >>> run(as_flow(lambda: 7).to_list)
    [7]

    Raises `TypeError` for anything else.

    Kotlin: `asFlow`.
    """
    if isinstance(source, Flow):
        return cast("Flow[Any]", source)
    if isinstance(source, AsyncIterable):
        return AsyncIterableFlow(cast("AsyncIterable[Any]", source))
    if isawaitable(source):  # before the iterables: a future of asyncio can be iterated, too
        return GeneratedFlow(awaited, (source,), {})
    if isinstance(source, Iterable):
        return IterableFlow(cast("Iterable[Any]", source), "as_flow")
    if is_async_queue(source):
        return GeneratedFlow(taken_from, (source,), {})
    if callable(source):
        return GeneratedFlow(called, (source,), {})
    raise TypeError(f"as_flow takes an iterable, an awaitable, a queue or a function, not {source!r}")


class GeneratedFlow(Flow[T]):
    """A call of an async generator function that happens once per collection."""

    __slots__ = ("_args", "_generate", "_kwargs")

    def __init__(
        self, generate: Callable[..., AsyncIterator[T]], args: tuple[Any, ...], kwargs: dict[str, Any]
    ) -> None:
        self._generate = generate
        self._args = args
        self._kwargs = kwargs

    def __aiter__(self) -> AsyncGenerator[T, None]:
        return aiter(FusedFlow[T](self))

    def _open(self) -> AsyncIterator[T]:
        return self._generate(*self._args, **self._kwargs)

    @property
    def _shown_as(self) -> ShownAs:
        return None, (Call(shown(self._generate), self._args, self._kwargs),)


class AsyncIterableFlow(Flow[T]):
    """Somebody else's async iterable."""

    __slots__ = ("_iterable",)

    def __init__(self, iterable: AsyncIterable[T]) -> None:
        self._iterable = iterable

    def __aiter__(self) -> AsyncGenerator[T, None]:
        return aiter(FusedFlow[T](self))

    def _open(self) -> AsyncIterator[T]:
        return aiter(self._iterable)

    def __repr__(self) -> str:
        return f"as_flow({self._iterable!r})"


class IterableFlow(Flow[T]):
    """An ordinary iterable, over which a fused loop is a plain ``for``."""

    __slots__ = ("_builder", "_iterable")

    def __init__(self, iterable: Iterable[T], builder: str) -> None:
        self._iterable = iterable
        self._builder = builder

    def __aiter__(self) -> AsyncGenerator[T, None]:
        return aiter(FusedFlow[T](self))

    def _open(self) -> Iterator[T]:
        return iter(self._iterable)

    @property
    def _is_iterable(self) -> bool:
        return True

    def __repr__(self) -> str:
        from reprlib import repr as brief

        if self._builder == "as_flow":
            return f"as_flow({brief(self._iterable)})"
        return f"{self._builder}({brief(list(self._iterable))[1:-1]})"
