"""Each value becomes none, one or many: `map`, `filter`, `transform` and their kin."""

from __future__ import annotations

from collections.abc import AsyncIterable, AsyncIterator, Awaitable, Callable, Coroutine
from typing import TYPE_CHECKING, Any, TypeVar, overload

from .._arguments import require_callable, settled
from .._closing import close
from .._fusion import Template

if TYPE_CHECKING:
    from .._flow import Flow

T = TypeVar("T")
R = TypeVar("R")


@overload
def map(self: Flow[T], transform: Callable[[T], Coroutine[Any, Any, R]]) -> Flow[R]: ...
@overload
def map(self: Flow[T], transform: Callable[[T], R]) -> Flow[R]: ...
def map(self: Flow[T], transform: Callable[[T], Any]) -> Flow[Any]:
    """``transform(value)`` for every value.

    >>> flow_of(1, 2).map(lambda n: n + 1)
    flow_of(1, 2).map(<lambda>)
    >>> run(flow_of(1, 2).map(lambda n: n + 1).to_list)
    [2, 3]
    """
    require_callable(transform, "transform")
    return self._then(_MAP, transform=transform)


_MAP = Template("map", """
    value = @transform(value)
    ...
""")  # fmt: skip  # a template reads best as a block


@overload
def map_not_none(self: Flow[T], transform: Callable[[T], Coroutine[Any, Any, R | None]]) -> Flow[R]: ...
@overload
def map_not_none(self: Flow[T], transform: Callable[[T], R | None]) -> Flow[R]: ...
def map_not_none(self: Flow[T], transform: Callable[[T], Any]) -> Flow[Any]:
    """``transform(value)`` for every value where that is not None.

    >>> run(flow_of("a", "b").map_not_none({"a": 1}.get).to_list)
    [1]

    Kotlin: `mapNotNull`.
    """
    require_callable(transform, "transform")
    return self._then(_MAP_NOT_NONE, transform=transform)


_MAP_NOT_NONE = Template("map_not_none", """
    value = @transform(value)
    if value is not None:
        ...
""")  # fmt: skip  # a template reads best as a block


def filter(self: Flow[T], test: Callable[[T], Awaitable[object]] | Callable[[T], object]) -> Flow[T]:
    """The values for which ``test(value)`` holds.

    >>> run(flow_of(1, 2, 3).filter(lambda n: n != 2).to_list)
    [1, 3]
    """
    require_callable(test, "test")
    return self._then(_FILTER, test=test)


_FILTER = Template("filter", """
    keep = @test(value)
    if keep:
        ...
""")  # fmt: skip  # a template reads best as a block


def filter_is_instance(self: Flow[object], kind: type[R]) -> Flow[R]:
    """The values that are instances of `kind`.

    >>> run(flow_of(1, "a", 2).filter_is_instance(int).to_list)
    [1, 2]

    Kotlin: `filterIsInstance`.
    """
    if not isinstance(kind, type):  # pyright: ignore[reportUnnecessaryIsInstance]  # untyped callers
        raise TypeError(f"kind must be a class, not {kind!r}")
    return self._then(_FILTER_IS_INSTANCE, kind=kind)


_FILTER_IS_INSTANCE = Template("filter_is_instance", """
    if isinstance(value, kind):
        ...
""")  # fmt: skip  # a template reads best as a block


def transform(self: Flow[T], generate: Callable[[T], AsyncIterable[R]]) -> Flow[R]:
    """Everything that the async generator function ``generate(value)`` yields, for one value after the other.

    >>> async def twice(n):
    ...     yield n
    ...     yield n
    >>> run(flow_of(1, 2).transform(twice).to_list)
    [1, 1, 2, 2]
    """
    require_callable(generate, "generate")
    return self._then(_TRANSFORM, generate=generate)


_TRANSFORM = Template("transform", """
    inner = aiter(generate(value))
    reason = None
    try:
        async for value in inner:
            if not budget:
                budget = 128
                await checkpoint()
            budget -= 1
            ...
    except BaseException as failure:
        reason = failure
        raise
    finally:
        await close(inner, reason)
        reason = None
""", before="budget = 128", blocks=3)  # fmt: skip  # a template reads best as a block


def on_each(self: Flow[T], action: Callable[[T], Awaitable[object]] | Callable[[T], object]) -> Flow[T]:
    """The same values, each after ``action(value)``.

    The action belongs to what is above: a `catch` below sees its failures.

    >>> run(flow_of("a", "b").on_each(print).to_list)
    a
    b
    ['a', 'b']

    Kotlin: `onEach`.
    """
    require_callable(action, "action")
    return self._then(_ON_EACH, action=action)


_ON_EACH = Template("on_each", """
    done = @action(value)
    ...
""")  # fmt: skip  # a template reads best as a block


@overload
def scan(self: Flow[T], initial: R, operation: Callable[[R, T], Coroutine[Any, Any, R]]) -> Flow[R]: ...
@overload
def scan(self: Flow[T], initial: R, operation: Callable[[R, T], R]) -> Flow[R]: ...
def scan(self: Flow[T], initial: R, operation: Callable[[R, T], Any]) -> Flow[R]:
    """`initial`, then every step of folding the values with ``operation(accumulated, value)``.

    One value more than there are above; `initial` also when there is none. It is shared between collections.

    >>> run(flow_of(1, 2, 3).scan(0, lambda total, n: total + n).to_list)
    [0, 1, 3, 6]

    Kotlin: `scan`, `runningFold`.
    """
    require_callable(operation, "operation")
    return self._through(_scan, initial, operation)


async def _scan(source: AsyncIterator[T], initial: R, operation: Callable[[R, T], Any]) -> AsyncIterator[R]:
    accumulated: Any = initial
    try:
        yield accumulated
        async for value in source:
            accumulated = await settled(operation(accumulated, value))
            yield accumulated
    except BaseException as failure:
        await close(source, failure)
        raise
